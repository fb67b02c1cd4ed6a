#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# down of 30 services whose first process ignores SIGTERM: all are asked at once, so it takes one
# grace period. What is asserted is the cause, not a time: every process got its SIGTERM before the
# first one was killed.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

{
	printf 'version: v1\ndeployment: stubborn\nservices:\n'
	for i in $(seq 30); do
		cat <<EOT
  s$i:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "trap 'echo asked' TERM; while true; do sleep 0.2; done"] }
    stop_grace_period: 4s
    scale: { mode: fixed, replicas: 1 }
    network_mode: none
EOT
	done
} >stubborn.yaml
tm_ok apply stubborn.yaml
tm_ok down stubborn
assert_nothing_left
tm_ok logs stubborn --timestamps
assert_eq "$(grep -c asked <<<"$out")" 30 "services that were asked to stop"
# The last one was asked before the first one's grace was over.
times=$(grep asked <<<"$out" | grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+' | sort)
first=$(date -d "$(head -n 1 <<<"$times")" +%s%N)
last=$(date -d "$(tail -n 1 <<<"$times")" +%s%N)
(((last - first) / 1000000 < 4000)) || fail "the services were asked one after the other"
