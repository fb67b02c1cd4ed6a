#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What apply and down say while they work: on a pipe, on a terminal, for programs, and not at all.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml

# Plain lines on a pipe: what is begun, what ended, what came to rest. Results go to stdout.
tm_ok apply "${memory[@]}" "$shop"
for line in "shop: + create db-rep-0: not there" "shop: shop.batch-rep-0.1 ended with 0" \
	"shop: db-rep-0 running" "shop: batch-rep-0 done"; do
	assert_contains "$err" "$line"
	assert_lacks "$out" "$line"
done
assert_lacks "$err" $'\033'
assert_eq "$(tail -n 1 <<<"$out")" "shop: 3 running, 1 done"
# Nothing happens: nothing is told.
tm_ok apply "${memory[@]}" "$shop" --progress plain
assert_eq "$err" "" "stderr"
assert_eq "$out" $'Plan: nothing to do\nshop: 3 running, 1 done'
tm_ok down "${memory[@]}" shop
assert_contains "$err" "shop: db-rep-0 gone"
assert_eq "$(tail -n 1 <<<"$out")" "shop: nothing left"

# For programs: each line an object, beside the document on stdout.
tm_ok apply "${memory[@]}" "$shop" --progress json -o json
is_json 'd["schema"] == "tallyman.apply.v1" and d["outcome"] == "converged"'
python3 - <<<"$err" <(printf '%s\n' "$err") <<'EOT' || fail "progress is not as expected"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert all(x["schema"] == "tallyman.progress.v1" for x in lines)
assert {"what": "state", "deployment": "shop", "service": "db", "replica": 0,
        "state": "running"}.items() <= next(
    x for x in lines if x["what"] == "state" and x["service"] == "db").items()
assert any(x["what"] == "create" and x["service"] == "web" and x["replica"] == 1 for x in lines)
EOT

# Quiet: no progress, but what went wrong.
tm_ok down "${memory[@]}" shop --progress quiet
assert_eq "$err" "" "stderr"
tm apply "${memory[@]}" "$files/odd.yaml" --progress quiet
assert_rc 4
assert_lacks "$err" "create"
assert_contains "$err" "tallyman: error: odd/secret-rep-0: "

wrong "--progress is auto, tty, plain, json or quiet" apply "$shop" --progress loud
assert_lacks "$("$TALLYMAN" status "${memory[@]}")" shop

# A terminal: the same, above a line that is rewritten, and gone at the end. Colours only where
# nobody said no to them.
on_terminal() { # COMMAND LINE...
	run script -qec "$*" /dev/null
}
command -v script >/dev/null || skip "no script(1) to make a terminal"
export TERM=xterm
unset NO_COLOR
on_terminal "'$TALLYMAN' apply --runtime memory '$shop'"
assert_rc 0
[[ $out == *$'\r\033[K'[1-4]" working"* ]] || { lib_show; fail "no line that is rewritten"; }
assert_contains "$out" "shop: db-rep-0 running"
assert_contains "$out" $'\r\033[K'"shop: 3 running"
tm_ok down "${memory[@]}" shop
on_terminal "TERM=dumb '$TALLYMAN' apply --runtime memory '$shop'"
assert_lacks "$out" $'\033['
on_terminal "'$TALLYMAN' status --runtime memory none"
assert_contains "$out" $'\033[31merror:'
on_terminal "NO_COLOR=1 '$TALLYMAN' status --runtime memory none"
assert_lacks "$out" $'\033[3'
on_terminal "'$TALLYMAN' down --all --runtime memory --progress plain"
assert_lacks "$out" $'\033[K'
tm_ok apply "${memory[@]}" "$shop" --progress tty
assert_contains "$err" $'\r\033[K'
assert_lacks "$out" $'\033'
