#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The disk of the state directory is full under a daemon: it begins nothing that it could not write
# down before, says so, and goes on by itself when there is room again. Over the model, whose world
# is on that disk too; so what it has done and what it wrote can be compared.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
[[ $(id -u) == 0 ]] || skip "mounts need root"

mkdir small watched
mount -t tmpfs -o size=8m none small
give_back() {
	local rc=$?
	set +e
	kill -9 "${pid:-}" 2>/dev/null
	umount -l "$TEST_TMP/small"
	(exit $rc)
	lib_cleanup
}
trap give_back EXIT
export TALLYMAN_STATE_DIR=$TEST_TMP/small/state TALLYMAN_CONFIG=$PWD/config.yaml
printf 'watch: [{path: %s/watched}]\n' "$PWD" >config.yaml
put() { # COLOR
	printf 'version: v1\ndeployment: shop\nservices:\n  web: { image: { name: "busybox:1" }, env: { COLOR: %s },' "$1" >.new
	printf ' stop_grace_period: 0s, scale: { mode: fixed, replicas: 3 } }\n' >>.new
	mv .new watched/shop.yaml
}
look() { python3 "$TEST_SOURCE_DIR/tests/support/crash_look.py" "$TALLYMAN_STATE_DIR/memory" "$@"; }
is_so() { [[ $(look | sort | tr '\n' ' ') == "$1" ]]; }
complains() { grep -qE 'full|No space left' "$TEST_TMP/.beside.err"; }
fill() { dd if=/dev/zero of=small/fill bs=4k 2>/dev/null || true; }

put red
start run "${memory[@]}"
wait_for 20 is_so 'web-0.1 web-1.1 web-2.1 '
for round in 1 2 3; do
	fill
	: >"$TEST_TMP/.beside.err"
	put "color$round"
	wait_for 30 complains
	sleep 1
	alive "$pid" || fail "the daemon ended"
	is_so "web-0.$round web-1.$round web-2.$round " || fail "it began something: $(look)"
	rm small/fill
	wait_for 60 is_so "web-0.$((round + 1)) web-1.$((round + 1)) web-2.$((round + 1)) "
done
kill -TERM "$pid"
wait "$pid" || fail "the daemon ended with $?"
run look 'web-0 web-1 web-2' 'web-0.4 web-1.4 web-2.4'
assert_rc 0
tm_ok status "${memory[@]}" shop
assert_eq "$(grep -c ' running ' <<<"$out")" 3 "running"
