#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The service manager of the daemon, and of a shim, hears what it waits for: ready, alive, stopping.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

# A manager: writes each datagram as a line.
python3 - "$PWD/notify" "@tallyman-test-$$" <<'EOT' &
import os, select, socket, sys
made = []
for name in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("\0" + name[1:] if name[0] == "@" else name)
    made.append(s)
open("listening", "w").close()
while True:
    for s in select.select(made, [], [])[0]:
        with open("told", "ab", 0) as f:
            f.write(s.recv(4096).replace(b"\n", b" ") + b"\n")
EOT
started+=("$!")
told() { grep -cF -- "$1" told 2>/dev/null; }
told_least() { (($(told "$1") >= $2)); }
wait_for 10 test -e listening

for address in "$PWD/notify" "@tallyman-test-$$"; do
	: >told
	NOTIFY_SOCKET=$address WATCHDOG_USEC=400000 start run "${memory[@]}"
	wait_for 20 told_least READY=1 1
	# Alive without anything to do.
	wait_for 20 told_least WATCHDOG=1 3
	assert_eq "$(told STOPPING=1)" 0
	kill -TERM "$pid"
	wait "$pid" || fail "status $?"
	assert_eq "$(told READY=1)" 1
	assert_eq "$(told STOPPING=1)" 1
done

# A watchdog that is somebody else's is not fed, and no manager at all is no fault.
: >told
NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=400000 WATCHDOG_PID=1 start run "${memory[@]}"
wait_for 20 told_least READY=1 1
sleep 1
assert_eq "$(told WATCHDOG=1)" 0
kill -TERM "$pid"
wait "$pid"
NOTIFY_SOCKET=$PWD/absent start run "${memory[@]}"
wait_for 20 said "step=notify"
kill -TERM "$pid"
wait "$pid" || fail "a manager that is gone ended the daemon"

# A shim that is a unit of its own says when clients can connect.
if [[ $(id -u) == 0 ]]; then
	: >told
	NOTIFY_SOCKET=$PWD/notify start shim --foreground --runtime youki --node-id 0123456789abcdef0123456789abcdef
	wait_for 20 told_least READY=1 1
	[[ -S $TALLYMAN_RUN_DIR/shim-youki.sock ]] || fail "ready, and nobody can connect"
	kill -TERM "$pid"
	wait "$pid" || fail "status $?"
fi
