#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# drift: what differs from what was applied, and that nothing is changed; what an apply says of it.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
world=$TALLYMAN_STATE_DIR/memory/world.json
# tamper ID EXPRESSION: somebody changes one container; `d` is its document, None takes it away
tamper() {
	python3 -c 'import json, sys
path, ident, expression = sys.argv[1:]
docs = {}
for line in open(path):
    entry = json.loads(line)
    docs[entry["id"]] = entry.get("doc")
d = docs[ident]
d = None if expression == "None" else {**d, **eval(expression)}
open(path, "a").write(json.dumps({"doc": d, "id": ident}) + "\n")' "$world" "$1" "$2"
}
state() { find "$TALLYMAN_STATE_DIR" -type f -exec sha256sum {} + | grep -v -e -shm | sort; }

# Nothing there, nothing applied, names.
tm_ok drift "${memory[@]}"
assert_eq "$out" "Drift: none; 0 slots are as recorded"
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "drift made the state directory"
refused 1 "no deployment 'shop' was ever seen" drift "${memory[@]}" shop
tm_ok apply "${memory[@]}" "$shop" --progress quiet
refused 1 "deployment 'shop' has no 'wbe'" drift "${memory[@]}" shop/wbe
tm_ok drift "${memory[@]}"
assert_eq "$out" "Drift: none; 4 slots are as recorded"
tm_ok drift "${memory[@]}" shop -o json
is_json 'd["schema"] == "tallyman.drift.v1" and d["differences"] == [] and d["orphans"] == []' \
	'd["slots"] == 4 and not d["partial"]'

# Each kind of change, by somebody else.
tamper shop.web-rep-0.1 '{"state": "paused"}'
tamper shop.web-rep-1.1 '{"altered": "memory.max 64, not 32"}'
tamper shop.db-rep-0.1 None
tamper shop.batch-rep-0.1 None # has run to its end: whoever clears it away changes nothing
before=$(state)
tm drift "${memory[@]}" shop
assert_rc 2
assert_eq "$out" "DEPLOYMENT  SLOT       DIFFERENCE                                  ACTION
shop        db-rep-0   taken away by somebody                      create
shop        web-rep-0  paused                                      update
shop        web-rep-1  changed by somebody: memory.max 64, not 32  update
Drift: 3 of 4 slots differ, 0 unexplained"
tm drift "${memory[@]}" shop/web-rep-1 -o json
assert_rc 2
is_json '[(c["slot"], c["action"], c["by_somebody"]) for c in d["differences"]] == [("web-rep-1", "update", True)]' \
	'd["differences"][0]["difference"] == "changed by somebody: memory.max 64, not 32"'
assert_eq "$(state)" "$before" "files after drift"

# Set back, counted and told; then nothing differs.
tm_ok apply "${memory[@]}" "$shop"
assert_contains "$out" "+ create db-rep-0: taken away by somebody"
assert_contains "$err" "somebody changed db-rep-0, and it was set back: gone, not running"
tm_ok drift "${memory[@]}" shop
tm_ok status "${memory[@]}" shop -o json
is_json '{i["service"]: i["healed"] for i in d["instances"]} == {"batch": 0, "db": 1, "web": 1}'
tm_ok events "${memory[@]}" shop/web -o json
is_json 'sorted(e["message"] for e in d["events"] if e["kind"] == "healed") == [
	"somebody changed web-rep-0, and it was set back: paused, not running",
	"somebody changed web-rep-1, and it was set back: memory.max 64, not 32"]'

# Killed is an end: no more than a restart. What is held, and what is down, is as recorded.
tamper shop.web-rep-0.1 '{"state": "exited", "has_exit_code": True, "exit_code": 137, "pid": 0}'
tm drift "${memory[@]}" shop
assert_rc 2
assert_contains "$out" "shop        web-rep-0  ended"
tm_ok apply "${memory[@]}" "$shop" --progress quiet
tm_ok stop "${memory[@]}" shop/web
tm_ok drift "${memory[@]}" shop
tm_ok down "${memory[@]}" shop
tm_ok drift "${memory[@]}"
assert_eq "$out" "Drift: none; 0 slots are as recorded"

# A container that carries our tag and belongs to nothing that was ever applied.
tm_ok apply "${memory[@]}" "$files/top.yaml" --progress quiet
python3 -c 'import json, sys
path = sys.argv[1]
last = [json.loads(l) for l in open(path)][-1]
for line in open(path):
    entry = json.loads(line)
    if entry["id"] == "tops.web-rep-0.1":
        last = entry
open(path, "a").write(json.dumps({"doc": last["doc"], "id": "alien.web-rep-0.1"}) + "\n")' "$world"
tm drift "${memory[@]}"
assert_rc 2
assert_contains "$out" "alien       web-rep-0  nothing recorded explains it  none"
assert_contains "$out" "Drift: 0 of 1 slots differ, 1 unexplained"
tm drift "${memory[@]}" -o json
is_json 'd["orphans"] == ["alien.web-rep-0.1"]'
tm_ok drift "${memory[@]}" tops

# A call that is at work on a container: nobody can tell, and no runtime is blamed for it.
tamper tops.web-rep-0.1 '{"state": "being made"}'
tm drift "${memory[@]}" tops
assert_rc 4
assert_contains "$err" "tops/web-rep-0 cannot be judged now: somebody is at work on it"
tm_ok status "${memory[@]}" tops
assert_contains "$out" "somebody is at work on it"
assert_lacks "$err" "was last seen whole"
tamper tops.web-rep-0.1 '{"state": "running"}'
tm_ok drift "${memory[@]}" tops
