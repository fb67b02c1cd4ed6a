#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The API's socket is taken away under a running daemon, and comes back; a place that cannot have one
# is a clear error at start.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

socket=$TALLYMAN_RUN_DIR/memory/api.sock
answers() { curl -sS --fail --unix-socket "$socket" http://t/readyz >/dev/null 2>&1; }

start run "${memory[@]}"
wait_for 20 answers
rm "$socket"
wait_for 20 answers
said "listening again" || fail "nobody was told"
tm_ok apply "$files/shop.yaml" "${memory[@]}"
mv "$TALLYMAN_RUN_DIR/memory" aside # its directory, too
wait_for 20 answers

# Something else lies there: it stays, the daemon says so, and goes on when it is gone.
touch other
mv other "$socket"
wait_for 20 said "is there and is no socket"
rm "$socket"
wait_for 20 answers
tm_ok down shop "${memory[@]}"
kill -TERM "$pid"
wait "$pid"
[[ ! -e $socket ]] || fail "the socket stays behind"

long=$TEST_TMP/$(printf 'long%.0s' {1..30})
for runtime in "" "${memory[*]}"; do
	# shellcheck disable=SC2086
	refused 1 "the run directory is too long: its sockets would have" run $runtime --run-dir "$long"
	assert_contains "$err" "hint: choose a shorter one"
done
[[ ! -e $TALLYMAN_STATE_DIR/tallyman.db && ! -e $long ]] || fail "it began before it saw that"
