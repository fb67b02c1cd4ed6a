#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real containers: an apply dies at its first crash point, at its second and so on; then its shim
# does, at each of its own. From one file to another and back, so that each apply makes, changes,
# scales and removes. After each crash the next apply does what is left, and once; the service that
# both files have keeps its very process from the first to the last.
# CRASH_STRIDE: every so many points (4; tests/long takes all).
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
need_runtime
import_busybox
stride=${CRASH_STRIDE:-4}

service() { # NAME REPLICAS COLOR
	printf '  %s:\n    image: { name: local/busybox:1 }\n    env: { COLOR: %s }\n' "$1" "$3"
	printf '    command: { entrypoint: [/bin/sleep, "100000"] }\n    network_mode: none\n'
	printf '    stop_grace_period: 0s\n    scale: { mode: fixed, replicas: %s }\n' "$2"
}
head='version: v1\ndeployment: crash\nservices:\n'
{ printf "$head" && service kept 1 red && service changed 1 red && service one 2 red; } >a.yaml
{ printf "$head" && service kept 1 red && service changed 1 blue && service two 1 red; } >b.yaml
slots_a='kept-rep-0 changed-rep-0 one-rep-0 one-rep-1'
slots_b='kept-rep-0 changed-rep-0 two-rep-0'

tm_ok apply a.yaml
kept=$(pid_of crash.kept-rep-0.1)
now=b

# mend: after a crash the file that was on its way is applied, and all is whole; the other is next
mend() {
	local slots=slots_$now
	at_crash=" after a crash at $(<"$crashed")"
	tm_ok apply $now.yaml
	# shellcheck disable=SC2086
	whole crash ${!slots}
	assert_eq "$(pid_of crash.kept-rep-0.1)" "$kept" "the process that stays$at_crash"
	alive "$kept" || fail "the process that stays has ended$at_crash"
	tm_ok apply $now.yaml
	assert_contains "$out" "Plan: nothing to do"
	[[ $now == a ]] && now=b || now=a
}

for ((n = 1; ; n += stride)); do
	crash_at $n "$TALLYMAN" apply $now.yaml || break
	mend
done
commands=$n
[[ $now == a ]] && now=b || now=a # that one came to its end

# A shim that is started for the command: the one before has died as well.
for ((n = 1; ; n += stride)); do
	kill_shim
	crash_shim_at $n "$TALLYMAN" apply $now.yaml || break
	mend
done
echo "every ${stride}th of some $commands crash points of an apply, and of $n of its shim"
((commands > 30 && n > 30)) || fail "too few"
