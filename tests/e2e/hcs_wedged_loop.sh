#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon with one file for two operating systems, and from one moment on, in the middle of making
# twenty Windows containers, no call of the Host Compute Service returns. Changes of the Linux half go
# on as before: how long each takes, until the new container runs, is measured before and meanwhile, and
# both medians are printed. That the service hangs, with all the work that it may be given and no more,
# is what is asserted. When it answers again, what it had made by then is adopted.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.96.0/26, youki: 10.220.97.0/28 }"
import_windows
import_busybox
mkdir marks
printf 'watch: [{ path: %s }]\n' "$PWD/app.yaml" >>"$TALLYMAN_CONFIG"
changes=9

file() { # WINDOWS_REPLICAS MARK
	cat >app.new <<-EOF
		version: v1
		deployment: wedged
		services:
		  win-svc:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    scale: { mode: fixed, replicas: $1 }
		    tallyman: { update: { max_parallel: 20 } }
		  lin-svc:
		    image: { name: local/busybox:1 }
		    platform: { os: linux, arch: amd64 }
		    env: { MARK: "$2" }
		    command: { entrypoint: [/bin/sh, -c, 'touch /marks/\$MARK; exec sleep 100000'] }
		    storage: [{ type: bind, source: $PWD/marks, target: /marks }]
		    stop_signal: SIGKILL
		    network_mode: none
	EOF
	mv app.new app.yaml
}
identities() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
for s in json.load(sys.stdin)["Systems"]:
    if s["Processes"]: print(s["Id"], *(p["ProcessId"] for p in s["Processes"]))' | sort
}
hanging() { "$HCS_SIM" faults | grep -o '"hits": *[0-9]*' | grep -o '[0-9]*$'; }
hangs() { (($(hanging) > 0)); }
has_systems() { (($(identities | wc -l) >= $1)); }

# change WINDOWS_REPLICAS MARK: milliseconds until the Linux container of that change runs
change() {
	local before
	before=$(date +%s%N)
	file "$1" "$2"
	kill -HUP "$daemon"
	wait_for 60 test -e "marks/$2"
	echo $((($(stat -c %.9Y "marks/$2" | tr -d .) - before) / 1000000))
}
median() { sort -n | sed -n "$(((changes + 1) / 2))p"; }
measure() { # WINDOWS_REPLICAS PREFIX
	local i
	for ((i = 0; i < changes; i++)); do change "$1" "$2-$i"; done
}

file 0 first
start_daemon
wait_for 60 test -e marks/first
measure 0 before >before.ms

# From the middle of the creates on.
"$HCS_SIM" fault '{"call": "*", "nth": 400, "do": "hang", "at": "call", "times": 0}' >/dev/null
change 20 wedge >/dev/null
wait_for 60 hangs
made=$(identities)
measure 20 meanwhile >meanwhile.ms
(($(hanging) > 0)) || fail "nothing hangs: what is shown here is something else"
(($(hanging) <= 12)) || fail "$(hanging) calls were begun that do not return"
[[ $(wc -l <<<"$made") -lt 20 ]] || fail "the wedge came after the creates"
slowest() { sort -n | tail -n 1; }
echo "WEDGED: $changes changes of the Linux half: median $(median <before.ms) ms before and" \
	"$(median <meanwhile.ms) ms while HCS hangs, the slowest $(slowest <before.ms) and" \
	"$(slowest <meanwhile.ms) ms"

"$HCS_SIM" clear >/dev/null
wait_for 120 has_systems 20
end_daemon
assert_eq "$(comm -12 <(echo "$made") <(identities))" "$made" "what had been made by then"
assert_eq "$(systems "$OWNER" | cut -d. -f2 | sort -u | wc -l)" 20 "slots with a system"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
