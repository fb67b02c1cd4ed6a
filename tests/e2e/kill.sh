#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the controller at random moments of an apply of 50 containers, until so many as KILLS
# (15) have hit it. Every other time from nothing, else half of them is replaced. The next apply
# converges: whoever ran at that moment and is wanted keeps its process, nobody is there twice,
# nothing is left over.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
need_runtime
import_busybox
kills=${KILLS:-15}
half=25
slots=$(for ((i = 0; i < half; i++)); do echo "kept-rep-$i" "turn-rep-$i"; done)

service() { # NAME TURN
	printf '  %s:\n    image: { name: local/busybox:1 }\n    env: { TURN: turn-%s }\n' "$1" "$2"
	printf '    command: { entrypoint: [/bin/sleep, "100000"] }\n    network_mode: none\n'
	printf '    stop_signal: SIGKILL\n    tallyman: { update: { max_parallel: %s } }\n' $half
	printf '    scale: { mode: fixed, replicas: %s }\n' $half
}
write_file() { # TURN
	{ printf 'version: v1\ndeployment: kill\nservices:\n' && service kept 0 && service turn "$1"; } >app.yaml
}

# running TURN: `id pid` of those that run their program, and as the file has it
running() {
	local id pid want
	for id in $(names_in "$TALLYMAN_STATE_DIR/bundles"); do
		pid=$(pid_of "$id" 2>/dev/null) || continue
		want=turn-0
		[[ $id == kill.turn-* ]] && want=turn-$1
		# Between create and start it is the runtime's own program.
		[[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */busybox ]] || continue
		tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "TURN=$want" && echo "$id $pid"
	done 2>/dev/null
	return 0
}

below() { echo $(($(od -An -N4 -tu4 /dev/urandom) % $1)); }

# killed_apply: in the middle, if it is still on its way then
killed_apply() {
	local victim
	"$TALLYMAN" apply app.yaml >/dev/null 2>&1 </dev/null &
	victim=$!
	moment=$((50 + $(below "$lasts")))
	sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
	kill -9 "$victim" 2>/dev/null || true
	rc=0
	wait "$victim" 2>/dev/null || rc=$?
	if [[ $rc == 137 ]]; then n_killed=$((n_killed + 1)); else lasts=$moment; fi # it was done before
	at_crash=" after a kill at $moment ms of round $round"
}

write_file 1
began=$(date +%s%N)
tm_ok apply app.yaml
lasts=$((($(date +%s%N) - began) / 1000000))
n_killed=0 n_kept=0
for ((round = 1; n_killed < kills && round <= 4 * kills; round++)); do
	turn=$((round + 1))
	((round % 2)) && tm_ok down kill
	write_file $turn
	killed_apply
	running $turn >before
	tm_ok apply app.yaml
	# shellcheck disable=SC2086
	whole kill $slots
	running $turn >after
	assert_eq "$(wc -l <after)" $((2 * half)) "running$at_crash"
	assert_eq "$(sort before | comm -23 - <(sort after))" "" "had to leave its process$at_crash"
	n_kept=$((n_kept + $(wc -l <before)))
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
done
echo "$n_killed of $((round - 1)) kills in the middle of an apply of 50: $n_kept containers ran then, 0 restarted, 0 doubled, 0 left over"
((n_killed == kills)) || fail "hardly any apply was hit"
