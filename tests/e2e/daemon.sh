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

# What a container writes, and a program inside it, through the API.
cat >talk.yaml <<'EOT'
version: v1
deployment: talk
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done'] }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: 2 }
    network_mode: none
EOT
tm_ok apply talk.yaml
curl -sSN --unix-socket "$socket" "http://t/v1/logs?target=talk/web-rep-0&tail=0&follow=1" >lines &
reader=$!
many() { [[ $(wc -l <lines) -gt 10 ]]; }
wait_for 20 many
kill $reader
python3 - lines <<'EOT'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1]) if l.endswith("\n")]
numbers = [int(r["text"].split()[1]) for r in rows]
assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
assert all(r["service"] == "web" and r["replica"] == 0 and r["stream"] == "stdout" for r in rows)
EOT
api "/v1/logs?target=talk&tail=2" >lines
assert_eq "$(wc -l <lines)" 4 "the last two lines of each of two"
program() { api /v1/exec --data-binary "$1" >stream; }
program '{"target": "talk/web-rep-1", "command": ["/bin/sh", "-c", "echo out; echo err >&2; printf \\\\377; exit 7"]}'
python3 - stream <<'EOT'
import base64, json, sys
got, code = {"stdout": b"", "stderr": b""}, None
for block in open(sys.argv[1]).read().split("\n\n"):
    f = dict(l.split(": ", 1) for l in block.splitlines() if ": " in l)
    if not f: continue
    d = json.loads(f["data"])
    if f["event"] == "exit": code = d["code"]
    else: got[f["event"]] += d["text"].encode() if "text" in d else base64.b64decode(d["base64"])
assert got == {"stdout": b"out\n\xff", "stderr": b"err\n"} and code == 7, (got, code)
EOT
inside() { "$TALLYMAN" exec talk/web-rep-0 -- /bin/sh -c 'ps | grep -c "[s]leep 4567"' || true; }
timeout 2 curl -sSN --unix-socket "$socket" http://t/v1/exec --data-binary \
	'{"target": "talk/web", "command": ["/bin/sleep", "4567"]}' >/dev/null || true
gone() { [[ $(inside) == 0 ]]; }
wait_for 20 gone
tm_ok down talk

kill -TERM "$pid"
wait "$pid"
wait_for 10 umount -q small # once the shim has left
export TALLYMAN_STATE_DIR=$TEST_TMP/state
