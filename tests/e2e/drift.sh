#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One file becomes containers; a second apply does nothing and spawns nothing; what happens behind
# our back (killed, deleted, paused) is planned and healed, and nothing else is touched.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    env: { COLOR: blue }
    scale: { mode: fixed, replicas: 4 }
    network_mode: none
EOT

# ids: the runtime ids of all instances, a line each
ids() { "$TALLYMAN" status app -o json | grep -o '"id": *"[^"]*"' | cut -d'"' -f4 | sort; }
id_of() { ids | grep "\.web-rep-$1\."; }
pid_of() { cat "$TALLYMAN_STATE_DIR/bundles/$1/pid"; }
oci_root=$TALLYMAN_RUN_DIR/oci/$oci
oci() { "$oci" --root "$oci_root" "$@"; }

tm plan app.yaml
assert_rc 2
assert_contains "$out" "+ create web-rep-0"
assert_contains "$out" "Plan: 4 to create, 0 to replace, 0 to remove."
tm_ok apply app.yaml
first=$(ids)
assert_eq "$(wc -l <<<"$first")" 4 "instances after the first apply"
assert_contains "$(oci state "$(id_of 0)")" '"running"'

# Nothing to do: no process but the command itself, neither here nor in the shim.
shim=$(pgrep -f "tallyman shim .*$TALLYMAN_RUN_DIR" | head -n 1)
[[ $shim ]] || fail "no shim while containers run"
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
assert_eq "$(ids)" "$first" "ids after the second apply"
tm plan app.yaml
assert_rc 0
assert_eq "$out" "Plan: nothing to do"

# One killed: that one is replaced, and no other.
kill -9 "$(pid_of "$(id_of 1)")"
tm_ok apply app.yaml
assert_eq "$(comm -12 <(echo "$first") <(ids) | wc -l)" 3 "instances that stayed"
assert_lacks "$(ids)" "$(grep web-rep-1 <<<"$first")"

# One killed, one deleted, one paused, each with the runtime's own command.
second=$(ids)
oci kill "$(id_of 0)" KILL
oci delete --force "$(id_of 2)"
oci pause "$(id_of 3)"
gone() { ! kill -0 "$1" 2>/dev/null; }
tm plan app.yaml
assert_rc 2
for slot in 0 2 3; do assert_contains "$out" "web-rep-$slot"; done
assert_lacks "$out" "web-rep-1"
tm_ok apply app.yaml
assert_contains "$(ids)" "$(grep web-rep-1 <<<"$second")"
assert_eq "$(ids | wc -l)" 4 "instances after the drift was healed"
for slot in 0 1 2 3; do assert_contains "$(oci state "$(id_of $slot)")" '"running"'; done
tm_ok exec app/web-rep-3 -- /bin/true
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

tm_ok down app
assert_nothing_left
tm_ok down app
