#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# logs, events and history: what they show of what is there, choose, follow, and refuse.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml

# A store that is not there is empty, and is not made by looking.
for command in "logs shop" "events shop" "history shop"; do
	# shellcheck disable=SC2086
	refused 1 "no deployment 'shop' was ever seen" $command "${memory[@]}"
	# shellcheck disable=SC2086
	tm $command "${memory[@]}" -o json
	assert_rc 1
	error_json 'd["code"] == "not-found"'
done
tm_ok events "${memory[@]}" -o json
is_json 'd == {"schema": "tallyman.events.v1", "events": []}'
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "looking made the state directory"

tm_ok apply "${memory[@]}" "$shop"

# --- logs ---

# The model writes none: files as a shim writes them.
logs=$TALLYMAN_STATE_DIR/memory/logs/shop
mkdir -p "$logs"
line() { printf '2026-11-23T10:00:%s.000000000Z %s\n' "$1" "$2"; }
{ line 00 "stdout F one"; line 02 "stderr F two"; line 04 "stdout P par"; line 04 "stdout F tial"; } \
	>"$logs/web-rep-0.log"
{ line 01 "stdout F other"; line 03 $'stdout F b\xffd'; } >"$logs/web-rep-1.log"

tm_ok logs "${memory[@]}" shop
assert_eq "$out" "web-rep-0   | one
web-rep-1   | other
web-rep-0   | two
web-rep-1   | b"$'\xff'"d
web-rep-0   | partial"
tm_ok logs "${memory[@]}" shop/web-rep-0 --tail 2
assert_eq "$out" $'two\npartial'
tm_ok logs "${memory[@]}" shop/web -n 0
assert_eq "$out" ""
tm_ok logs "${memory[@]}" shop/web --tail all --stream stderr --timestamps --no-prefix
assert_eq "$out" "2026-11-23T10:00:02.000000Z two"
tm_ok logs "${memory[@]}" shop/web --since 2026-11-23T10:00:03Z --no-prefix
assert_contains "$out" "partial"
assert_lacks "$out" "two"
tm_ok logs "${memory[@]}" shop/web --since 1s
assert_eq "$out" ""
tm_ok logs "${memory[@]}" shop/db
assert_eq "$out" ""
tm_ok logs "${memory[@]}" shop/web -o json
is_json 'd["schema"] == "tallyman.logs.v1" and [l["text"] for l in d["lines"]][:2] == ["one", "other"]'
is_json 'd["lines"][2]["stream"] == "stderr" and d["lines"][3]["text"] == "b\ufffdd"'
is_json 'all(set(l) == {"deployment", "service", "replica", "time", "stream", "text"} for l in d["lines"])'
refused 1 "has no 'wbe'" logs "${memory[@]}" shop/wbe
wrong "--stream is stdout or stderr" logs shop --stream foo
wrong "--tail 'x' is neither a number nor all" logs shop --tail x
wrong "--since 'soon'" logs shop --since soon
# Followed: what comes, also of a replica that is new, and with one object a line for programs.
reads() { readlink "/proc/$pid/fd/"* | grep -q "$1"; }
start logs "${memory[@]}" shop/web --follow --tail 0
wait_for 20 reads web-rep-0.log
sleep 0.5
line 05 "stdout F later" >>"$logs/web-rep-0.log"
wait_for 10 said "web-rep-0 | later"
kill -INT "$pid"
finish
assert_eq "$out" "web-rep-0 | later"
start logs "${memory[@]}" shop/web -f -n 1 -o json
wait_for 10 said '"text":"later"'
kill -INT "$pid"
finish
[[ $(wc -l <<<"$out") == 2 ]] || fail "two lines, one of each: $out"
python3 -c 'import json, sys
assert all(json.loads(l)["schema"] == "tallyman.log.v1" for l in sys.stdin)' <<<"$out" || fail "$out"

# --- events ---

tm_ok events "${memory[@]}"
assert_contains "$(head -n 1 <<<"$out")" "TIME"
assert_contains "$out" "apply of $shop: revision 1"
assert_contains "$out" "shop/batch-rep-0  shop.batch-rep-0.1 ended with 0"
# The same again is counted, and stands where it happened last.
tm_ok apply "${memory[@]}" "$shop"
tm_ok events "${memory[@]}" --tail 1
assert_contains "$(tail -n 1 <<<"$out")" "revision 1 (2 times)"
tm_ok events "${memory[@]}" shop/web-rep-1 -o json
is_json 'd["events"] and all(e["replica"] in (1, None) for e in d["events"])'
tm_ok events "${memory[@]}" shop/web-rep-0 --tail 1 -o json
is_json 'len(d["events"]) == 1 and d["events"][0]["replica"] == 0'
tm_ok events "${memory[@]}" shop/db -o json
is_json '{(e["deployment"], e["service"]) for e in d["events"]} == {("shop", "db")}'
tm_ok events "${memory[@]}" -o json
is_json 'd["schema"] == "tallyman.events.v1" and [e["time"] for e in d["events"]] == sorted(e["time"] for e in d["events"])'
is_json '[e for e in d["events"] if e["by_person"]][0]["kind"] == "apply"'
tm_ok events "${memory[@]}" --tail 1 -o json
is_json 'len(d["events"]) == 1'
tm_ok events "${memory[@]}" --tail 0 -o json
is_json 'd["events"] == []'
wrong "--tail '-1'" events --tail -1
wrong "--tail '10001'" events --tail 10001
start events "${memory[@]}" --follow --tail 0
wait_for 20 reads tallyman.db
sleep 0.5
tm_ok down "${memory[@]}" shop
wait_for 10 said "down: nothing of it is wanted"
kill -INT "$pid"
finish
assert_lacks "$out" "apply of"
tm_ok events "${memory[@]}" shop/web
assert_contains "$out" "- remove web-rep-0: down"

# --- history ---

sed 's/red/blue/' "$shop" >blue.yaml
tm_ok apply "${memory[@]}" blue.yaml
tm_ok history shop "${memory[@]}"
assert_eq "$(awk 'NR > 1 { print $1, $NF }' <<<"$out")" $'2 current\n1 -'
assert_contains "$out" "blue.yaml"
tm_ok history SHOP "${memory[@]}" -o json
is_json 'd["schema"] == "tallyman.history.v1" and d["deployment"] == "shop"'
is_json '[(r["revision"], r["current"]) for r in d["revisions"]] == [(2, True), (1, False)]'
# The bytes as they were accepted.
"$TALLYMAN" history shop "${memory[@]}" --show 1 | cmp - "$shop" || fail "revision 1 is not the file"
tm_ok history shop "${memory[@]}" --show 2 -o json
is_json 'd["schema"] == "tallyman.revision.v1" and "blue" in d["text"] and len(d["digest"]) == 64'
refused 1 "deployment 'shop' has no revision 3" history shop "${memory[@]}" --show 3
assert_contains "$err" "hint: 'tallyman history shop' lists them"
wrong "--show 'x' is no revision's number" history shop --show x
wrong "--show '0' is no revision's number" history shop --show 0
wrong "a revision belongs to a whole deployment" history shop/web
wrong "'history' needs DEPLOYMENT" history
