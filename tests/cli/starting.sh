#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands that meet a daemon which has the node's lock and does not answer yet: they wait for it, and
# say what it is when it takes too long.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

lock=$TALLYMAN_STATE_DIR/memory/tallyman.lock
socket=$TALLYMAN_RUN_DIR/memory/api.sock
waits() { grep -q nanosleep "/proc/$1/wchan"; }

# A daemon that is stopped between its lock and its socket. Where it was faster, another one.
tm_ok apply "$files/shop.yaml" "${memory[@]}"
for i in {1..100}; do
	start run "${memory[@]}"
	daemon=$pid
	until [[ -s $lock ]]; do :; done
	kill -STOP "$daemon"
	[[ -e $socket ]] || break
	kill -CONT "$daemon"
	wait_for 20 test -e "$socket"
	kill -TERM "$daemon"
	wait "$daemon"
done
[[ ! -e $socket ]] || fail "a hundred daemons were too fast"
start stop shop/web "${memory[@]}"
wait_for 20 waits "$pid"
kill -CONT "$daemon"
finish
assert_rc 0
tm_ok events "${memory[@]}"
assert_contains "$out" "stop: it stays stopped"

# One that never comes so far, and one that gives up.
kill -TERM "$daemon"
wait "$daemon"
hold() { # NAME: the lock is somebody's who calls himself so
	python3 - "$lock" "$1" "$PWD/held" <<'EOT' &
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
os.ftruncate(fd, 0)
os.write(fd, f"process {os.getpid()} ({sys.argv[2]})\n".encode())
open(sys.argv[3], "w").close()
time.sleep(1000)
EOT
	holder=$!
	started+=("$holder")
	wait_for 20 test -e held
	rm held
}
let_go() {
	kill -KILL "$holder"
	wait "$holder" || true
}
hold "daemon: run --runtime memory"
refused 6 "the daemon still starts, or is about to end: process $holder (daemon: run" stop shop "${memory[@]}"
assert_contains "$err" "hint: try again in a moment"
start start shop/web "${memory[@]}"
wait_for 20 waits "$pid"
let_go
finish
assert_rc 0

# Any other command is not waited for.
hold "apply x.yaml"
refused 6 "is held by process $holder (apply x.yaml)" stop shop "${memory[@]}"
let_go
