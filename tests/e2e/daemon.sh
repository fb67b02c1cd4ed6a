#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon with real containers: what ends is started again because its end was told, not because
# somebody looked; stopping, killing and starting the daemon changes no process; a full disk
# stops its steps and not the daemon; commands and requests reach the same end beside it.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime

# The state on a disk of its own, which can be filled.
mkdir small
mount -t tmpfs -o size=24m none small
export TALLYMAN_STATE_DIR=$TEST_TMP/small/state
import_busybox

app() { # REPLICAS [EXTRA]
	cat <<EOT
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: $1 }
    network_mode: none
${2:-}
EOT
}
pids() { "$TALLYMAN" status app -o json | grep -o '"pid": *[0-9]*' | grep -o '[0-9]*$' | sort; }
running() { [[ $(pids | wc -l) == "$1" ]]; }
socket=$TALLYMAN_RUN_DIR/api.sock
api() { curl -sS --fail-with-body --unix-socket "$socket" "http://tallyman$1" "${@:2}"; }
ready() { api /readyz >/dev/null 2>&1; }

mkdir watched
printf 'watch: [{path: %s/watched}]\n' "$PWD" >>"$TALLYMAN_CONFIG"
app 3 >watched/app.yaml
start run --log-level info
daemon=$pid
wait_for 20 ready
wait_for 30 running 3

# Killed from outside: a new one, by the event alone. The next full look is minutes away.
first=$(pids)
victim=$(head -n 1 <<<"$first")
kill -9 "$victim"
replaced() { running 3 && ! grep -qx "$victim" <<<"$(pids)"; }
wait_for 30 replaced
assert_eq "$(comm -12 <(echo "$first") <(pids) | wc -l)" 2 "neighbours of the one that was killed"

# The daemon stopped, and killed: nobody's process changes, and what ends meanwhile is noticed.
before=$(pids)
kill -TERM "$daemon"
wait "$daemon" || fail "SIGTERM ended it with $?"
assert_eq "$(pids)" "$before" "after a stop"
start run
wait_for 20 ready
assert_eq "$(pids)" "$before" "after a start"
kill -9 "$pid"
wait "$pid" || true
victim=$(head -n 1 <<<"$before")
kill -9 "$victim"
start run
wait_for 20 ready
wait_for 30 replaced
assert_eq "$(comm -12 <(echo "$before") <(pids) | wc -l)" 2 "neighbours, after kill -9 of the daemon"

# A full disk: no step, and no end of the daemon; with space it goes on by itself.
before=$(pids)
dd if=/dev/zero of=small/fill bs=4k 2>/dev/null || true
victim=$(head -n 1 <<<"$before")
kill -9 "$victim"
says() { grep -q "$1" "$TEST_TMP/.beside.err"; }
wait_for 20 says 'step=store.*full'
api /livez >/dev/null || fail "a full disk ended the daemon"
[[ $(api /readyz 2>/dev/null) == *"cannot be written"* ]] || fail "ready with a full disk"
rm small/fill
wait_for 90 ready
wait_for 60 replaced
assert_eq "$(comm -12 <(echo "$before") <(pids) | wc -l)" 2 "neighbours, after a full disk"

# Through the API: one more, and the stream ends with the outcome.
app 4 >watched/app.yaml
wait_for 30 running 4
api "/v1/apply?timeout=60s" -H "Content-Type: application/yaml" --data-binary @<(app 2) >stream
grep -q '^event: done' stream || fail "a stream without an end"
grep -q '"outcome":"converged"' stream || fail "$(cat stream)"
running 2 || fail "not two"
api /v1/down --data-binary '{"all": true}' >stream
grep -q '"outcome":"converged"' stream || fail "$(cat stream)"
running 0 || fail "not down"

kill -TERM "$pid"
wait "$pid"
wait_for 10 umount -q small # once the shim has left
export TALLYMAN_STATE_DIR=$TEST_TMP/state
