#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From one moment on no call of the Host Compute Service returns, with twenty Windows slots wanting
# work. The Linux half of the same file converges all the same, also when it is changed meanwhile, and
# the calls that hang are as many as there are workers, not as many as there is work. When the service
# answers again the next apply goes on from what is there: nothing is made twice.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.96.0/26, youki: 10.220.97.0/28 }"
import_windows
import_busybox

file() { # LINUX_REPLICAS [WINDOWS_SETTING]
	cat >app.yaml <<-EOT
		version: v1
		deployment: wedged
		services:
		  win-svc:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    env: { MARK: "${2:-}" }
		    scale: { mode: fixed, replicas: 20 }
		  lin-svc:
		    image: { name: local/busybox:1 }
		    platform: { os: linux, arch: amd64 }
		    command: { entrypoint: [/bin/sleep, "100000"] }
		    stop_signal: SIGKILL
		    scale: { mode: fixed, replicas: $1 }
		    network_mode: none
	EOT
}
# count SERVICE STATE: slots of it; identities: id and pid of what runs on Windows
count() {
	"$TALLYMAN" status wedged -o json 2>/dev/null | python3 -c 'import json, sys
print(sum((i["service"], i["state"]) == tuple(sys.argv[1:]) for i in json.load(sys.stdin)["instances"]))' "$@"
}
identities() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
for s in json.load(sys.stdin)["Systems"]:
    print(s["Id"], *(p["ProcessId"] for p in s["Processes"]))' | sort
}
# hanging: calls that hang by the rule
hanging() { "$HCS_SIM" faults | grep -o '"hits": *[0-9]*' | grep -o '[0-9]*$'; }

file 3
tm_ok apply app.yaml
before=$(identities)
assert_eq "$(wc -l <<<"$before")" 20 "systems"
"$HCS_SIM" fault '{"call": "*", "do": "hang", "at": "call", "times": 0}' >/dev/null

# A change of the Linux half goes through, whatever the other half wants.
file 5 rolled
tm apply app.yaml --timeout 15s
assert_rc 5
assert_eq "$(count lin-svc running)" 5 "Linux slots after a change"
assert_contains "$err" "win-svc-rep"
(($(hanging) > 0)) || fail "nothing hangs: what is shown here is something else"
(($(hanging) <= 12)) || fail "$(hanging) calls were begun that do not return"

"$HCS_SIM" clear >/dev/null
file 5
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(identities)" "$before" "Windows containers after recovery"
