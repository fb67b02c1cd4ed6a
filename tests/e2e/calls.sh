#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What one container more costs, counted: of the runtime one create and one start (and one delete in
# the end), of the disk two syncs in the shim and a commit for each step in the controller, and one
# look for the whole of a command. A cost that grows with what is there already shows here.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
command -v strace >/dev/null || fail "no strace; tests/deps.sh installs it"
import_busybox

# The runtime's program, which tells what it is called for.
real=$(command -v "$oci")
mkdir bin
cat >"bin/$oci" <<EOT
#!/bin/sh
echo "\$@" >>"$TEST_TMP/calls"
exec "$real" "\$@"
EOT
chmod +x "bin/$oci"
PATH=$TEST_TMP/bin:$PATH
use_runtime "$oci"

file() { # REPLICAS
	cat >app.yaml <<EOT
version: v1
deployment: calls
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: $1 }
    network_mode: none
EOT
}

# verbs: what the program was called for about instances, `10 create`, since the last time
verbs() {
	grep -F calls.web-rep- calls | grep -oE ' (create|start|state|kill|delete|exec|resume|pause|ps|list|run|update) ' |
		sort | uniq -c | awk '{ print $1, $2 }'
	: >calls
}

# traced COMMAND...: shim.trace and command.trace have the syncs and the directories read
traced() {
	local tracer shim
	shim=$(shim_pid)
	strace -qq -f -b execve -e trace=fsync,fdatasync,openat -o shim.trace -p "$shim" &
	tracer=$!
	wait_for 5 grep -q TracerPid:.*"$tracer" "/proc/$shim/status"
	ASAN_OPTIONS=detect_leaks=0 run strace -qq -f -b execve -e trace=fsync,fdatasync -o command.trace "$@"
	assert_rc 0
	wait_for 10 has_looked_twice # the second time after the command has gone
	kill -INT "$tracer"
	wait "$tracer" || true
}
syncs() { grep -cE '(fsync|fdatasync)\(' "$1" || true; }
listings() { grep -cE 'openat\(.*/bundles", .*O_DIRECTORY' shim.trace || true; }

has_looked_twice() { (($(listings) >= 2)); }

file 1
: >calls
tm_ok apply app.yaml
assert_eq "$(verbs)" $'1 create\n1 start' "calls for the first container"

file 11
traced "$TALLYMAN" apply app.yaml
assert_eq "$(verbs)" $'10 create\n10 start' "calls for ten containers more"
ten=$(syncs shim.trace) ten_commits=$(syncs command.trace)
assert_eq "$ten" 20 "syncs of the shim for ten containers"
((ten_commits <= 50)) || fail "the controller synced $ten_commits times for ten containers"

file 31
traced "$TALLYMAN" apply app.yaml
assert_eq "$(verbs)" $'20 create\n20 start' "calls for twenty containers more"
assert_eq "$(syncs shim.trace)" 40 "syncs of the shim for twenty containers"
(($(syncs command.trace) <= 2 * ten_commits)) ||
	fail "the controller synced $(syncs command.trace) times for twenty containers, $ten_commits times for ten"
# One when the command asks, one when the shim asks itself whether it may leave.
assert_eq "$(listings)" 2 "looks at all containers"

traced "$TALLYMAN" apply app.yaml
assert_contains "$out" "nothing to do"
assert_eq "$(verbs)" "" "calls when there is nothing to do"
assert_eq "$(syncs shim.trace)" 0 "syncs of the shim when there is nothing to do"
assert_eq "$(listings)" 2 "looks when there is nothing to do"

tm_ok down calls
assert_eq "$(verbs)" "31 delete" "calls for down"
assert_nothing_left
