#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# apply: what it prints and how it ends, in text and in JSON; strictness, references, and one at a
# time.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml

tm_ok apply "${memory[@]}" "$shop"
assert_eq "$(head -n 1 <<<"$out")" "+ create batch-rep-0: not there"
assert_contains "$out" "Plan: 4 to create, 0 to replace, 0 to remove."
assert_eq "$(tail -n 1 <<<"$out")" "shop: 3 running, 1 done"
# Again: nothing. The history has one revision, and each apply is an event.
tm_ok apply "${memory[@]}" "$shop" -o json
is_json 'd["schema"] == "tallyman.apply.v1" and d["outcome"] == "converged"'
is_json 'd["plans"][0]["schema"] == "tallyman.plan.v1" and d["plans"][0]["changes"] == []'
is_json '{(i["service"], i["replica"]): i["state"] for i in d["instances"]} == {("batch", 0): "done",
	("db", 0): "running", ("web", 0): "running", ("web", 1): "running"}'
assert_eq "$err" "" "stderr"

# A change: only what changed, with its cause.
sed 's/red/blue/' "$shop" >blue.yaml
tm_ok apply "${memory[@]}" blue.yaml -o json
is_json '[c["action"] for c in d["plans"][0]["changes"]] == ["replace"] * 2'
is_json 'all("env.COLOR" in c["fields"] for c in d["plans"][0]["changes"])'
is_json '{i["service"]: i["generation"] for i in d["instances"]} == {"batch": 1, "db": 1, "web": 2}'
# From stdin, and back.
run bash -c '"$TALLYMAN" apply --runtime memory - <"$0"' "$shop"
assert_rc 0
tm_ok history shop "${memory[@]}"
assert_contains "$out" "<stdin>"

# Part of it cannot be done: the rest is; each slot says why, with what helps; 4.
tm apply "${memory[@]}" "$files/odd.yaml"
assert_rc 4
assert_contains "$err" "tallyman: warning: odd/nightly-rep-0 is unsupported: rtype: cron is not supported yet"
assert_contains "$err" "tallyman: warning: odd/edge-rep-0 is unsupported: "
assert_contains "$err" "tallyman: error: odd/secret-rep-0: env TOKEN: secret '\$S:token' cannot be resolved"
assert_contains "$err" "hint: "
assert_eq "$(tail -n 1 <<<"$out")" "odd: 1 running, 2 unsupported, 1 blocked"
tm apply "${memory[@]}" "$files/odd.yaml" -o json
assert_rc 4
is_json 'd["outcome"] == "partly"'
is_json '{i["service"]: i["state"] for i in d["instances"]} == {"fine": "running",
	"nightly": "unsupported", "edge": "unsupported", "secret": "blocked"}'
assert_lacks "$(cat "$TALLYMAN_STATE_DIR"/memory/world.json)" '$S:token'

# $E: is read once, by the apply, and kept: what it was then counts, not what it is now.
refused 1 "NOT_SET" apply "${memory[@]}" "$files/env.yaml"
tm status "${memory[@]}" envs
assert_rc 1 # a file that is refused leaves no trace
NOT_SET=one ALSO_NOT=two tm_ok apply "${memory[@]}" "$files/env.yaml"
tm_ok status "${memory[@]}" envs -o json
is_json '{i["state"] for i in d["instances"]} == {"running"}'
NOT_SET=three ALSO_NOT=two tm plan "${memory[@]}" "$files/env.yaml"
assert_rc 2
assert_contains "$out" "-/+ replace web-rep-0: configuration differs [env]"
assert_lacks "$out$err" three

# --strict: nothing is recorded, nothing is done.
refused 1 "--strict" apply "${memory[@]}" --strict "$files/top.yaml"
tm status "${memory[@]}" tops
assert_rc 1
tm_ok apply "${memory[@]}" "$files/top.yaml"
assert_contains "$err" "tallyman: warning: externals: ignored"
refused 1 "bad.yaml has 2 errors; nothing was done" apply "${memory[@]}" "$files/bad.yaml"
tm apply "${memory[@]}" "$files/bad.yaml" -o json
assert_rc 1
error_json 'len(d["findings"]) == 2 and d["findings"][0]["hint"] == "did you mean '"'image'"'?"'

# One at a time: the second says who is at it, ends with 6 and has done nothing.
start apply "${memory[@]}" "$files/restless.yaml" --timeout 60s
wait_for 20 said "ended with 1"
refused 6 "process $pid (apply " apply "${memory[@]}" "$shop"
assert_contains "$err" "hint: wait until it has ended, or stop it"
tm down "${memory[@]}" --all -o json
assert_rc 6
error_json 'd["code"] == "locked"'
kill -INT "$pid"
finish
assert_rc 130

# A name that differs only in case is the same deployment's, and cannot be.
sed 's/deployment: shop/deployment: SHOP/' "$shop" >case.yaml
refused 1 "SHOP" apply "${memory[@]}" case.yaml
