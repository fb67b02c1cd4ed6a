#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# daemon.sh: figures of the daemon with 200 containers; rows as measure.sh's. Idle: nothing changes
# for half a minute, and then CPU time that was spent and turns that the loop made are somebody's
# timer. An end: from the kill to the moment the daemon has written down that the process ended.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
: "${BENCH_REPS:?}" "${BENCH_PROGRAMS:?}"
need_runtime
many=200 idle_s=30

row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'; }
api() { curl -sS --fail-with-body --unix-socket "$TALLYMAN_RUN_DIR/api.sock" "http://tallyman$1" "${@:2}"; }
ready() { api /readyz >/dev/null 2>&1; }
metric() { api /metrics | awk -v name="$1" '$1 == name { print $2 }'; }
# cpu_ms PID: of it alone; ended children were somebody's work
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$1/stat"; }

mkdir -p .image/bin && cp "$BENCH_PROGRAMS/bench_pause" .image/bin/pause
tar -C .image -cf pause.tar .
tm_ok image import pause.tar --as local/pause:1 --os linux
cat >many.yaml <<EOT
version: v1
deployment: many
services:
  web:
    image: { name: local/pause:1 }
    command: { entrypoint: [/bin/pause] }
    scale: { mode: fixed, replicas: $many }
    network_mode: none
EOT
"$TALLYMAN" run >/dev/null 2>daemon.err &
daemon=$!
wait_for 20 ready
tm_ok apply many.yaml --timeout 9m
shim=$(shim_pid)
sleep 3 # what the apply left to do is done

before=$(cpu_ms $daemon) before_shim=$(cpu_ms "$shim") turns=$(metric tallyman_loop_turns_total)
sleep $idle_s
after=$(cpu_ms $daemon) after_shim=$(cpu_ms "$shim")
turns=$(($(metric tallyman_loop_turns_total) - turns - 1)) # one for the question itself
percent() { awk -v ms="$(awk "BEGIN { print $2 - $1 }")" -v s=$idle_s 'BEGIN { printf "%.2f", ms / s / 10 }'; }
row "daemon with $many containers, idle $idle_s s, CPU %" "$(percent "$before" "$after")" \
	"its shim $(percent "$before_shim" "$after_shim")" "" "< 0.5"
row "  turns of its loop meanwhile" "$turns" "" "" "0"

ends=()
for ((i = 0; i < BENCH_REPS; i++)); do
	read -r id victim < <("$TALLYMAN" status many -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    if i["state"] == "running": print(i["id"], i["pid"]); break')
	begin=${EPOCHREALTIME/./}
	kill -9 "$victim"
	seen=""
	for ((k = 0; k < 100 && ${#seen} == 0; k++)); do
		sleep 0.05
		seen=$("$TALLYMAN" events many -o json --tail 20 | python3 -c 'import datetime, json, sys
for e in json.load(sys.stdin)["events"]:
    if e["kind"] == "exited" and sys.argv[1] in e["message"]:
        t = datetime.datetime.fromisoformat(e["first"].replace("Z", "+00:00"))
        print(int(t.timestamp() * 1e6)); break' "$id")
	done
	ends+=("$(awk "BEGIN { print (${seen:-$begin} - $begin) / 1000 }")")
	sleep 2
done
row "from a kill to the end written down, ms" "$(printf '%s\n' "${ends[@]}" | median)" "" "" "< 100"
kill -TERM $daemon
wait $daemon
