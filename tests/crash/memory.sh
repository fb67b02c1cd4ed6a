#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A command dies at its first crash point, at its second, and so on until it reaches the end: after
# each the same command, over the model, does what is left, and once. Three commands: a first apply;
# one that changes, adds, scales and removes; a down. What is healthy and wanted keeps its container.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"

service() { # NAME REPLICAS COLOR
	printf '  %s:\n    image: { name: local/busybox:1 }\n    env: { COLOR: %s }\n' "$1" "$3"
	printf '    stop_grace_period: 0s\n    scale: { mode: fixed, replicas: %s }\n' "$2"
}
{
	printf 'version: v1\ndeployment: crash\nservices:\n'
	service kept 1 red
	service changed 1 red
	service leaves 1 red
} >first.yaml
{
	printf 'version: v1\ndeployment: crash\nservices:\n'
	service kept 2 red
	service changed 1 blue
	service comes 1 red
} >second.yaml

# The store and the model's world are the state directory: a copy is as good as the moment.
back_to() { rm -rf "$TALLYMAN_STATE_DIR" && cp -a "$1" "$TALLYMAN_STATE_DIR"; }

look() { python3 "$TEST_SOURCE_DIR/tests/support/crash_look.py" "$TALLYMAN_STATE_DIR/memory" "$@"; }

# loop NAME WANT GOES COMMAND...: from the state in NAME; GOES matches what is not wanted any more
loop() {
	local from=$1 want=$2 goes=$3 n=1 stays
	shift 3
	while :; do
		back_to "$from"
		crash_at $n "$TALLYMAN" --runtime memory "$@" || break
		stays=$(look | grep -vE "$goes" || true)
		tm_ok --runtime memory "$@"
		run look "$want" "$stays"
		[[ $rc == 0 ]] || fail "after a crash at $(<"$crashed"): $out $err"
		((n++))
	done
	points=$((points + n - 1))
}

points=0
mkdir empty
loop empty 'changed-0 kept-0 leaves-0' none apply first.yaml
cp -a "$TALLYMAN_STATE_DIR" one
loop one 'changed-0 comes-0 kept-0 kept-1' 'leaves-0|changed-0.1' apply second.yaml
tm_ok apply --runtime memory second.yaml
assert_contains "$out" "Plan: nothing to do"
cp -a "$TALLYMAN_STATE_DIR" two
loop two '' . down crash
echo "$points crash points of three commands, over the model"
((points > 60)) || fail "too few"
