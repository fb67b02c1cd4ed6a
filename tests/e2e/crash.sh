#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the controller in the middle of an apply, at ten moments: the next apply converges,
# nothing is there twice, nothing is left behind.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: crash
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 1s
    scale: { mode: fixed, replicas: 8 }
    network_mode: none
EOT
bundles() { ls "$TALLYMAN_STATE_DIR/bundles" 2>/dev/null | wc -l; }
for moment in 0.02 0.05 0.08 0.12 0.16 0.2 0.25 0.3 0.4 0.5; do
	"$TALLYMAN" apply app.yaml >/dev/null 2>&1 </dev/null &
	victim=$!
	sleep "$moment"
	kill -9 "$victim" 2>/dev/null || true
	wait "$victim" 2>/dev/null || true
	tm_ok apply app.yaml
	tm_ok status crash -o json
	assert_eq "$(grep -c '"state": *"running"' <<<"$out")" 8 "running after a kill at $moment s"
	assert_eq "$(bundles)" 8 "bundles after a kill at $moment s"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	# Odd rounds begin with nothing, even ones in the middle of a down.
	"$TALLYMAN" down crash >/dev/null 2>&1 </dev/null &
	victim=$!
	sleep "$moment"
	kill -9 "$victim" 2>/dev/null || true
	wait "$victim" 2>/dev/null || true
	tm_ok down crash
	assert_eq "$(bundles)" 0 "bundles after down"
done
