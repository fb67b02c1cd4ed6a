#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C and --timeout of apply and down: what is under way is finished, the way on is said, and a
# second Ctrl-C leaves at once; whatever was left is taken up by the next command.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

world=$TALLYMAN_STATE_DIR/memory/world.json
loop=$files/restless.yaml
apply=(apply "${memory[@]}" "$loop" --timeout 60s)

# hold_step: a step begins, and hangs on the lock of the model's file until release. When a look
# was under way, that hangs instead and nothing begins: once more then.
replaced() { grep -cF "replace loop-rep-0" "$TEST_TMP/.beside.err"; }
hold_step() {
	local i n
	wait_for 20 said "waits before the next try"
	sleep 0.2
	while kill -0 "$pid"; do
		exec {held}<>"$world"
		flock "$held"
		n=$(replaced || true)
		for ((i = 0; i < 50; i++)); do
			(($(replaced || true) > n)) && return
			sleep 0.1
		done
		release
		sleep 0.5
	done
	fail "no step began"
}
release() { exec {held}>&-; }

# Nothing is under way: the first one ends it, and says what goes on.
start "${apply[@]}"
wait_for 20 said "ended with 1"
kill -INT "$pid"
finish
assert_rc 130
assert_contains "$err" "interrupted: what is under way is finished first"
assert_contains "$err" "interrupted; 'tallyman ${apply[*]}' goes on from here"
assert_contains "$out" "restless: 1 "

# In JSON the end is part of the document, and stdout has nothing else. SIGTERM is the same.
start "${apply[@]}" -o json
wait_for 20 said "ended with 1"
kill -TERM "$pid"
finish
assert_rc 130
is_json 'd["schema"] == "tallyman.apply.v1" and d["outcome"] == "interrupted"'
is_json 'd["instances"][0]["service"] == "loop" and len(d["plans"]) == 1'

# A step that hangs: the first Ctrl-C waits for it, the second does not.
start "${apply[@]}"
hold_step
kill -INT "$pid"
wait_for 20 said "what is under way is finished first"
kill -0 "$pid" || fail "the first Ctrl-C did not wait for the step"
kill -INT "$pid"
finish
assert_rc 130
assert_lacks "$err" "goes on from here"
release
# Its intent is on disk: the next command goes on as if nothing had been.
tm_ok down "${memory[@]}" restless
tm_ok status "${memory[@]}" -o json
is_json 'd["instances"] == []'

# The first waits for the step and ends well when that ends.
start "${apply[@]}"
hold_step
kill -INT "$pid"
wait_for 20 said "what is under way is finished first"
release
finish
assert_rc 130
assert_contains "$err" "goes on from here"

# Out of time: 5, what it waited for, and how to wait longer. A time that is long enough after all
# is no failure, whatever it is.
tm apply "${memory[@]}" "$loop" --timeout 3s
assert_rc 5
assert_contains "$err" "restless/loop-rep-0 is waiting: "
assert_contains "$err" "tallyman: error: the time to wait ran out"
assert_contains "$err" "hint: the same command goes on; --timeout waits longer"
tm apply "${memory[@]}" "$loop" --timeout 3s -o json
assert_rc 5
is_json 'd["outcome"] == "timed_out" and d["instances"][0]["next_action"]'
tm_ok apply "${memory[@]}" "$files/shop.yaml"
tm_ok apply "${memory[@]}" "$files/shop.yaml" --timeout 0s
assert_contains "$out" "Plan: nothing to do"
wrong "--timeout 'soon'" apply "$loop" --timeout soon
wrong "--timeout" down shop --timeout -3s

# Commands that follow end by the signal itself.
for command in "logs shop --follow" "events --follow"; do
	# shellcheck disable=SC2086
	start $command "${memory[@]}"
	sleep 0.3
	kill -INT "$pid"
	finish
	assert_rc 130
done
