#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the shim: containers live on; the next command starts a new shim, which adopts them.
# What ended meanwhile has no exit code, and is replaced.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: adopt
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 1s
    scale: { mode: fixed, replicas: 3 }
    network_mode: none
EOT
pid_of() { cat "$TALLYMAN_STATE_DIR/bundles/$1/pid"; }

tm_ok apply app.yaml
before=$(ids adopt)
kill -9 "$(shim_pid)"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(ids adopt)" "$before" "ids after the shim was killed"
[[ $(shim_pid) ]] || fail "no new shim"

kill -9 "$(shim_pid)"
one=$(head -n 1 <<<"$before")
kill -9 "$(pid_of "$one")"
tm plan app.yaml
assert_rc 2
assert_contains "$out" "web-rep-0"
tm_ok apply app.yaml
assert_eq "$(comm -12 <(echo "$before") <(ids adopt) | wc -l)" 2 "instances that stayed"
tm_ok down adopt
assert_nothing_left
