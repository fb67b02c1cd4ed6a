#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A sweep ends an orphan as the file wanted that it was made from: by its signal, and with its time,
# which may be longer than that of one of which nobody knows anything.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
need_runtime
import_busybox
cat >app.yaml <<-'EOT'
	version: v1
	deployment: app
	services:
	  web:
	    image: { name: local/busybox:1 }
	    command: { entrypoint: [/bin/sh, -c, "trap 'sleep 12; echo in order; exit' USR1; echo up; while :; do sleep 0.1; done"] }
	    network_mode: none
	    stop_signal: SIGUSR1
	    stop_grace_period: 100s
EOT
tm_ok apply app.yaml
is_up() { "$TALLYMAN" logs app/web | grep -q up; } # the trap is set
wait_for 20 is_up
forget app
tm sweep --now --mode quarantine
assert_rc 4
assert_contains "$out" "1 kept"
grep -rq "in order" "$TALLYMAN_STATE_DIR/quarantine/app.web-rep-0.1/log" || fail "it was killed"
tm_ok orphans delete app.web-rep-0.1
