#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No status is lost: as many containers end as others are made, all beside one another. Each of N jobs
# waits at a gate of its own and then ends with a code of its own; container n of another service opens
# gate n as soon as it runs. N is 200, 40 where containers are dear. By a command, then by a daemon.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox
n=200
((${TEST_CONTAINERS:-60} >= n)) || n=40

mkdir gates
for ((i = 0; i < n; i++)); do mkfifo "gates/$i"; done

# file JOBS SPAWNS: the jobs' replicas and those of the others; a slot's number is the end of its name
file() {
	local service name replicas rtype
	printf 'version: v1\ndeployment: exits\nservices:\n'
	for service in "job $1 job" "web $2 service"; do
		read -r name replicas rtype <<<"$service"
		cat <<EOT
  $name:
    rtype: $rtype
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args: ['${program[$name]}']
    storage: [{ type: bind, source: $TEST_TMP/gates, target: /gates }]
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: $replicas }
    network_mode: none
EOT
	done
}
declare -A program
program[job]='h=$(hostname); h=${h##*-}; read -r _ </gates/$h; exit $((h + 1))'
program[web]='h=$(hostname); echo >/gates/${h##*-}; exec sleep 100000'

# ends: `SLOT GENERATION STATE CODE`, a line for each job
ends() {
	"$TALLYMAN" status exits -o json | python3 -c 'import json, sys
for i in sorted(json.load(sys.stdin)["instances"], key=lambda i: i["replica"]):
    if i["service"] == "job": print(i["replica"], i["generation"], i["state"], i["exit_code"])'
}
all_ended() { [[ $(ends | grep -c " done ") == "$n" ]]; }

round=0
for by in command daemon; do
	round=$((round + 1))
	file $n 0 >app.yaml
	tm_ok apply app.yaml
	assert_eq "$(ends | grep -c " running None")" $n "jobs at their gates"
	[[ $by == command ]] || start_daemon
	file $n $n >app.yaml
	tm_ok apply app.yaml
	wait_for 60 all_ended
	assert_eq "$(ends)" "$(for ((i = 0; i < n; i++)); do echo "$i $round done $((i + 1))"; done)" "exit codes"
	assert_eq "$(ids exits | grep -c "web-rep-")" $n "those that were made meanwhile"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	[[ $by == command ]] || end_daemon
	tm_ok down exits
	echo "$n exits beside $n spawns by a $by: all codes right"
done
