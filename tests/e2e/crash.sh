#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the controller in the middle of an apply, and in the middle of a down, at ten moments:
# the next one converges, nothing is there twice, nothing is left behind.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox
n=8

cat >app.yaml <<EOT
version: v1
deployment: crash
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 1s
    scale: { mode: fixed, replicas: $n }
    network_mode: none
EOT

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

entries() { find "$1" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
# Processes but the shim.
containers() {
	local shim
	shim=$(shim_pid)
	left_pids | grep -cvx "$shim" || true
}

for moment in 0.02 0.05 0.08 0.12 0.16 0.2 0.25 0.3 0.4 0.5; do
	die_in "$moment" apply app.yaml
	tm_ok apply app.yaml
	tm_ok status crash -o json
	assert_eq "$(grep -c '"state": *"running"' <<<"$out")" $n "running after a kill at $moment s"
	assert_eq "$(entries "$TALLYMAN_STATE_DIR/bundles")" $n "bundles after a kill at $moment s"
	assert_eq "$(entries "$oci_root")" $n "states of the runtime after a kill at $moment s"
	assert_eq "$(containers)" $n "processes after a kill at $moment s"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	die_in "$moment" down crash
	tm_ok down crash
	assert_eq "$(entries "$TALLYMAN_STATE_DIR/bundles")" 0 "bundles after down"
	assert_nothing_left
done
