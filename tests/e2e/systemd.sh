#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the units of examples/systemd promise, played by a manager of our own, since systemd itself is
# not where tests run: the daemon says when it is up, that it turns, and that it stops; a shim is
# started as a unit, by the unit's own line, and says when it can be reached.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox
units=$TEST_SOURCE_DIR/examples/systemd

# The manager's ear: every datagram becomes a line.
cat >ear.py <<'EOT'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    with open(sys.argv[2], "a") as f: f.write(s.recv(4096).decode().replace("\n", " ") + "\n")
EOT
ear() { # NAME
	python3 ear.py "$PWD/$1.sock" "$PWD/$1.told" &
	ears+=" $!"
	wait_for 10 test -S "$1.sock"
}
ears=""
told() { grep -q "$2" "$1.told" 2>/dev/null; }
cleanup() {
	local rc=$?
	set +e
	kill $ears 2>/dev/null
	(exit "$rc")
	lib_cleanup
}
trap cleanup EXIT
# The unit's words do not name the run directory.
shim_pid() { pgrep -F "$TALLYMAN_RUN_DIR/shim-youki.lock" 2>/dev/null || true; }

# line_of UNIT KEY [INSTANCE]: the unit's command with our program in place of the installed one
line_of() { sed -n "s/^$2=//p" "$units/$1" | sed "s,^/usr/bin/tallyman,$TALLYMAN,; s/%i/${3:-}/"; }

# A systemctl that knows one verb. It starts what the unit says, and is done when that is READY.
mkdir bin
cat >bin/systemctl <<EOT
#!/bin/bash
echo "\$*" >>$PWD/systemctl.asked
[[ \$1 == start && \$2 == tallyman-shim@youki.service ]] || { echo "Unit \$2 not found." >&2; exit 5; }
NOTIFY_SOCKET=$PWD/shim.sock setsid $(line_of tallyman-shim@.service ExecStart youki) </dev/null >>$PWD/shim.out 2>&1 &
for i in \$(seq 100); do grep -q READY=1 $PWD/shim.told 2>/dev/null && exit 0; sleep 0.1; done
echo "timeout" >&2
exit 1
EOT
chmod +x bin/systemctl
export PATH=$PWD/bin:$PATH
cat >>"$TALLYMAN_CONFIG" <<EOT
runtime: {shim_unit: tallyman-shim@.service}
EOT
ear shim
ear daemon

env --default-signal=INT,TERM NOTIFY_SOCKET="$PWD/daemon.sock" WATCHDOG_USEC=1000000 \
	$(line_of tallyman.service ExecStart) 2>run.err &
daemon=$!
wait_for 20 told daemon READY=1
cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    network_mode: none
EOT
tm_ok apply app.yaml
told shim READY=1 || fail "the shim was not started as a unit"
assert_eq "$(wc -l <systemctl.asked)" 1 "times systemctl was asked"
grep -q -- "--foreground" "/proc/$(shim_pid)/cmdline" || fail "another shim"
beats() { [[ $(grep -c WATCHDOG=1 daemon.told) -ge 3 ]]; }
wait_for 20 beats

# The daemon ends, the unit's shim and what it holds do not.
shim=$(shim_pid)
kill -TERM $daemon
wait $daemon || fail "exit $?"
told daemon STOPPING=1 || fail "it did not say that it stops"
assert_eq "$(shim_pid)" "$shim" "the shim"
tm_ok status app
assert_contains "$out" "running"
tm_ok down app

# A unit that cannot be started is a clear error.
cat >"$TALLYMAN_CONFIG" <<EOT
runtime: {shim_unit: other@.service}
EOT
no_shim() { [[ -z $(shim_pid) ]]; }
wait_for 20 no_shim
tm apply app.yaml --timeout 5s
[[ $rc != 0 ]] || fail "an apply without a shim"
assert_contains "$err" "Unit other@youki.service not found"
printf 'runtime: {shim_unit: tallyman-shim}\n' >"$TALLYMAN_CONFIG"
refused 1 "is no name like tallyman-shim@.service" status
: >"$TALLYMAN_CONFIG"
