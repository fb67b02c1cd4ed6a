#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A sweep dies at its first crash point, at its second and so on; then its shim does. Over the model
# at all of them, with real containers at some. After each the next sweep finishes: nothing of the
# orphans is left, on the host as in the store, and what is wanted keeps its very process.
# CRASH_STRIDE: every so many points of real containers (5), and three times that in the shim; 1: all.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
stride=${CRASH_STRIDE:-5}
shim_stride=$((stride == 1 ? 1 : 3 * stride))

file() { # DEPLOYMENT REPLICAS
	printf 'version: v1\ndeployment: %s\nservices:\n  web:\n    image: { name: local/busybox:1 }\n' "$1"
	# As the first process it would not even notice a SIGTERM without a word to that.
	printf '    command: { entrypoint: [/bin/sh, -c, "trap exit TERM; sleep 100000 & wait"] }\n'
	printf '    network_mode: none\n'
	printf '    stop_grace_period: 0s\n    scale: { mode: fixed, replicas: %s }\n' "$2"
}
file stays 1 >stays.yaml
file gone 2 >gone.yaml

# -- the model ---------------------------------------------------------------------------------
state=$TALLYMAN_STATE_DIR/memory
in_world() { python3 "$TEST_SOURCE_DIR/tests/support/crash_look.py" "$state" "$@"; }
tm_ok apply --runtime memory stays.yaml
tm_ok apply --runtime memory gone.yaml
forget gone "$state"
cp -a "$TALLYMAN_STATE_DIR" before
for mode in delete quarantine; do
	for ((n = 1; ; n++)); do
		rm -rf "$TALLYMAN_STATE_DIR"
		cp -a before "$TALLYMAN_STATE_DIR"
		rm -f "$crashed"
		run env "CRASH_AT=$n:$crashed" "$TALLYMAN" sweep --runtime memory --now --mode $mode 2>/dev/null
		[[ -e $crashed ]] || break
		assert_rc 137
		tm sweep --runtime memory --now --mode $mode
		[[ $mode == delete ]] && want=0 || want=4
		[[ $rc == "$want" ]] || { lib_show; fail "after a crash at $(<"$crashed")"; }
		assert_lacks "$out" stuck:
		tm orphans ls --runtime memory
		[[ $mode == quarantine ]] || assert_lacks "$out" gone.
		assert_lacks "$out" going
		left=$(TALLYMAN_STATE_DIR=$state in_store 'SELECT step, runtime_id FROM intent')
		assert_eq "$left" "" "open intents after a crash at $(<"$crashed")"
		tm_ok apply --runtime memory stays.yaml
		assert_contains "$out" "Plan: nothing to do"
	done
	points=$((${points:-0} + n - 1))
done
echo "$points crash points of two sweeps, over the model"
((points > 30)) || fail "too few"
rm -rf "$TALLYMAN_STATE_DIR"

# -- real containers ---------------------------------------------------------------------------
need_runtime
import_busybox
tm_ok apply stays.yaml
kept=$(pids_of stays)
again() {
	tm_ok apply gone.yaml
	forget gone
}
finished() { # after a crash
	tm_ok sweep --now --mode delete
	assert_eq "$(things gone)" "" "what is left after a crash at $(<"$crashed")"
	assert_eq "$(in_store 'SELECT step, runtime_id FROM intent')" "" "open intents"
	assert_eq "$(in_store 'SELECT runtime_id FROM orphan')" "" "orphans remembered"
	assert_eq "$(pids_of stays)" "$kept" "the process that stays"
	for p in $kept; do alive "$p" || fail "process $p has ended"; done
}
again
for ((n = 1; ; n += stride)); do
	crash_at $n "$TALLYMAN" sweep --now --mode delete || break
	finished
	again
done
commands=$n
again
for ((n = 1; ; n += shim_stride)); do
	kill -9 "$(shim_pid)"
	rm -f "$crashed"
	run env "CRASH_AT=shim:$n:$crashed" "$TALLYMAN" sweep --now --mode delete 2>/dev/null
	[[ -e $crashed ]] || break
	finished
	again
done
echo "every ${stride}. of some $commands crash points of a sweep, every ${shim_stride}. of $n of its shim"
((commands > 10 && n > 10)) || fail "too few"
tm_ok sweep --now --mode delete
