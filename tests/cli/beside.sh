#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands that only look work beside an apply that runs, and see what it has done so far; those
# that change something are told who is at it.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
tm_ok apply "${memory[@]}" "$shop"
start apply "${memory[@]}" "$files/restless.yaml" --timeout 120s
wait_for 20 said "ended with 1"

look() {
	tm_ok status "${memory[@]}" -o json
	is_json '{i["deployment"] for i in d["instances"]} == {"shop", "restless"}'
	tm_ok status "${memory[@]}" shop/web
	tm_ok plan "${memory[@]}" "$shop"
	assert_eq "$out" "Plan: nothing to do"
	tm_ok events "${memory[@]}" restless -o json
	is_json 'any(e["kind"] == "exited" for e in d["events"])'
	tm_ok history restless "${memory[@]}"
	tm_ok logs restless "${memory[@]}"
	tm_ok image ls "${memory[@]}"
	tm_ok doctor "${memory[@]}"
	tm_ok explain ulimits
	tm_ok validate "$shop"
	tm_ok render "$shop"
	tm_ok recover "${memory[@]}"
	tm_ok exec "${memory[@]}" shop/web -- true
	tm_ok completion names --state-dir "$TALLYMAN_STATE_DIR/memory"
	assert_contains "$out" "restless/loop"
}
look
kill -0 "$pid" || fail "the apply has ended"
for command in "apply $shop" "down shop" "recover --accept"; do
	# shellcheck disable=SC2086
	refused 6 "process $pid (apply " $command "${memory[@]}"
	assert_contains "$err" "hint: wait until it has ended, or stop it"
done
look
kill -INT "$pid"
finish
assert_rc 130
tm_ok down "${memory[@]}" --all

# Many at once: each ends with 0 or 6, somebody wins, and nothing is there twice.
sed 's/deployment: shop/deployment: race/' "$shop" >race.yaml
pids=()
for i in 1 2 3 4 5 6; do
	"$TALLYMAN" apply "${memory[@]}" race.yaml >"race.$i" 2>&1 </dev/null &
	pids+=($!)
done
won=0
for i in 1 2 3 4 5 6; do
	rc=0
	wait "${pids[i - 1]}" || rc=$?
	[[ $rc == 0 || $rc == 6 ]] || fail "one of many ended with $rc: $(<"race.$i")"
	[[ $rc == 6 ]] || won=$((won + 1))
done
((won > 0)) || fail "nobody won"
tm_ok status "${memory[@]}" race -o json
is_json '[(i["service"], i["replica"], i["generation"]) for i in d["instances"]] == [
	("batch", 0, 1), ("db", 0, 1), ("web", 0, 1), ("web", 1, 1)]'
tm_ok apply "${memory[@]}" race.yaml
assert_contains "$out" "Plan: nothing to do"
