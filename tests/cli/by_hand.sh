#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stop, start, restart: names, what is touched and what is not, what is remembered.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
# slots [TARGET]: "web-rep-0 running 2" a line, the last is the generation
slots() {
	tm_ok status "${memory[@]}" "$@"
	tail -n +2 <<<"$out" | awk '{ print $2, $3, $5 }'
}
kinds() { tm_ok events "${memory[@]}" "$1" -o json; }

# Names: as everywhere, and all of them before the first is touched.
for verb in stop start restart; do
	wrong "needs DEPLOYMENT[/SERVICE[-rep-N]]..." $verb
	refused 1 "no deployment 'shop' was ever seen on this node" $verb "${memory[@]}" shop
	wrong "--timeout 'soon' is no duration" $verb shop --timeout soon
done
tm_ok apply "${memory[@]}" "$shop" --progress quiet
for verb in stop start restart; do
	refused 1 "no deployment 'shpo' was ever seen" $verb "${memory[@]}" shop shpo
	assert_contains "$err" "hint: did you mean 'shop'?"
	refused 1 "deployment 'shop' has no 'wbe'" $verb "${memory[@]}" shop/wbe
	assert_contains "$err" "hint: did you mean 'shop/web'?"
	refused 1 "deployment 'shop' has no 'web-rep-2'" $verb "${memory[@]}" shop/web-rep-2
done
tm stop "${memory[@]}" shpo -o json
assert_rc 1
error_json 'd["code"] == "not-found"'
before=$(slots)

# stop: what was named, in the order of a down; shown and left by apply and plan.
tm_ok stop "${memory[@]}" SHOP/web
assert_eq "$out" "- remove web-rep-1: stopped by hand
- remove web-rep-0: stopped by hand
Plan: 0 to create, 0 to replace, 2 to remove.
shop: 2 held"
assert_eq "$(slots shop/web)" $'web-rep-0 held -\nweb-rep-1 held -'
assert_eq "$(slots shop/db)" "db-rep-0 running 1"
tm_ok plan "${memory[@]}" "$shop"
assert_eq "$out" "Plan: nothing to do"
tm_ok apply "${memory[@]}" "$shop"
assert_eq "$out" $'Plan: nothing to do\nshop: 1 running, 1 done, 2 held'
tm_ok stop "${memory[@]}" shop/web # again: it is so already
assert_eq "$out" $'Plan: nothing to do\nshop: 2 held'
sed 's/COLOR: red/COLOR: blue/' "$shop" >blue.yaml
tm_ok apply "${memory[@]}" blue.yaml
assert_eq "$(slots shop/web)" $'web-rep-0 held -\nweb-rep-1 held -' "held through another revision"
tm_ok status "${memory[@]}" shop/web -o json
is_json 'all(i["state"] == "held" and i["reason"] == "stopped by hand" for i in d["instances"])' \
	'all(i["next_action"] is None and i["id"] is None for i in d["instances"])'

# start: one, then the rest; what runs stays. As a document.
tm_ok start "${memory[@]}" shop/web-rep-1 -o json
is_json 'd["schema"] == "tallyman.start.v1" and d["outcome"] == "converged"' \
	'[i["id"] for i in d["instances"]] == ["shop.web-rep-1.2"]' \
	'[c["slot"] for c in d["plans"][0]["changes"]] == ["web-rep-1"]'
tm_ok start "${memory[@]}" shop --progress json
assert_eq "$(slots)" $'batch-rep-0 done 1\ndb-rep-0 running 1\nweb-rep-0 running 2\nweb-rep-1 running 2'
python3 -c 'import json, sys; [json.loads(l) for l in sys.stdin]' <<<"$err" || fail "progress is no JSON"

# restart: just those, once; a job that has ended runs again; slots that were named twice count once.
tm_ok restart "${memory[@]}" shop/web-rep-0 shop/web-rep-0
assert_eq "$out" "-/+ replace web-rep-0: a restart was asked for
Plan: 0 to create, 1 to replace, 0 to remove.
shop: 1 running"
tm_ok apply "${memory[@]}" blue.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(slots)" $'batch-rep-0 done 1\ndb-rep-0 running 1\nweb-rep-0 running 3\nweb-rep-1 running 2'
tm_ok restart "${memory[@]}" shop/batch shop/db
assert_eq "$(slots)" $'batch-rep-0 done 2\ndb-rep-0 running 2\nweb-rep-0 running 3\nweb-rep-1 running 2'
tm_ok stop "${memory[@]}" shop/web-rep-1
tm_ok restart "${memory[@]}" shop/web
assert_eq "$(slots shop/web)" $'web-rep-0 running 4\nweb-rep-1 running 3' "restart lets go what was held"

# What it needs is not started by the way: it says what to type.
tm_ok stop "${memory[@]}" shop
tm start "${memory[@]}" shop/web
assert_rc 4
assert_contains "$err" "shop/web-rep-0: depends on db, which is not started: it was stopped by hand"
assert_contains "$err" "hint: 'tallyman start shop/db' starts it"
tm_ok start "${memory[@]}" shop/db shop/web
assert_eq "$(slots shop/db)" "db-rep-0 running 3"

# Others in trouble are not waited for, and theirs is left: no try before its time.
tm apply "${memory[@]}" "$files/restless.yaml" --timeout 1s --progress quiet
tm_ok restart "${memory[@]}" shop/db --timeout 20s
tm_ok status "${memory[@]}" restless -o json
is_json 'd["instances"][0]["restarts"] >= 1'
restarts=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["instances"][0]["generation"])' <<<"$out")
tm_ok stop "${memory[@]}" restless # at once, though it waits for its next try
tm_ok status "${memory[@]}" restless -o json
is_json "d['instances'][0]['generation'] == $restarts" 'd["instances"][0]["state"] == "held"'

# Told as what a person asked for.
kinds shop/web
is_json 'all(e["by_person"] for e in d["events"] if e["kind"] in ("stop", "start", "restart"))' \
	'{"stop", "start", "restart"} <= {e["kind"] for e in d["events"]}' \
	'not any(e["by_person"] for e in d["events"] if e["kind"] in ("exited", "create"))'

# What is down stays so; what the file does not have any more cannot be started.
tm_ok down "${memory[@]}" shop --progress quiet
tm_ok stop "${memory[@]}" shop
assert_contains "$err" "shop: nothing of that is wanted, so nothing is stopped"
for verb in start restart; do
	refused 1 "deployment 'shop' was taken down: there is nothing to $verb" $verb "${memory[@]}" shop
	assert_contains "$err" "hint: 'tallyman apply FILE' brings it back"
done
grep -v "replicas: 2" "$shop" >one.yaml
tm_ok apply "${memory[@]}" "$shop" --progress quiet
tm_ok apply "${memory[@]}" one.yaml --progress quiet
refused 1 "the current revision of 'shop' has no such slot: there is nothing to start" \
	start "${memory[@]}" shop/web-rep-1
tm_ok stop "${memory[@]}" shop/web-rep-1
tm_ok apply "${memory[@]}" "$shop" --progress quiet
assert_eq "$(slots shop/web-rep-1 | cut -d' ' -f2)" running "a slot that was not there is not held"

# The deployment went and came back while a slot was held: that is remembered.
tm_ok stop "${memory[@]}" shop/web-rep-0
tm_ok down "${memory[@]}" shop
tm_ok apply "${memory[@]}" "$shop"
assert_contains "$out" "shop: 2 running, 2 held" # batch has been so since the stop of all

# A peer's work and what is not supported: held, and no longer.
tm apply "${memory[@]}" "$files/odd.yaml" --progress quiet
assert_rc 4
tm_ok stop "${memory[@]}" odd
tm start "${memory[@]}" odd/nightly
assert_rc 4
assert_contains "$err" "odd/nightly-rep-0 is unsupported"
