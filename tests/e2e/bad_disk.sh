#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A bad disk: a state or run directory that cannot be written, that is full, that was taken away. An
# error says which and what to do, nothing is half done, and with the disk back the next command
# goes on.
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
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: 2 }
    network_mode: none
EOT
pids() { "$TALLYMAN" status app -o json | grep -o '"pid": *[0-9]*' | grep -o '[0-9]*$' | sort; }

# --- the state directory cannot be written ---

tm_ok apply app.yaml
before=$(pids)
mount --bind "$TALLYMAN_STATE_DIR" "$TALLYMAN_STATE_DIR"
mount -o remount,ro,bind "$TALLYMAN_STATE_DIR"
for command in "apply app.yaml" "down app" "recover --accept" "image import busybox.tar --as x" \
	"image rm local/busybox:1"; do
	# shellcheck disable=SC2086
	refused 1 "Read-only file system" $command
	assert_contains "$err" "hint: choose a writable directory with --state-dir"
done
tm exec app/web -- true
assert_rc 125
assert_contains "$err" "Read-only file system"
for command in "status app" "plan app.yaml" "events" "history app" "logs app" "image ls"; do
	# shellcheck disable=SC2086
	tm_ok $command
	assert_eq "$err" ""
done
umount "$TALLYMAN_STATE_DIR"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(pids)" "$before" "processes"

if chattr +i "$TALLYMAN_STATE_DIR/tallyman.db" 2>/dev/null; then
	refused 1 "$TALLYMAN_STATE_DIR/tallyman.db cannot be written" apply app.yaml
	assert_contains "$err" "hint: look at its permissions and attributes"
	tm_ok status app
	chattr -i "$TALLYMAN_STATE_DIR/tallyman.db"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
fi

# --- the run directory: cannot be written, has too long a name, was taken away ---

mkdir ro
mount -t tmpfs -o ro,size=64k none ro
TALLYMAN_RUN_DIR=$TEST_TMP/ro refused 1 "write in $TEST_TMP/ro: Read-only file system" apply app.yaml
assert_contains "$err" "--run-dir"
TALLYMAN_RUN_DIR=$TEST_TMP/ro/run refused 1 "Read-only file system" apply app.yaml
umount ro
long=$TEST_TMP/$(printf 'long%.0s' {1..30})
TALLYMAN_RUN_DIR=$long refused 1 "the run directory is too long" apply app.yaml
assert_contains "$err" "--run-dir"
[[ ! -e $long ]] || fail "the long directory was made"

# Bundles that were away while a shim began, and are there again: the containers ran on, and go on.
kill -9 "$(shim_pid)"
mv "$TALLYMAN_STATE_DIR/bundles" away
tm status app
mv away "$TALLYMAN_STATE_DIR/bundles"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(pids)" "$before" "processes"

# With the runtime's own state gone the containers live and nobody can drive them: they are ended
# and made anew, by one shim.
rm -rf "$TALLYMAN_RUN_DIR"
tm_ok status app
assert_eq "$(grep -c ' broken ' <<<"$out")" 2 "broken instances"
tm_ok apply app.yaml
assert_eq "$(grep -c 'replace web-rep-. *: was made only half' <<<"$out")" 2 "replaced"
tm_ok status app
assert_eq "$(grep -c ' running .* 2 ' <<<"$out")" 2 "running, of the second generation"
for p in $before; do ! alive "$p" || fail "process $p lives on"; done
assert_eq "$(pgrep -fc "tallyman shim .*$TALLYMAN_RUN_DIR")" 1 "shims"
tm_ok down app

# --- a disk that is full ---

mkdir small
mount -t tmpfs -o size=12m none small
export TALLYMAN_STATE_DIR=$TEST_TMP/small/state
import_busybox

# room KIB: that much is left
room() {
	dd if=/dev/zero of=small/fill bs=4k 2>/dev/null || true
	truncate -s -$(($1 * 1024)) small/fill
}
# unexplained: bundles that no row and no intent accounts for; a step without its intent
unexplained() {
	ls "$TALLYMAN_STATE_DIR/bundles" 2>/dev/null | python3 -c 'import sqlite3, sys
c = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
known = {r[0] for t in ("instance", "intent") for r in c.execute("select runtime_id from " + t)}
print(*[line.strip() for line in sys.stdin if line.strip() not in known])' "$TALLYMAN_STATE_DIR/tallyman.db"
}

room 0
refused 1 "No space left on device" image import busybox.tar --as local/other:1
assert_contains "$err" "hint: free space"
assert_eq "$(find small/state/images/tmp -mindepth 1)" "" "left of the import"
refused 1 "full" apply app.yaml
assert_contains "$err" "hint: free some space"
# From too little for a revision to enough for all: before the intents, between them and the
# creates, and when the outcome is to be written down.
for kib in 8 48 72 100 130 160; do
	rm -f small/fill
	tm_ok apply app.yaml
	tm_ok down app
	room $kib
	tm apply app.yaml --timeout 3s
	case $rc in
	0) ;;
	1 | 4 | 5) assert_contains "$err" "space" ;;
	*) lib_show; fail "with $kib KiB" ;;
	esac
	assert_eq "$(unexplained)" "" "bundles that nothing explains, with $kib KiB"
	rm small/fill
	tm_ok apply app.yaml
	tm_ok status app
	assert_eq "$(grep -c ' running ' <<<"$out")" 2 "running after $kib KiB"
	assert_eq "$(ls "$TALLYMAN_STATE_DIR/bundles" | wc -l)" 2 "bundles after $kib KiB"
	tm_ok down app
done
wait_for 10 umount -q small # once the shim has left
export TALLYMAN_STATE_DIR=$TEST_TMP/state
