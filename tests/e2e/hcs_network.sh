#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The network of Windows containers in bad times: HNS is not there yet and comes late; it starts again
# while containers are made; the shim is killed at each call of its set-up; the host is started again
# more often than the slice has addresses. In the end everything runs, each thing is there once, no
# restart is counted that was nobody's fault, and nothing is left.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.94.0/29, youki: 10.220.97.0/28 }"
import_windows

file() { # REPLICAS
	cat >app.yaml <<-EOF
		version: v1
		deployment: net
		services:
		  web:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    scale: { mode: fixed, replicas: $1 }
	EOF
}
field() {
	"$TALLYMAN" status net -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]: print(*(i[k] for k in sys.argv[1:]))' "$@" | sort
}
# counts: systems, endpoints, namespaces and networks there are
counts() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
host = json.load(sys.stdin)
print(*(len(host[kind]) for kind in ("Systems", "Endpoints", "Namespaces", "Networks")))'
}
hits() { "$HCS_SIM" faults | grep -o '"hits": *[0-9]*' | grep -o '[0-9]*$'; }
is_hit() { (($(hits) > 0)); }

# -- the network appears late ---------------------------------------------------------------------
"$HCS_SIM" fault '{"call": "Hcn*", "do": "error", "hr": "HCN_E_MANAGER_STOPPED", "times": 0}' >/dev/null
file 3
"$TALLYMAN" apply app.yaml >late.out 2>&1 &
apply=$!
is_hit_often() { (($(hits) > 6)); }
wait_for 60 is_hit_often
assert_eq "$(systems "$OWNER")" "" "systems before there is a network"
"$HCS_SIM" clear >/dev/null
wait $apply || fail "apply ended with $?: $(<late.out)"
assert_eq "$(field state restarts)" $'running 0\nrunning 0\nrunning 0' "states and restarts"
assert_eq "$(counts)" "3 3 3 1" "systems, endpoints, namespaces, networks"

# -- HNS starts again while containers are made ------------------------------------------------------
tm_ok down net
"$HCS_SIM" fault '{"call": "HcnCreateEndpoint", "nth": 2, "do": "restart"}' >/dev/null
tm_ok apply app.yaml
is_hit || fail "HNS did not start again"
"$HCS_SIM" clear >/dev/null
assert_eq "$(field state restarts)" $'running 0\nrunning 0\nrunning 0' "states and restarts"
assert_eq "$(counts)" "3 3 3 1" "systems, endpoints, namespaces, networks"

# -- more reboots than addresses ---------------------------------------------------------------------
for ((i = 1; i <= ${REBOOTS:-8}; i++)); do
	"$HCS_SIM" reboot >/dev/null
	tm_ok apply app.yaml
	assert_eq "$(counts)" "3 3 3 1" "systems, endpoints, namespaces, networks after reboot $i"
done
assert_eq "$(field address | sort -u | wc -l)" 3 "addresses"

# -- killed at each call of the set-up ----------------------------------------------------------------
# KILL_STEP=1: at each; the normal run takes every fifth.
killed=0
tm_ok down net
file 1
for ((n = 1; ; n += ${KILL_STEP:-5})); do
	"$HCS_SIM" fault "{\"call\": \"Hcn*\", \"nth\": $n, \"do\": \"hang\", \"after\": true}" >/dev/null
	"$TALLYMAN" apply app.yaml >kill.out 2>&1 &
	apply=$!
	over() { is_hit || ! kill -0 $apply 2>/dev/null; }
	wait_for 60 over
	if ! is_hit; then # beyond the last one
		wait $apply || fail "apply ended with $?: $(<kill.out)"
		break
	fi
	kill -9 $apply "$(cat "$TALLYMAN_RUN_DIR/shim-hcs.lock")"
	wait $apply 2>/dev/null || true
	"$HCS_SIM" clear >/dev/null
	tm_ok apply app.yaml
	assert_eq "$(counts)" "1 1 1 1" "what there is after a kill at call $n"
	tm_ok down net
	assert_eq "$(hcs_left)" "" "what is left after a kill at call $n"
	killed=$((killed + 1))
done
((killed > 3)) || fail "only $killed calls of the network were met"
echo "KILLED at $killed calls of the network's set-up"
"$HCS_SIM" clear >/dev/null
assert_eq "$(counts)" "1 1 1 1" "what there is in the end"

# -- a shutdown that fails is followed by a terminate ------------------------------------------------------
tm_ok apply app.yaml
"$HCS_SIM" fault '{"call": "HcsShutDown*", "do": "error", "times": 0}' >/dev/null
tm_ok down net
is_hit || fail "no shutdown was asked for"
assert_eq "$(hcs_left)" "" "what is left after a shutdown that failed"
"$HCS_SIM" clear >/dev/null
