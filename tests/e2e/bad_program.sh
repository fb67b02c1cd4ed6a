#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A bad runtime program, seen from the command line: missing, gone after it made containers, hanging
# in one container's create, start or delete. What it does not concern goes on; nothing is taken for
# absent; with the program back the next command converges.
# (What each program may answer, call by call: tests/backends/runtime_youki_program_test.c.)
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
    scale: { mode: fixed, replicas: 3 }
    network_mode: none
EOT

# A script in front of the real one: it hangs in calls of $held_verb for ids with $held_part for as
# long as the file `held` is there, and notes that it does.
program=$TEST_TMP/bin/$oci-in-front
mkdir bin
cat >"$program" <<EOT
#!/bin/sh
verb= id=
for word; do
	case \$word in create|start|delete) [ "\$verb" ] || verb=\$word ;; esac
	id=\$word
done
while read -r held_verb held_part 2>/dev/null <$TEST_TMP/held &&
	[ "\$verb" = "\$held_verb" ] && [ -z "\${id##*\$held_part*}" ]; do
	: >$TEST_TMP/hangs
	sleep 0.05
done
exec $(command -v "$oci") "\$@"
EOT
chmod +x "$program"
use() { printf 'runtime:\n  oci:\n    path: %s\n' "$1" >"$TALLYMAN_CONFIG"; }
hold() { echo "$*" >held; rm -f hangs; }
release() { rm -f held; }
hangs() { [[ -e hangs ]]; }
running() { "$TALLYMAN" status app 2>/dev/null | grep -c ' running '; }
has_running() { [[ $(running) == "$1" ]]; }
bundles() { ls "$TALLYMAN_STATE_DIR/bundles" 2>/dev/null | wc -l; }

# --- none ---

use "$TEST_TMP/bin/$oci-nowhere"
tm apply app.yaml # no --timeout: it is no matter of time
assert_rc 4
assert_contains "$err" "no OCI runtime works: $oci: $TEST_TMP/bin/$oci-nowhere: No such file or directory"
assert_contains "$err" "hint: mend it, or set runtime.oci.path to another youki, crun or runc"
assert_eq "$(bundles)" 0 "bundles"
assert_nothing_left

# --- it hangs for one: the rest goes on ---

use "$program"
for verb in create start; do
	hold $verb web-rep-1
	start apply app.yaml
	wait_for 20 hangs
	wait_for 20 has_running 2
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
	if [[ $verb == create ]]; then
		# The shim is still at it: the next command leaves it alone, and says which it is.
		tm apply app.yaml --timeout 1s
		assert_rc 5
		assert_contains "$err" "web-rep-1 is waiting: somebody is at work on it"
		has_running 2 || fail "the others were touched"
	fi
	release
	tm_ok apply app.yaml --timeout 60s
	has_running 3 || fail "not converged"
	assert_eq "$(bundles)" 3 "bundles"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	tm_ok down app
done
tm_ok apply app.yaml
hold delete web-rep-1
start down app
wait_for 20 hangs
only_one() { [[ $(bundles) == 1 ]]; }
wait_for 20 only_one
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
tm status app
assert_contains "$out" "web-rep-1"
release
tm_ok down app --timeout 60s
assert_eq "$(bundles)" 0 "bundles"

# --- it is gone, with its containers ---

tm_ok apply app.yaml
before=$(ids app)
mv "$program" aside
tm status app
assert_rc 4
assert_eq "$(grep -c ' unknown ' <<<"$out")" 3 "rows of which nobody knows"
assert_contains "$err" "$program, which made app.web-rep-"
tm apply app.yaml --timeout 1s
assert_rc 5
assert_contains "$err" "is gone"
kill -9 "$(shim_pid)" # nor does a new shim take them for absent
tm apply app.yaml --timeout 1s
assert_rc 5
assert_eq "$(bundles)" 3 "bundles"
mv aside "$program"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(ids app)" "$before" "instances"
tm_ok down app
