#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# down of 30 services whose first process ignores SIGTERM takes one grace period and not thirty.
# What is asserted is the cause, not a time: every process had its SIGTERM before the first one was
# killed. And nothing of the owner is left: no process, mount, cgroup, bundle, state or shim.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox
n=30

{
	printf 'version: v1\ndeployment: stubborn\nservices:\n'
	for i in $(seq $n); do
		cat <<EOT
  s$i:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "trap 'echo asked' TERM; sleep 100000 & while :; do wait; done"] }
    stop_grace_period: 3s
    scale: { mode: fixed, replicas: 1 }
    network_mode: none
EOT
	done
} >stubborn.yaml
tm_ok apply stubborn.yaml
[[ $(left_pids) && $(left_cgroups) && $(left_files) ]] || fail "what shall be gone later is not seen now"
tm_ok down stubborn
assert_nothing_left

# Times of one host's clock, as text, in their order.
time_of='[0-9-]+T[0-9:]+\.[0-9]{6}'
tm_ok logs stubborn --timestamps
asked=$(grep -F asked <<<"$out" | grep -oE "$time_of" | sort)
assert_eq "$(wc -l <<<"$asked")" $n "processes that were asked, once each"
tm_ok events stubborn --tail all -o json
killed=$(python3 -c 'import json, sys
for e in json.load(sys.stdin)["events"]:
    if e["message"].endswith("ended with 137"): print(e["time"])' <<<"$out" | grep -oE "$time_of" | sort)
assert_eq "$(wc -l <<<"$killed")" $n "processes that had to be killed"
[[ $(tail -n 1 <<<"$asked") < $(head -n 1 <<<"$killed") ]] ||
	fail "one was killed at $(head -n 1 <<<"$killed"), before all had been asked ($(tail -n 1 <<<"$asked"))"
