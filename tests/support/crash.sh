# SPDX-License-Identifier: Apache-2.0
# Shared by tests/crash/*.sh: the program dies at a crash point (base/crash.h).
# shellcheck shell=bash

crashed=$TEST_TMP/.crashed # has the name of the point, after a crash

# crash_at N COMMAND...: false when it ended before it got there, which shall be with 0
crash_at() {
	local at=$1
	shift
	rm -f "$crashed"
	run env "CRASH_AT=$at:$crashed" "$@" 2>/dev/null
	[[ -e $crashed ]] && assert_rc 137 && return 0
	assert_rc 0
	return 1
}

# crash_shim_at N COMMAND...: the same for the shim, which the command does without or replaces
crash_shim_at() {
	local at=$1
	shift
	rm -f "$crashed"
	run env "CRASH_AT=shim:$at:$crashed" "$@"
	[[ -e $crashed ]] && return 0
	assert_rc 0
	return 1
}

# kill_shim: if it is there; the last crash may have taken it after its command's end
kill_shim() {
	local pid
	pid=$(shim_pid)
	[[ ! $pid ]] || kill -9 "$pid"
}

# in_store QUERY: what the store answers, sorted, a line each
in_store() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
for row in sorted(db.execute(sys.argv[2])): print(*row)' "$TALLYMAN_STATE_DIR/tallyman.db" "$1"
}

names_in() { find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort; }
pid_of() { cat "$TALLYMAN_STATE_DIR/bundles/$1/pid"; }

# whole DEPLOYMENT SLOT...: of real containers there is one of each slot and no other, on the host as
# in the store: bundles, runtime states, control groups, FIFOs, leases, rows; no intent is open
whole() {
	local deployment=$1 ids slots
	shift
	ids=$(names_in "$TALLYMAN_STATE_DIR/bundles")
	slots=$(sed -E "s/^$deployment\.(.*)\.[0-9]+\$/\1/" <<<"$ids")
	assert_eq "$slots" "$(printf '%s\n' "$@" | sort)" "slots$at_crash"
	assert_eq "$(in_store 'SELECT runtime_id FROM instance')" "$ids" "rows$at_crash"
	assert_eq "$(in_store 'SELECT step, service, number FROM intent')" "" "open intents$at_crash"
	assert_eq "$(names_in "$oci_root")" "$ids" "states$at_crash"
	assert_eq "$(left_cgroups | grep -oE "$deployment\.[^/]*\.[0-9]+\$" | sort -u)" "$ids" "control groups$at_crash"
	assert_eq "$(names_in "$TALLYMAN_RUN_DIR/fifo" | sed -E 's/\.[a-z]+$//' | sort -u)" "$ids" "FIFOs$at_crash"
	assert_eq "$(names_in "$TALLYMAN_STATE_DIR/images/leases")" "$ids" "leases of images$at_crash"
	[[ -z $(left_mounts) ]] || fail "mounts: $(left_mounts)$at_crash"
}
at_crash= # where the last crash was, for messages
