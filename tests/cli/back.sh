#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Back to an older file: all of it is as it was, and who depends on what changed runs; or else the
# command says what does not, does not end with 0, and the same command goes on.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

file() { # VERSION PROGRAM_OF_DB [WITH_GATE]
	printf 'version: v1\ndeployment: shop\nservices:\n'
	printf '  db: { image: { name: local/db:%s }, command: { entrypoint: ["%s"] } }\n' "$1" "$2"
	printf '  web: { image: { name: local/web:%s }, depends: [{ service: db, condition: started }] }\n' "$1"
	[[ ! ${3:-} ]] ||
		printf '  gate: { image: { name: local/gate:1 }, depends: [{ service: web, condition: started }] }\n'
}
file 1 serve gate >old.yaml
file 2 serve >new.yaml
file 1 false gate >broken.yaml # the old one, whose database does not come up any more
now() {
	"$TALLYMAN" status shop "${memory[@]}" -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]: print(i["service"], i["image"], i["state"], i["config_hash"])'
}

tm_ok apply "${memory[@]}" old.yaml
before=$(now)
lines 3 "$before"
tm_ok apply "${memory[@]}" new.yaml
lines 2 "$(now)"
tm_ok apply "${memory[@]}" old.yaml
assert_eq "$(tail -n 1 <<<"$out")" "shop: 3 running"
assert_eq "$(now)" "$before" "after going back"
tm_ok plan "${memory[@]}" old.yaml

# The database crashes: its dependents wait, all three are named, and it is no success.
tm_ok apply "${memory[@]}" new.yaml
tm apply "${memory[@]}" broken.yaml --timeout 2s
assert_rc 5
assert_eq "$(tail -n 1 <<<"$out")" "shop: 3 waiting"
for slot in db gate web; do assert_contains "$err" "tallyman: warning: shop/$slot-rep-0 is waiting: "; done
assert_contains "$err" "tallyman: error: the time to wait ran out"
assert_eq "$(now | grep -c ' running ')" 0 "running"
# Not even the file before last finds anything half done.
tm_ok apply "${memory[@]}" new.yaml
assert_eq "$(tail -n 1 <<<"$out")" "shop: 2 running"
tm_ok apply "${memory[@]}" old.yaml
assert_eq "$(now)" "$before" "after going back in the end"
