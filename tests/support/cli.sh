# SPDX-License-Identifier: Apache-2.0
# Shared by tests/cli/*.sh, sourced after lib.sh: what commands say, in text and in JSON, and
# commands that run beside the test.
# shellcheck shell=bash

memory=(--runtime memory) # the model: no root, no containers
files=$TEST_SOURCE_DIR/tests/cli/files

# holds EXPRESSION...: stdout is one JSON document, and the expressions over it, `d`, are true
holds() {
	python3 -c 'import json, sys
d = json.load(sys.stdin)
for e in sys.argv[1:]:
    assert eval(e), e' "$@" <<<"$out" 2>"$TEST_TMP/.why" ||
		{ lib_show; tail -n 1 "$TEST_TMP/.why" >&2; fail "not as expected: $*"; }
}

# is_json [EXPRESSION...]: the same for a document of ours, which has a schema
is_json() { holds 'd["schema"].startswith("tallyman.") and d["schema"].endswith(".v1")' "$@"; }

# error_json [EXPRESSION...]: the document says what stderr says
error_json() {
	is_json 'd["schema"] == "tallyman.error.v1" and d["message"] and d["code"]' "$@"
	assert_contains "$err" "tallyman: error: "
}

# wrong PART ARGS...: a usage error that says PART; nothing on stdout, a hint, exit 64
wrong() {
	local part=$1
	shift
	tm "$@"
	assert_rc 64
	assert_eq "$out" "" "stdout"
	assert_contains "$err" "tallyman: error: "
	assert_contains "$err" "$part"
	assert_contains "$err" "hint: "
}

# refused RC PART ARGS...: ends with RC, one error that says PART, stdout empty
refused() {
	local rc_want=$1 part=$2
	shift 2
	tm "$@"
	assert_rc "$rc_want"
	assert_eq "$out" "" "stdout"
	assert_eq "$(grep -c '^tallyman: error: ' <<<"$err")" 1 "errors"
	assert_contains "$err" "$part"
}

# lines N TEXT: TEXT has N lines
lines() { assert_eq "$(printf '%s' "${2:+$2$'\n'}" | wc -l)" "$1" "lines"; }

# start ARGS...: the program beside the test, as a terminal would start it; $pid
start() {
	: >"$TEST_TMP/.beside.out" # what the one before has said is not this one's
	: >"$TEST_TMP/.beside.err"
	env --default-signal=INT,TERM,PIPE "$TALLYMAN" "$@" \
		>"$TEST_TMP/.beside.out" 2>"$TEST_TMP/.beside.err" </dev/null &
	pid=$!
	ran_last="$* (beside)"
	started+=("$pid")
}
started=()

# said PART: what was started has printed it, on either stream
said() { grep -qF -- "$1" "$TEST_TMP/.beside.out" "$TEST_TMP/.beside.err"; }

# finish: wait for it: $rc, $out, $err
finish() {
	rc=0
	wait "$pid" || rc=$?
	out=$(<"$TEST_TMP/.beside.out")
	err=$(<"$TEST_TMP/.beside.err")
}

# Whatever happens to the test, nothing it started stays.
cli_cleanup() {
	local rc=$? p
	set +e
	for p in "${started[@]}"; do kill -KILL "$p" 2>/dev/null; done
	(exit "$rc")
	lib_cleanup
}
trap cli_cleanup EXIT
