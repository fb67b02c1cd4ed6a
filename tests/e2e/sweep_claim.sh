#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A second state directory with the same owner, an emptied one, and one restored from yesterday's
# backup: whatever a sweep is told to delete, it deletes nothing, and says whose the things are.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
need_runtime
import_busybox
cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    network_mode: none
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: 3 }
EOT
sed 's/deployment: app/deployment: early/' app.yaml >early.yaml
tm_ok apply early.yaml
tm_ok down early
cp -a "$TALLYMAN_STATE_DIR" backup # of before the apply
tm_ok apply app.yaml
node=$("$TALLYMAN" recover -o json | grep -o '"node_id": *"[^"]*"' | cut -d'"' -f4)
pids=$(pids_of app)
before=$(things app)

# untouched [DEPLOYMENT]: every process and every thing is as it was
untouched() {
	for p in $pids; do alive "$p" || fail "process $p has ended"; done
	assert_eq "$(things "${1:-app}")" "$before" "things on the host"
}

for mode in report quarantine delete; do
	TALLYMAN_STATE_DIR=$TEST_TMP/second tm sweep --now --mode $mode
	assert_rc 6
	assert_contains "$err" "${node:0:8}"
	assert_contains "$err" "$TALLYMAN_STATE_DIR"
	assert_contains "$err" "$TEST_TMP/second"
	untouched
done
TALLYMAN_STATE_DIR=$TEST_TMP/second tm orphans delete app.web-rep-0.1
assert_rc 6
untouched

# Taken over by the second one, whose shim is still the first one's: what lives is not seen as
# nothing, and nothing that lives is accepted unseen.
second() { TALLYMAN_STATE_DIR=$TEST_TMP/second tm "$@"; }
second recover --take-over
assert_rc 3
second status
assert_rc 4
assert_contains "$err" "the shim serves state directory $TALLYMAN_STATE_DIR and not $TEST_TMP/second"
second recover --accept
assert_rc 1
second sweep --now --mode delete
assert_rc 4
assert_contains "$out" "Sweep: nothing found where it was looked"
assert_contains "$err" "'kill $(shim_pid)' ends it, its containers go on"
untouched
tm sweep --now --mode delete
assert_rc 6
assert_contains "$err" "$TEST_TMP/second"
tm recover --take-over
assert_rc 3
tm_ok recover --accept
tm_ok sweep --now --mode delete
assert_eq "$out" "Sweep: nothing left over"
untouched

# Emptied: the same directory, and a store that is new.
mv "$TALLYMAN_STATE_DIR" aside
mkdir "$TALLYMAN_STATE_DIR"
tm sweep --now --mode delete
assert_rc 6
assert_contains "$err" "${node:0:8}"
for p in $pids; do alive "$p" || fail "process $p has ended"; done
rm -rf "$TALLYMAN_STATE_DIR"
mv aside "$TALLYMAN_STATE_DIR"
untouched

# Yesterday's store knows nothing of what was made since.
mkdir today
mv "$TALLYMAN_STATE_DIR"/tallyman.db* today/
cp -a backup/tallyman.db* "$TALLYMAN_STATE_DIR"/
for mode in report quarantine delete; do
	tm sweep --now --mode $mode
	assert_rc 3
	assert_contains "$out" "? orphan app.web-rep-0.1 on youki: running"
	assert_contains "$err" "node $node in $TALLYMAN_STATE_DIR"
	assert_contains "$err" "recover --accept"
	untouched
done
tm orphans delete app.web-rep-0.1
assert_rc 3
untouched
# A person says that it is right so: what runs is taken in, and no orphan any more.
tm_ok recover --accept
tm_ok sweep --now --mode delete
assert_eq "$out" "Sweep: nothing left over"
untouched
tm_ok down app
assert_eq "$(things app)" "" "things on the host"

# Copied while a daemon ran, which then went on: put back, or used where the copy is. The first
# apply made the store's own copy of the day; the daemon makes the next one.
own() { find "$TALLYMAN_STATE_DIR/backup" -name 'tallyman-*.db'; }
assert_eq "$(own | wc -l)" 1 "copies of the database"
mv "$(own)" "$TALLYMAN_STATE_DIR/backup/tallyman-20200101T000000000000Z.db"
start_daemon
two() { [[ $(own | wc -l) == 2 ]]; }
wait_for 20 two
mkdir "$TEST_TMP/copy"
cp -a "$TALLYMAN_STATE_DIR"/tallyman.db* "$TEST_TMP/copy"
sed 's/deployment: app/deployment: late/' app.yaml >late.yaml
tm_ok apply late.yaml
pids=$(pids_of late)
before=$(things late)
kill -9 "$daemon"
wait "$daemon" || true
daemon=
TALLYMAN_STATE_DIR=$TEST_TMP/copy tm sweep --now --mode delete
assert_rc 6
assert_contains "$err" "$TALLYMAN_STATE_DIR"
untouched late
rm "$TALLYMAN_STATE_DIR"/tallyman.db*
cp -a "$TEST_TMP"/copy/tallyman.db* "$TALLYMAN_STATE_DIR"/
tm sweep --now --mode delete
assert_rc 3
assert_contains "$out" "? orphan late.web-rep-0.1 on youki: running"
untouched late
tm_ok recover --accept
tm_ok down --all
start_daemon
tm_ok apply late.yaml
pids=$(pids_of late)
before=$(things late)
kill -9 "$daemon"
wait "$daemon" || true
daemon=
rm "$TALLYMAN_STATE_DIR"/tallyman.db*
cp "$(own | sort | tail -n 1)" "$TALLYMAN_STATE_DIR/tallyman.db"
tm sweep --now --mode delete
assert_rc 3
untouched late
tm_ok recover --accept
tm_ok down --all
tm_ok sweep
