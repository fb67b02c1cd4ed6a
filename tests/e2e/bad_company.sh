#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad company: a second tallyman at the same time, twenty at once, readers in crowds beside a writer;
# another store with the same owner, one that was emptied, one that was put back from a backup.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox

# file COMMAND GRACE: two replicas that run it
file() {
	cat <<EOT
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "$1"] }
    stop_grace_period: $2
    scale: { mode: fixed, replicas: 2 }
    network_mode: none
EOT
}
file "exec sleep 100000" 0s >app.yaml
file "exec sleep 100001" 0s >other.yaml
file "trap : TERM; while true; do sleep 0.1; done" 4s >stubborn.yaml
processes() { for p in "$TALLYMAN_STATE_DIR"/bundles/*/pid; do echo "$(<"$p")"; done | sort; }

# --- at the same time ---

# Twenty at once: who has the lock does it all, the others name the holder, nothing is there twice.
for i in {1..20}; do
	(
		rc=0
		"$TALLYMAN" apply app.yaml >/dev/null 2>"$i.err" </dev/null || rc=$?
		echo $rc >"$i.rc"
	) &
done
wait
winners=$(cat {1..20}.rc | grep -cx 0)
assert_eq "$(cat {1..20}.rc | grep -cvxE '0|6' || true)" 0 "exit codes that are neither 0 nor 6"
((winners >= 1)) || fail "nobody won"
assert_eq "$(grep -l 'is held by process [0-9]* (apply app.yaml)' ./*.err | wc -l)" $((20 - winners)) \
	"losers that name the holder"
assert_eq "$(grep -l 'hint: wait until it has ended' ./*.err | wc -l)" $((20 - winners)) "hints"
assert_eq "$(ids app | wc -l)" 2 "instances"
assert_eq "$(ls "$TALLYMAN_STATE_DIR/bundles" | wc -l)" 2 "bundles"
assert_eq "$(ids app)" $'app.web-rep-0.1\napp.web-rep-1.1' "made once"

# A down that waits for its grace: changes are refused, crowds of readers see no lock.
tm_ok apply stubborn.yaml
start down app
wait_for 10 grep -qs 'process [0-9]* (down app)' "$TALLYMAN_STATE_DIR/tallyman.lock"
refused 6 "is held by process $pid (down app)" apply app.yaml
readers=()
for i in {1..8}; do
	for command in "status" "plan app.yaml" "events" "history app"; do
		# shellcheck disable=SC2086
		"$TALLYMAN" $command >/dev/null 2>>readers.err </dev/null &
		readers+=($!)
	done
done
for reader in "${readers[@]}"; do
	rc=0
	wait "$reader" || rc=$?
	case $rc in 0 | 2 | 4) ;; *) fail "a reader ended with $rc: $(<readers.err)" ;; esac
done
assert_eq "$(grep -ciE 'lock|busy' readers.err || true)" 0 "readers that met a lock"
finish
assert_rc 0

# --- one owner, two stores ---

tm_ok apply app.yaml
first=$TALLYMAN_STATE_DIR second=$TEST_TMP/second
living=$(processes)
node() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["node_id"][:8])' "/var/lib/tallyman/owners/$OWNER"; }
ours=$(node)
export TALLYMAN_STATE_DIR=$second
import_busybox
for command in "apply app.yaml" "down --all" "recover --accept" "recover"; do
	# shellcheck disable=SC2086
	refused 6 "the owner belongs to node $ours in $first" $command
	assert_contains "$err" "$second"
	assert_contains "$err" "tallyman recover --take-over"
done
tm plan app.yaml
assert_contains "$err" "a change would be refused: the owner belongs to node $ours"
export TALLYMAN_STATE_DIR=$first
assert_eq "$(processes)" "$living" "processes beside another store"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

# --- a store that was put back ---

# nothing_goes FILE: what is to go is kept, by apply and by down
nothing_goes() {
	local living
	living=$(processes)
	tm apply "$1"
	assert_rc 3
	assert_contains "$err" "nothing is deleted before 'tallyman recover --accept'"
	tm plan "$1"
	assert_rc 3
	tm down app
	assert_rc 3
	assert_eq "$(processes)" "$living" "processes before it was accepted"
}
tm_ok down app
cp -r "$first" backup
tm_ok apply app.yaml
tm_ok apply other.yaml # generations the backup never heard of
last=$(ids app | sed 's/.*\.//' | sort -n | tail -n 1)
rm "$first"/tallyman.db*
cp backup/tallyman.db* "$first"
nothing_goes app.yaml
tm recover
assert_rc 3
tm_ok recover --accept
tm_ok apply app.yaml
assert_eq "$(ids app)" "app.web-rep-0.$((last + 1))"$'\n'"app.web-rep-1.$((last + 1))" \
	"no generation is given twice"

# --- a store that was emptied ---

# The database only: bundles are there and nobody knows them.
rm "$first"/tallyman.db*
tm status
assert_rc 4
assert_contains "$err" "instances lie here and no store knows them"
refused 6 "whose store in $first is gone" apply app.yaml
tm recover --take-over
assert_rc 3
tm_ok apply app.yaml # adopted as they are
assert_contains "$out" "Plan: nothing to do"
nothing_goes other.yaml
tm_ok recover --accept

# All of it, and the shim that remembered: only names and groups are left.
kill -9 "$(shim_pid)"
living=$(processes)
rm -rf "$first"
import_busybox
refused 6 "whose store in $first is gone" apply app.yaml
tm recover --take-over
assert_rc 3
tm apply app.yaml
assert_rc 3
for p in $living; do alive "$p" || fail "process $p was ended before it was accepted"; done
tm_ok recover --accept
tm_ok apply app.yaml
for p in $living; do ! alive "$p" || fail "process $p is left"; done
assert_eq "$(ids app | wc -l)" 2 "instances"
tm_ok down app

# --- a tag of which nothing is left ---

export TALLYMAN_STATE_DIR=$second
tm_ok recover
tm_ok apply app.yaml
[[ $(node) != "$ours" ]] || fail "the tag did not change hands"
tm_ok down app
