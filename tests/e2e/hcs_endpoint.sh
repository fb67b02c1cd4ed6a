#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# HNS starts again and has lost the endpoints, while the containers run on. The next look sees it; an
# apply gives each its endpoint back, with the address and in the namespace it had, to the very process
# that runs, and counts it. What cannot be attached again is made anew.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.91.0/28, youki: 10.220.97.0/28 }"
import_windows
cat >app.yaml <<-EOT
	version: v1
	deployment: net
	services:
	  web: { image: { name: local/windows:1 }, stop_grace_period: 1s, scale: { mode: fixed, replicas: 2 } }
	  out: { image: { name: local/windows:1 }, stop_grace_period: 1s, network_mode: none }
EOT
endpoints() { # name, addresses, namespace
	"$HCS_SIM" ls | python3 -c 'import json, sys
for e in json.load(sys.stdin).get("Endpoints", []):
    print(e["Name"], [c["IpAddress"] for c in e["IpConfigurations"]], e.get("HostComputeNamespace"))' | sort
}
processes() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
for s in json.load(sys.stdin)["Systems"]: print(s["Id"], *(p["ProcessId"] for p in s["Processes"]))' | sort
}
slots() { # id, state, healed
	"$TALLYMAN" status net -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]: print(i["id"], i["state"], i["healed"])' | sort
}

"$HCS_SIM" switch restart_endpoints=lose >/dev/null
tm_ok apply app.yaml
before=$(endpoints)
running=$(processes)
assert_eq "$(wc -l <<<"$before")" 2 "endpoints"

"$HCS_SIM" restart hcn >/dev/null
assert_eq "$(endpoints)" "" "endpoints after HNS started again"
tm plan app.yaml
assert_rc 2
assert_contains "$out" "update web-rep-0: changed by somebody: its network endpoint is gone"
assert_contains "$out" "update web-rep-1: changed by somebody: its network endpoint is gone"
assert_lacks "$out" "out-rep-0"
tm_ok apply app.yaml
assert_eq "$(endpoints)" "$before" "endpoints"
assert_eq "$(processes)" "$running" "what runs"
assert_eq "$(slots)" "net.out-rep-0.1 running 0
net.web-rep-0.1 running 1
net.web-rep-1.1 running 1"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

# -- one that is not attached again ---------------------------------------------------------------
"$HCS_SIM" restart hcn >/dev/null
"$HCS_SIM" fault '{"call": "HcnCreateEndpoint", "do": "error", "hr": "0x80070032", "at": "call", "times": 1}' >/dev/null
tm_ok apply app.yaml
[[ $("$HCS_SIM" faults) == *'"hits": 1'* ]] || fail "nothing was refused: $("$HCS_SIM" faults)"
assert_eq "$(endpoints | wc -l)" 2 "endpoints"
assert_eq "$(slots | grep -c ' running ')" 3 "slots that run"
assert_eq "$(slots | grep -c 'net.web-rep-[01].2 ')" 1 "slots that were made anew"
"$HCS_SIM" clear >/dev/null
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
