#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The store is lost: its file is rubbish, or gone. What runs is taken in again from the runtimes and
# their instance.json, with its process, its deployment and its generation; nothing is deleted, and
# nobody's, before a person accepts it. A deployment whose file was lost with the store is shown and
# left alone until its file comes or a down.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
need_runtime
import_busybox

service() { # NAME REPLICAS
	printf '  %s:\n    image: { name: local/busybox:1 }\n    network_mode: none\n' "$1"
	printf '    command: { entrypoint: [/bin/sleep, "100000"] }\n    stop_grace_period: 0s\n'
	printf '    scale: { mode: fixed, replicas: %s }\n' "$2"
}
file() { printf 'version: v1\ndeployment: %s\nservices:\n' "$1"; }
{ file one && service web 3 && service leaves 1; } >one.yaml
{ file one && service web 3; } >less.yaml
{ file two && service web 1; } >two.yaml
lose_store() {
	if [[ $1 == rubbish ]]; then head -c 20000 /dev/urandom >"$TALLYMAN_STATE_DIR/tallyman.db"; fi
	if [[ $1 == gone ]]; then rm "$TALLYMAN_STATE_DIR"/tallyman.db*; fi
	rm -f "$TALLYMAN_STATE_DIR"/tallyman.db-*
}
pids() { # of those that shall live through all this
	local id
	for id in one.leaves-rep-0.1 one.web-rep-0.1 one.web-rep-1.1 two.web-rep-0.1; do echo "$(pid_of $id)"; done
}

tm_ok apply one.yaml
tm_ok apply two.yaml
before=$(pids)

# --- rubbish; and of one instance only its instance.json has outlived that ---

lose_store rubbish
kill -9 "$(pid_of one.web-rep-2.1)"
rm -rf "$oci_root/one.web-rep-2.1"
tm apply less.yaml
assert_rc 3
assert_contains "$err" "nothing is deleted before 'tallyman recover --accept'"
assert_eq "$(in_store 'SELECT runtime_id FROM instance')" "$(names_in "$TALLYMAN_STATE_DIR/bundles")" "rows"
tm_ok status -o json
holds 'sorted(i["id"] for i in d["instances"]) == ["one.leaves-rep-0.1", "one.web-rep-0.1", "one.web-rep-1.1", "one.web-rep-2.1", "two.web-rep-0.1"]'
tm down two
assert_rc 3
tm down --all
assert_rc 3
assert_eq "$(pids)" "$before" "processes before it is accepted"
lose_store rubbish # once more, so that only the acceptance itself has looked
tm_ok recover --accept
assert_eq "$(in_store 'SELECT runtime_id FROM instance')" "$(names_in "$TALLYMAN_STATE_DIR/bundles")" "rows"
assert_eq "$(pids)" "$before" "processes after it was accepted"

# Its file is not in the store: nobody acts as if it should not be there.
tm status two
assert_contains "$out" "its file is not in the store"
refused 1 "the file of two is not in the store" restart two
assert_contains "$err" "hint: apply its file, or 'tallyman down two'"
is_told() { grep -q 'the file of two is not in the store' "$TEST_TMP/.beside.err"; }
start run
wait_for 20 is_told
kill -TERM "$pid"
wait "$pid" || fail "the daemon ended with $?"
alive "$(pid_of two.web-rep-0.1)" || fail "the daemon ended what has no file"
tm_ok apply less.yaml
assert_contains "$out" "Plan: 0 to create, 1 to replace, 1 to remove."
assert_eq "$(ids one)" $'one.web-rep-0.1\none.web-rep-1.1\none.web-rep-2.2' "instances of one"
tm_ok apply two.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(pid_of two.web-rep-0.1)" "$(tail -n 1 <<<"$before")" "the process of two"

# --- gone ---

before="$(pid_of one.web-rep-0.1) $(pid_of two.web-rep-0.1)"
lose_store gone
for command in "apply less.yaml" "down --all" "recover --accept"; do
	# shellcheck disable=SC2086
	refused 6 "the owner belongs to node" $command
done
tm recover --take-over
assert_rc 3
tm_ok recover --accept
tm_ok apply less.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok apply two.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(pid_of one.web-rep-0.1) $(pid_of two.web-rep-0.1)" "$before" "processes"
tm_ok down --all
