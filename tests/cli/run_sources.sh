#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One source cannot be read and another is edited; a file moves from one to the other: a deployment
# is known by its name, not by where its file lies, so no slot ever has two instances, and what did
# not change keeps its own.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

mkdir a b
printf 'watch: [{path: %s/a, prune: true}, {path: %s/b, prune: true}]\n' "$PWD" "$PWD" >config.yaml
export TALLYMAN_CONFIG=$PWD/config.yaml
look() { python3 "$TEST_SOURCE_DIR/tests/support/crash_look.py" "$TALLYMAN_STATE_DIR/memory" | sort | tr '\n' ' '; }

deployment() { # NAME COLOR REPLICAS
	printf 'version: v1\ndeployment: %s\nservices:\n  %s: { image: { name: "busybox:1" }, env: { COLOR: %s },' "$1" "$1" "$2"
	printf ' stop_grace_period: 0s, scale: { mode: fixed, replicas: %s } }\n' "$3"
}
put() { cat >.new && mv .new "$1"; }

# ends_as WANT: the model becomes so, and no slot has two on the way there
ends_as() {
	local end=$((SECONDS + 20)) now
	until now=$(look) && [[ $now == "$1" ]]; do
		assert_eq "$(tr ' ' '\n' <<<"$now" | cut -d. -f1 | sed '/^$/d' | uniq -d)" "" "slots that are there twice"
		((SECONDS < end)) || fail "'$now' does not become '$1'"
	done
}

deployment shop red 2 | put a/shop.yaml
deployment other red 1 | put b/other.yaml
start run "${memory[@]}" --log-level info
ends_as 'other-0.1 shop-0.1 shop-1.1 '

# b is gone, and a is edited meanwhile.
mv b away
deployment shop blue 2 | put a/shop.yaml
ends_as 'other-0.1 shop-0.2 shop-1.2 '
mv away b

# The files change places, at once and not.
mv a/shop.yaml b/shop.yaml
deployment other blue 1 | put a/other.yaml
rm b/other.yaml
deployment shop blue 3 | put b/shop.yaml
ends_as 'other-0.2 shop-0.2 shop-1.2 shop-2.1 '
kill -TERM "$pid"
wait "$pid" || fail "the daemon ended with $?"

# And a daemon that comes later changes nothing.
start run "${memory[@]}" --log-level info
sleep 2
ends_as 'other-0.2 shop-0.2 shop-1.2 shop-2.1 '
kill -TERM "$pid"
wait "$pid"
