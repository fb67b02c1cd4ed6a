#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a Windows host refuses is a clear error on that slot, and the rest of the file goes on: what can
# never work ends the apply at once with 4; a full slice and a slice that the host routes elsewhere may
# pass, so the slots wait and the apply ends with 5 when its time is up. An address that a stranger has
# is left to him: the slot takes another. In a network namespace of its own, for the route.
[[ ${IN_NAMESPACE:-} || $(id -u) != 0 ]] || IN_NAMESPACE=1 exec unshare --net -- "$BASH" "$0"
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.95.0/29, youki: 10.220.97.0/28 }"
ip link set lo up
import_windows
tm_ok image import "$TEST_TMP/windows.tar" --as local/newer:1 --os windows --arch amd64 \
	--os-version 10.0.26100.1 --cmd cmd

# slots: state and address of every slot, `name state address`; reason SLOT
slots() {
	"$TALLYMAN" status bad -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    print("%s-rep-%d" % (i["service"], i["replica"]), i["state"], i["address"])' | sort
}
reason() {
	"$TALLYMAN" status bad -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    if "%s-rep-%d" % (i["service"], i["replica"]) == sys.argv[1]: print(i["reason"])' "$1"
}
file() { # SERVICE...
	printf 'version: v1\ndeployment: bad\nservices:\n' >app.yaml
	printf '  %s }\n' "$@" >>app.yaml
}
windows='image: { name: local/windows:1 }, stop_grace_period: 1s'
replicas() { echo "$1: { $windows, scale: { mode: fixed, replicas: $2 }"; }

# -- what can never work here ------------------------------------------------------------------
"$HCS_SIM" fault '{"call": "HcsCreateComputeSystem", "match": "bad.refused", "do": "error",
	"hr": "HCS_E_INVALID_JSON", "times": 0}' >/dev/null
file "$(replicas good 2)" "refused: { $windows" \
	"newer: { image: { name: local/newer:1 }" \
	"utility: { $windows, isolation: hyperv" \
	"graphics: { $windows, isolation: process, resources: { gpu: { count: 1 } }" \
	"hostnet: { $windows, network_mode: host"
# What the image is for is known beforehand: a plan promises nothing that is refused then.
tm plan app.yaml
assert_contains "$out" "newer-rep-0: it is for Windows 10.0.26100.1, and this node has the older 10.0.20348"
tm apply app.yaml
assert_rc 4
assert_contains "$out" "2 running, 5 blocked"
assert_contains "$(reason refused-rep-0)" "HCS_E_INVALID_JSON"
assert_contains "$(reason newer-rep-0)" "it is for Windows 10.0.26100.1, and this node has the older 10.0.20348"
assert_contains "$(reason utility-rep-0)" "isolation: hyperv is not available on this host"
assert_contains "$(reason graphics-rep-0)" "resources.gpu: not possible under process isolation"
assert_contains "$(reason hostnet-rep-0)" "network_mode: Windows containers cannot be in the host's network"
for slot in refused newer utility graphics hostnet; do
	assert_contains "$err" "error: bad/$slot-rep-0: "
done
# With what to do about it, where that is known: at the end of the apply, and afterwards.
hint() {
	"$TALLYMAN" status bad -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    if i["service"] == sys.argv[1]: print(i["hint"])' "$1"
}
while read -r service way; do
	assert_contains "$(hint "$service")" "$way"
	grep -A1 "error: bad/$service-rep-0: " <<<"$err" | grep -qF "hint: $way" || fail "no hint for $service: $err"
done <<-EOT
	newer name an image for this version or an older one, or update the host
	utility enable the Hyper-V feature
	graphics set isolation: hyperv
	hostnet leave network_mode out
EOT
assert_eq "$(systems "$OWNER" | cut -d. -f2 | sort | xargs)" "good-rep-0 good-rep-1" "systems"
assert_eq "$(hcs_left | grep -c ^Endpoints)" 2 "endpoints"
"$HCS_SIM" clear >/dev/null

# -- a slice that is full ------------------------------------------------------------------------
file "$(replicas good 2)" "$(replicas more 5)"
tm apply app.yaml --timeout 2s
assert_rc 5
assert_eq "$(slots | grep -c running)" 5 "slots that run"
waiting=$(slots | grep -v running | cut -d' ' -f1)
assert_eq "$(wc -l <<<"$waiting")" 2 "slots that wait"
for slot in $waiting; do
	grep -q "bad/$slot is waiting: .*all addresses of 10.220.95.0/29, the slice of hcs, are taken" <<<"$err" ||
		fail "nobody says why $slot waits"
done
# One goes away, and who waited gets its address.
free=$(slots | grep '^good-rep-1 ' | cut -d' ' -f3)
file "$(replicas good 1)" "$(replicas more 4)"
sed -i 's/more/next/' app.yaml
before=$(slots)
tm_ok apply app.yaml
assert_eq "$(slots | cut -d' ' -f1,2 | xargs)" "good-rep-0 running next-rep-0 running next-rep-1 running next-rep-2 running next-rep-3 running"
assert_eq "$(slots | grep '^good-rep-0 ')" "$(grep '^good-rep-0 ' <<<"$before")" "who stays"
assert_contains "$(slots | cut -d' ' -f3)" "$free"

# -- an address that somebody else has -------------------------------------------------------------
file "$(replicas good 1)"
tm_ok apply app.yaml
address=$(slots | cut -d' ' -f3)
other=10.220.95.$((${address##*.} == 2 ? 3 : 2))
stranger "$OWNER.net" stranger "$other"
file "$(replicas good 3)"
tm_ok apply app.yaml
assert_eq "$(slots | grep -c running)" 3 "slots that run"
assert_lacks "$(slots)" "$other"
tm_ok events bad
assert_contains "$out" "address $other is taken by endpoint 'stranger'"
# None is left for the fifth, until the stranger goes.
file "$(replicas good 5)"
tm apply app.yaml --timeout 3s
assert_rc 5
assert_eq "$(slots | grep -c running)" 4 "slots that run"
assert_contains "$err" "all addresses of 10.220.95.0/29, the slice of hcs, are taken, 1 of them by somebody else on this host"
stranger stranger
tm_ok apply app.yaml
assert_contains "$(slots)" "$other"

# -- a slice that the host routes elsewhere --------------------------------------------------------
tm_ok down bad
ip route add 10.220.95.0/24 dev lo
import_busybox
file "$(replicas good 1)" "linux: { image: { name: local/busybox:1 }, network_mode: none,
    platform: { os: linux, arch: amd64 }, stop_grace_period: 1s,
    command: { entrypoint: [/bin/sh, -c, 'sleep 100000 & wait'] }"
tm apply app.yaml --timeout 2s
assert_rc 5
assert_contains "$err" "the slice 10.220.95.0/29 meets the host's route to 10.220.95.0/24 by lo"
assert_contains "$err" "choose another one: slices in the settings"
assert_eq "$(slots | grep -c '^linux-rep-0 running')" 1 "the Linux half"
assert_eq "$(hcs_left)" "" "what is left of the tries"
ip route del 10.220.95.0/24 dev lo
tm_ok apply app.yaml
