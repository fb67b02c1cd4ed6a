#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stop, start and restart with real containers: what is stopped stays so over an apply and a kill -9
# of the controller; a restart changes exactly the processes it was asked for, and once, wherever
# the command is killed.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: 3 }
    depends: [{ service: db, condition: started }]
    network_mode: none
  db:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "echo kept >/tmp/file; exec sleep 100000"] }
    stop_signal: SIGKILL
    network_mode: none
EOT

# pids: "SLOT PID" of all slots
pids() {
	"$TALLYMAN" status app -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    print("%s-rep-%d %s" % (i["service"], i["replica"], i["pid"]))'
}
changed() { comm -13 <(sort <<<"$1") <(sort <<<"$2") | cut -d' ' -f1; }

# die_in MOMENT COMMAND...: begin the command and kill it that many seconds later
die_in() {
	local moment=$1 victim
	shift
	"$TALLYMAN" "$@" >/dev/null 2>&1 </dev/null &
	victim=$!
	sleep "$moment"
	kill -9 "$victim" 2>/dev/null || true
	wait "$victim" 2>/dev/null || true
}

hold() {
	local before
	before=$(pids)
	tm_ok stop app/web-rep-1
	alive "$(grep web-rep-1 <<<"$before" | cut -d' ' -f2)" && fail "the process of what was stopped lives"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	for moment in 0.03 0.1; do
		die_in "$moment" apply app.yaml
		die_in "$moment" stop app/web-rep-1
	done
	tm_ok apply app.yaml
	assert_eq "$(changed "$before" "$(pids)")" web-rep-1 "what changed by a stop"
	assert_eq "$(pids | grep web-rep-1)" "web-rep-1 None" "the one that is held"
	tm_ok start app/web-rep-1
	alive "$(pids | grep web-rep-1 | cut -d' ' -f2)" || fail "it was started and does not run"
	assert_eq "$(changed "$before" "$(pids)")" web-rep-1 "what changed by a start"
}

# A fresh writable layer, and nobody else notices.
restart() {
	local before
	tm_ok exec app/db -- cat /tmp/file
	tm_ok exec app/db -- rm /tmp/file
	before=$(pids)
	tm_ok restart app/db
	assert_eq "$(changed "$before" "$(pids)")" db-rep-0 "what a restart of db changed"
	wait_for 5 "$TALLYMAN" exec app/db -- test -e /tmp/file
	before=$(pids)
	tm_ok restart app/web-rep-0 app/web-rep-2
	assert_eq "$(changed "$before" "$(pids)")" $'web-rep-0\nweb-rep-2' "what a restart of two changed"
}

# Killed at any moment: recorded or not, and then all of it by the next command, and done with.
restart_killed() {
	local before after
	for moment in 0.02 0.06 0.1 0.15 0.2 0.3; do
		before=$(generations)
		die_in "$moment" restart app/web
		tm_ok apply app.yaml
		after=$(generations)
		is_whole "$before" "$after" || fail "kill at $moment s: from $before to $after"
		assert_eq "$(grep -c . <<<"$(ids app)")" 4 "instances after a kill at $moment s"
		tm_ok apply app.yaml
		assert_contains "$out" "Plan: nothing to do"
	done
}
generations() { ids app | grep "\.web-" | sed 's/.*\.//' | tr '\n' ' '; }
# is_whole BEFORE AFTER: all three have been replaced, or none has
is_whole() { python3 -c 'import sys
a, b = (t.split() for t in sys.argv[1:])
sys.exit(len({x != y for x, y in zip(a, b)}) != 1)' "$1" "$2"; }

for program in $(oci_programs); do
	use_runtime "$program"
	tm_ok apply app.yaml
	hold
	restart
	restart_killed
	tm_ok stop app
	assert_eq "$(find "$oci_root" -mindepth 1 -maxdepth 1 | wc -l)" 0 "containers while all is held"
	tm_ok restart app # for the next program, which shall not find them held
	tm_ok down app
	assert_nothing_left
done
