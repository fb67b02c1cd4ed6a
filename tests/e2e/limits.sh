#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a change of the file costs: nothing, a change in the living container, a new one. And limits
# that somebody else changes are seen, also by a shim that was not there, told, and set back.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox

# file RESOURCES [MORE]
file() {
	cat >app.yaml <<EOT
version: v1
deployment: $name
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    network_mode: none
    resources: { $1 }
    ${2:-}
EOT
}
pid() { "$TALLYMAN" status "$name" -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["instances"][0]["pid"])'; }

v2=
[[ -e /sys/fs/cgroup/cgroup.controllers ]] && v2=1
# knob V1 V2: the file of the container's cgroup
knob() {
	local id file=$1 controller=${1%%.*}
	id=$(ids "$name")
	[[ $v2 ]] && file=$2
	[[ $v2 ]] && controller=
	find /sys/fs/cgroup/$controller -path "*/$OWNER/$id/$file" 2>/dev/null | head -n 1
}
memory() { cat "$(knob memory.limit_in_bytes memory.max)"; }
pids_max() { cat "$(knob pids.max pids.max)"; }
quota() { cut -d' ' -f1 "$(knob cpu.cfs_quota_us cpu.max)"; }

# set_limits: three at once in the living container, then none of them
set_limits() {
	file 'memory: 64Mi, pids_limit: 50, cpu: 0.5'
	tm plan app.yaml
	assert_rc 2
	assert_contains "$out" "~ update web-rep-0: limits differ"
	assert_contains "$out" "resources.memory"
	tm_ok apply app.yaml
	assert_eq "$(memory) $(pids_max) $(quota)" "$((64 << 20)) 50 50000" "limits after an update"
	assert_eq "$(pid)" "$first" "pid after an update"
	file 'pids_limit: 60'
	tm_ok apply app.yaml
	assert_eq "$(pids_max)" 60
	[[ $(memory) == max || $(memory) -gt $((1 << 40)) ]] || fail "memory is limited to $(memory) still"
	[[ $(quota) == max || $(quota) == -1 ]] || fail "cpu is limited to $(quota) still"
	assert_eq "$(pid)" "$first" "pid after the limits were taken away"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
}

# costs: what no container carries changes nothing; what it is made of makes a new one.
costs() {
	file 'pids_limit: 60' 'restart_policy: { kind: on_failure }'
	tm_ok plan app.yaml
	assert_eq "$out" "Plan: nothing to do"
	tm_ok apply app.yaml
	assert_eq "$(pid)" "$first" "pid after another restart policy"
	file 'pids_limit: 60' 'env: { A: b }'
	tm_ok apply app.yaml
	[[ $(pid) != "$first" ]] || fail "another env, and the same process"
	first=$(pid)
}

# by_hand: seen, told and set back, in the living container; also by the next shim
by_hand() {
	local file
	file=$(knob pids.max pids.max)
	tm_ok drift "$name"
	echo 99 >"$file"
	tm drift "$name"
	assert_rc 2
	assert_contains "$out" "web-rep-0  changed by somebody: pids.max 99, not 60"
	assert_eq "$(<"$file")" 99 "drift changes nothing"
	kill -9 "$(shim_pid)"
	tm drift "$name"
	assert_contains "$out" "pids.max 99, not 60"
	tm_ok apply app.yaml
	assert_contains "$out" "~ update web-rep-0: changed by somebody: pids.max 99, not 60"
	assert_eq "$(<"$file")" 60 "limits after they were set back"
	assert_eq "$(pid)" "$first" "pid after limits were set back"
	tm_ok drift "$name"
	tm_ok status "$name" -o json
	is_json 'd["instances"][0]["healed"] == 1'
	tm_ok events "$name" -o json
	is_json '[e["message"][-34:] for e in d["events"] if e["kind"] == "healed"] == ["it was set back: pids.max 99, not 60"[-34:]]'
}

for program in $(oci_programs); do
	use_runtime "$program"
	name=limits-$program # counts of its own
	file 'pids_limit: 70'
	tm_ok apply app.yaml
	first=$(pid)
	set_limits
	costs
	by_hand
	tm_ok down "$name"
	assert_nothing_left
done
