#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A shut down that never comes back, of more systems than the shim has workers: after its grace each is
# terminated all the same, and meanwhile nothing else on the runtime is held up.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.94.0/28, youki: 10.220.97.0/28 }"
import_windows

file() { # DEPLOYMENT REPLICAS
	cat >"$1.yaml" <<-EOT
		version: v1
		deployment: $1
		services:
		  svc:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    network_mode: none
		    scale: { mode: fixed, replicas: $2 }
	EOT
}
file deaf 6
file well 1
tm_ok apply deaf.yaml
"$HCS_SIM" fault '{"call": "HcsShutDownComputeSystem", "match": "deaf.", "do": "hang", "at": "call", "times": 0}' >/dev/null

"$TALLYMAN" down deaf >down.out 2>&1 </dev/null &
down=$!
hits() { "$HCS_SIM" faults | grep -o '"hits": *[0-9]*' | grep -o '[0-9]*$'; }
all_hang() { (($(hits) >= 6)); }
wait_for 60 all_hang
wait "$down" || fail "down ended with $?: $(<down.out)"
# A system that has stopped is there as long as somebody has a handle of it: the call that hangs has one.
stopped() { "$HCS_SIM" ls | python3 -c 'import json, sys
sys.exit(any(s["State"] != "Stopped" for s in json.load(sys.stdin)["Systems"]))'; }
stopped || fail "something runs: $("$HCS_SIM" ls)"
# They hang still, and the shim goes on.
run timeout 60 "$TALLYMAN" apply well.yaml
assert_rc 0
run timeout 60 "$TALLYMAN" down well
assert_rc 0
"$HCS_SIM" clear >/dev/null
no_systems() { [[ ! $(systems "$OWNER") ]]; }
wait_for 20 no_systems
