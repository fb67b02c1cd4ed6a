#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# two_os.sh: figures of one file for two operating systems, Windows simulated; rows as measure.sh's.
# What a container costs there is the simulator's affair; whether it costs more when there are twice
# as many is ours. One run: 400 containers are dear.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.64.0/23, youki: 10.220.66.0/28 }"
import_windows
import_busybox
row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

services() { # N: of each
	local i
	printf 'version: v1\ndeployment: two\nservices:\n'
	for ((i = 0; i < $1; i++)); do
		cat <<-EOT
			  win$i: { image: { name: local/windows:1 }, stop_grace_period: 1s }
			  lin$i:
			    image: { name: local/busybox:1 }
			    platform: { os: linux, arch: amd64 }
			    command: { entrypoint: [/bin/sleep, "1000000"] }
			    stop_signal: SIGKILL
			    network_mode: none
		EOT
	done
}

# spent COMMAND...: $ms and $cpu of the command alone, in milliseconds
spent() {
	local begin=$EPOCHREALTIME
	TIMEFORMAT='%U %S'
	{ time run "$@"; } 2>cpu
	ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
	cpu=$(awk '{ printf "%d", ($1 + $2) * 1000 }' cpu)
	assert_rc 0
}

declare -A apply plan calls
for n in 100 200; do
	services $n >two.yaml
	before=$("$HCS_SIM" calls)
	spent "$TALLYMAN" apply two.yaml --timeout 10m
	apply[$n]="$ms $cpu"
	calls[$n]=$(($("$HCS_SIM" calls) - before))
	spent "$TALLYMAN" plan two.yaml
	assert_contains "$out" "nothing to do"
	plan[$n]="$ms $cpu"
done
read -r ms_1 cpu_1 <<<"${apply[100]}"
read -r ms_2 cpu_2 <<<"${apply[200]}"
row "apply of the first 100 + 100 services, ms" "$ms_1" "the next 100 + 100 $ms_2" "$(ratio "$ms_2" "$ms_1")" ""
row "  CPU of the command, ms" "$cpu_1" "the next $cpu_2" "$(ratio "$cpu_2" "$cpu_1")" ""
row "  calls of the Host Compute Service" "${calls[100]}" "the next ${calls[200]}" "$(ratio "${calls[200]}" "${calls[100]}")" ""
read -r ms_1 cpu_1 <<<"${plan[100]}"
read -r ms_2 cpu_2 <<<"${plan[200]}"
row "plan of 200 + 200, nothing to do, ms" "$ms_2" "of 100 + 100 $ms_1" "$(ratio "$ms_2" "$ms_1")" "< 3"
row "  CPU of the command, ms" "$cpu_2" "of 100 + 100 $cpu_1" "$(ratio "$cpu_2" "$cpu_1")" "< 3"
