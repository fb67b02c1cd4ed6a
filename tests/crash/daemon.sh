#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon dies at a crash point while it takes over a changed file from a watched directory, over
# the model: at its first point, at its fourth and so on until it has come to rest. The next one does
# what is left, and once; what is healthy and wanted keeps its container.
# CRASH_STRIDE: every so many points (3).
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
stride=${CRASH_STRIDE:-3}

mkdir watched
printf 'watch: [{path: %s/watched, prune: true}]\n' "$PWD" >config.yaml
export TALLYMAN_CONFIG=$PWD/config.yaml
service() { # NAME REPLICAS COLOR
	printf '  %s: { image: { name: local/busybox:1 }, env: { COLOR: %s }, stop_grace_period: 0s,' "$1" "$3"
	printf ' scale: { mode: fixed, replicas: %s } }\n' "$2"
}
put() { # NAME: what stdin says, long ago
	cat >watched/.new
	touch -d '1 hour ago' watched/.new
	mv watched/.new "watched/$1.yaml"
}
file() { printf 'version: v1\ndeployment: %s\nservices:\n' "$1"; }
look() { python3 "$TEST_SOURCE_DIR/tests/support/crash_look.py" "$TALLYMAN_STATE_DIR/memory" "$@"; }
is_so() { look "$want" "$stays" >.looked 2>&1; }
gone() { ! kill -0 "$pid" 2>/dev/null; }
gone_or_so() { gone || is_so; }
# end: SIGTERM, and it has ended
end() {
	kill -TERM "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

{ file shop && service kept 1 red && service changed 1 red && service leaves 1 red; } | put shop
{ file other && service goes 1 red; } | put other
start run "${memory[@]}"
want='changed-0 goes-0 kept-0 leaves-0' stays=''
wait_for 30 is_so
end
cp -a "$TALLYMAN_STATE_DIR" before

{ file shop && service kept 2 red && service changed 1 blue && service comes 1 red; } | put shop
rm watched/other.yaml
want='changed-0 comes-0 kept-0 kept-1'
for ((n = 1; ; n += stride)); do
	rm -rf "$TALLYMAN_STATE_DIR" "$crashed" && cp -a before "$TALLYMAN_STATE_DIR"
	stays=''
	CRASH_AT=$n:$crashed start run "${memory[@]}"
	wait_for 30 gone_or_so
	end
	[[ -e $crashed ]] || break
	stays=$(look | grep -vE 'leaves|goes|changed-0.1' || true)
	start run "${memory[@]}"
	wait_for 30 is_so
	end
	is_so || fail "after a crash at $(<"$crashed"): $(<.looked)"
done
echo "every ${stride}th of some $n crash points of a daemon, over the model"
((n > 50)) || fail "too few"
