#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One file becomes containers, visible with the runtime's own state; a second apply starts no
# program and changes no file; what happens behind our back (killed, deleted, paused) is planned and
# healed, and nothing else is touched. On each runtime.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
command -v strace >/dev/null || fail "no strace; tests/deps.sh installs it"
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    env: { COLOR: blue }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: 4 }
    network_mode: none
EOT

id_of() { ids app | grep "\.web-rep-$1\."; }
pid_of() { cat "$TALLYMAN_STATE_DIR/bundles/$1/pid"; }
oci() { "$oci" --root "$oci_root" "$@"; }
# files: what there is of bundles and runtime state, and since when
files() { find "$TALLYMAN_STATE_DIR/bundles" "$TALLYMAN_RUN_DIR/oci" -maxdepth 2 -printf '%p %i %T@ %C@\n' | sort; }

first_apply() {
	tm plan app.yaml
	assert_rc 2
	assert_contains "$out" "+ create web-rep-0"
	assert_contains "$out" "Plan: 4 to create, 0 to replace, 0 to remove."
	tm_ok apply app.yaml
	first=$(ids app)
	assert_eq "$(wc -l <<<"$first")" 4 "instances after the first apply"
	for slot in 0 1 2 3; do assert_contains "$(oci state "$(id_of $slot)")" '"running"'; done
}

# No program but the command itself, neither by it nor by the shim.
second_apply() {
	local shim before tracer
	shim=$(shim_pid)
	[[ $shim ]] || fail "no shim while containers run"
	before=$(files)
	strace -qq -f -e trace=execve -o shim.trace -p "$shim" &
	tracer=$!
	wait_for 5 grep -q TracerPid:.*"$tracer" "/proc/$shim/status"
	ASAN_OPTIONS=detect_leaks=0 run strace -qq -f -e trace=execve -o apply.trace "$TALLYMAN" apply app.yaml
	kill -INT "$tracer"
	wait "$tracer" || true
	assert_rc 0
	assert_contains "$out" "Plan: nothing to do"
	assert_eq "$(grep -c execve apply.trace)" 1 "programs started by an apply with nothing to do"
	assert_eq "$(grep -c execve shim.trace || true)" 0 "programs started by the shim for it"
	assert_eq "$(ids app)" "$first" "ids after the second apply"
	assert_eq "$(files)" "$before" "files after the second apply"
	tm plan app.yaml
	assert_rc 0
	assert_eq "$out" "Plan: nothing to do"
}

# One killed: that one is replaced, and no other.
killed() {
	kill -9 "$(pid_of "$(id_of 1)")"
	tm_ok apply app.yaml
	assert_eq "$(comm -12 <(echo "$first") <(ids app) | wc -l)" 3 "instances that stayed"
	assert_lacks "$(ids app)" "$(grep web-rep-1 <<<"$first")"
	assert_contains "$(oci state "$(id_of 1)")" '"running"'
}

# One killed, one deleted, one paused, each with the runtime's own command.
all_three() {
	local kept
	kept=$(id_of 1)
	oci kill "$(id_of 0)" KILL
	oci delete --force "$(id_of 2)"
	oci pause "$(id_of 3)"
	tm plan app.yaml
	assert_rc 2
	for slot in 0 2 3; do assert_contains "$out" "web-rep-$slot"; done
	assert_lacks "$out" "web-rep-1"
	tm_ok apply app.yaml
	assert_eq "$(id_of 1)" "$kept" "the one that nobody touched"
	assert_eq "$(ids app | wc -l)" 4 "instances after the drift was healed"
	for slot in 0 1 2 3; do assert_contains "$(oci state "$(id_of $slot)")" '"running"'; done
	tm_ok exec app/web-rep-3 -- /bin/true
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
}

for program in $(oci_programs); do
	use_runtime "$program"
	first_apply
	second_apply
	killed
	all_three
	tm_ok down app
	assert_nothing_left
	tm_ok down app
done
