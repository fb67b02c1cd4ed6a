#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a container had written survives its sweep, and comes back with `orphans restore`, by each
# program; with the shim and the controller killed on the way, too. A day later it is gone.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
need_runtime
import_busybox
file() { # COMMAND
	cat <<-EOT
		version: v1
		deployment: app
		services:
		  web:
		    image: { name: local/busybox:1 }
		    command: { entrypoint: [/bin/sh, -c, "$1"] }
		    network_mode: none
		    stop_grace_period: 0s
	EOT
}
file 'echo run >>/data; exec sleep 100000' >app.yaml
kept() { find "$TALLYMAN_STATE_DIR"/quarantine "$TALLYMAN_STATE_DIR"/images/leases -name "${1:-app}*" 2>/dev/null; }
written() { # N: the container has written its line N times
	lines() { [[ $("$TALLYMAN" exec app/web -- cat /data | wc -l) == "$1" ]]; }
	wait_for 10 lines "$1"
}

generation=1
for program in $(oci_programs); do
	use_runtime "$program"
	tm_ok apply app.yaml
	written 1
	id=app.web-rep-0.$generation
	forget app
	tm sweep --now --mode quarantine
	assert_rc 4
	assert_contains "$out" "1 kept"
	assert_eq "$(<"$TALLYMAN_STATE_DIR/quarantine/$id/upper/data")" run "what was written"
	grep -q "\"$id\"" "$TALLYMAN_STATE_DIR/quarantine/$id/instance.json" || fail "no record is kept"
	[[ -e $TALLYMAN_STATE_DIR/quarantine/$id/log ]] || fail "no log is kept"
	assert_eq "$(things app | grep -v quarantine | grep -v '\.kept$')" "" "what is not in quarantine"
	# Its image is still needed.
	tm orphans restore "$id"
	assert_rc 1
	assert_contains "$err" "its deployment is not known here"
	tm_ok apply app.yaml # an id is never used twice
	assert_contains "$("$TALLYMAN" status app -o json)" "\"app.web-rep-0.$((generation + 1))\""
	tm orphans restore "$id"
	assert_rc 7
	assert_contains "$err" "tallyman stop app/web-rep-0"
	tm_ok stop app/web-rep-0
	[[ $program == crun ]] || kill -9 "$(shim_pid)" 2>/dev/null || true
	tm_ok orphans restore "$id"
	written 2
	assert_eq "$(kept "$id")" "" "what is kept after the restore"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	tm_ok sweep --now --mode delete
	assert_eq "$out" "Sweep: nothing left over"
	tm_ok down app
	forget app
	generation=1
done

# -- beside a daemon it is the daemon that does it -----------------------------------------------
tm_ok apply app.yaml
written 1
id=$(ids app)
forget app
tm sweep --now --mode quarantine
assert_rc 4
tm_ok apply app.yaml
tm_ok stop app/web-rep-0
"$TALLYMAN" run 2>run.err &
daemon=$!
ready() { curl -sS --fail --unix-socket "$TALLYMAN_RUN_DIR/api.sock" http://t/readyz >/dev/null 2>&1; }
wait_for 20 ready
tm_ok orphans restore "$id"
written 2
kill -TERM $daemon
wait $daemon
tm_ok down app
forget app

# -- a restored one that cannot run gives the layer back ------------------------------------------
tm_ok apply app.yaml
written 1
id=$(ids app)
forget app
tm sweep --now --mode quarantine
file 'exec sleep 100000' | sed 's|/bin/sh|/bin/nothing|' >broken.yaml
tm apply broken.yaml --timeout 5s
tm stop app/web-rep-0
tm orphans restore "$id" --timeout 5s
[[ $rc != 0 ]] || fail "a container without its program has started"
[[ -e $TALLYMAN_STATE_DIR/quarantine/$id/upper/data ]] || fail "the layer is lost"
tm stop app/web-rep-0
tm apply app.yaml
tm_ok start app/web-rep-0
written 2
assert_eq "$(kept "$id")" "" "what is kept at the end"

# -- a day later ------------------------------------------------------------------------------------
forget app
tm sweep --now --mode quarantine
assert_rc 4
python3 - "$TALLYMAN_STATE_DIR/tallyman.db" <<'EOT'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE orphan SET since_us = since_us - 86400000001")
db.commit()
EOT
tm sweep
assert_rc 2
[[ $(kept) ]] || fail "a report has deleted it"
tm_ok sweep --mode delete
assert_eq "$(kept)" "" "what is kept after a day"
