#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A command and a daemon of two versions: the command is handed over as ever, and says so once.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
ours=$TALLYMAN
version_of() { "$1" version -o json | sed -n 's/.*"version": "\([^"]*\)".*/\1/p'; }
old=$(version_of "$TALLYMAN") new=$(version_of "$TALLYMAN_NEXT")
[[ $old != "$new" ]] || fail "two programs of one version"

told() { # N ARGS...: the command tells of the two versions N times
	local n=$1
	shift
	tm "$@" "${memory[@]}"
	assert_eq "$(grep -cF "the daemon is tallyman $old, this command is $new" <<<"$err")" "$n" \
		"times $1 warned"
}
answers() { curl -sS --fail --unix-socket "$TALLYMAN_RUN_DIR/memory/api.sock" http://t/readyz >/dev/null 2>&1; }

start run "${memory[@]}"
wait_for 20 answers
told 0 apply "$shop"
TALLYMAN=$TALLYMAN_NEXT
told 1 apply "$shop"
assert_rc 0
told 1 apply "$shop" -o json --progress quiet
is_json 'd["schema"] == "tallyman.apply.v1"'
told 1 restart shop/web
assert_rc 0
told 1 sweep
assert_rc 0
told 1 stop shp # a refusal
assert_contains "$err" "did you mean 'shop'?"
told 0 status # reads the store itself
TALLYMAN=$ours
told 0 down shop
kill -TERM "$pid"
wait "$pid"
