#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A runtime that answers nothing from the first look on: a command ends when its --timeout is over, with
# 5, and says which runtime it is. No matter whether the service hangs, so that its calls do not return,
# or the shim, or whether another runtime answers, or a daemon has the node.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.96.0/26, youki: 10.220.97.0/28 }"
import_windows

cat >app.yaml <<-EOT
	version: v1
	deployment: deaf
	services:
	  win-svc: { image: { name: local/windows:1 }, stop_grace_period: 1s, network_mode: none }
EOT
# bounded ARGS...: it ends long before calls that hang are given up; stuck ARGS...: with 5, naming hcs
bounded() { run timeout 25 "$TALLYMAN" "$@"; }
stuck() {
	bounded "$@" --timeout 2s
	assert_rc 5
	assert_contains "$err" "hcs does not answer"
	assert_contains "$err" "the time to wait ran out"
	bounded "$@" --timeout 2s -o json
	assert_rc 5
	assert_contains "$out" '"outcome": "timed_out"'
	assert_contains "$out" '"partial": "hcs does not answer"'
}
hang() { "$HCS_SIM" fault '{"call": "*", "do": "hang", "at": "call", "times": 0}' >/dev/null; }

for delegate in youki ""; do
	sed -i "s/^runtimes: .*/runtimes: { primary: hcs${delegate:+, delegate: $delegate} }/" "$TALLYMAN_CONFIG"
	tm_ok apply app.yaml

	hang
	stuck apply app.yaml
	stuck restart deaf
	stuck down deaf
	"$HCS_SIM" clear >/dev/null
	tm_ok apply app.yaml
	assert_eq "$(systems "$OWNER" | wc -l)" 1 "systems"

	# One that can be looked at, and does not come back from a step.
	tm_ok down deaf
	"$HCS_SIM" fault '{"call": "HcsCreateComputeSystem", "do": "hang", "at": "call", "times": 0}' >/dev/null
	bounded apply app.yaml --timeout 2s
	assert_rc 5
	assert_contains "$err" "hcs does not answer"
	"$HCS_SIM" clear >/dev/null
	tm_ok apply app.yaml

	shim=$(pgrep -f "tallyman shim .*runtime[= ]hcs.*$TALLYMAN_RUN_DIR")
	kill -STOP "$shim"
	stuck apply app.yaml
	kill -CONT "$shim"
	tm_ok apply app.yaml
done

# A daemon that has looked before: who waits is told whom he waits for.
start_daemon
wait_for 20 test -S "$TALLYMAN_RUN_DIR/api.sock"
tm_ok apply app.yaml
hang
sed -i 's/1s,/1s, env: { A: b },/' app.yaml
bounded apply app.yaml --timeout 2s
assert_rc 5
assert_contains "$err" "hcs has not answered yet"
"$HCS_SIM" clear >/dev/null
tm_ok apply app.yaml
end_daemon
