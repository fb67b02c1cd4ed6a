#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a slot has been through outlives the daemon: kill -9 in the middle of a back-off, and the next
# one waits for what is left of it, goes on counting, leaves alone what was stopped by hand, and what
# runs keeps its process.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
need_runtime
import_busybox
service() { # NAME COMMAND...
	printf '  %s: { image: { name: local/busybox:1 }, network_mode: none, stop_grace_period: 0s,' "$1"
	printf ' command: { entrypoint: [%s] } }\n' "$2"
}
{
	printf 'version: v1\ndeployment: app\nservices:\n'
	service web '/bin/sleep, "100000"'
	service held '/bin/sleep, "100000"'
	service sick '/bin/sh, -c, "exit 3"'
} >app.yaml

sick() { in_store "SELECT $1 FROM slot WHERE service = 'sick'"; }
# The boot clock, in microseconds, as the store has it.
now() { python3 -c 'import time; print(int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1e6))'; }
has_failed() { (($(sick fails) >= $1)) && [[ $(sick retry_boot_us) != None ]]; }
died() { kill -9 "$pid" && ! wait "$pid"; }

tm apply app.yaml --timeout 2s
tm_ok stop app/held
start run
wait_for 60 has_failed 4
died
web=$(pid_of app.web-rep-0.1)
fails=$(sick fails) generation=$(sick generation) until=$(sick retry_boot_us)
((until > $(now) + 1000000)) || fail "no back-off to speak of is left: $until"

start run
while (($(now) < until - 300000)); do
	assert_eq "$(sick generation)" "$generation" "generation before the back-off is over"
	assert_eq "$(sick fails)" "$fails" "failures"
	sleep 0.2
done
wait_for 30 has_failed $((fails + 1))
assert_eq "$(sick generation)" $((generation + 1)) "generation after one more try"
assert_eq "$(pid_of app.web-rep-0.1)" "$web" "the process of web"
assert_eq "$(in_store "SELECT held FROM slot WHERE service = 'held'")" 1 "held"
assert_eq "$(ls "$TALLYMAN_STATE_DIR/bundles" | grep -c held || true)" 0 "instances of what was stopped"
kill -TERM "$pid"
wait "$pid"
