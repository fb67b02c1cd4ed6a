#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon's API with curl, as another program would use it: what each route answers, what it
# refuses, and that nothing a client does or leaves undone keeps the daemon from its work.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

start run "${memory[@]}"
daemon=$pid
socket=$TALLYMAN_RUN_DIR/memory/api.sock
# api PATH [CURL...]: $out, and $rc is the HTTP status
api() {
	out=$(curl -sS -o answer -w '%{http_code}' --unix-socket "$socket" "http://tallyman$1" "${@:2}") || out=0
	rc=$out
	out=$(cat answer 2>/dev/null)
	: >answer
}
ok() { api "$@"; assert_eq "$rc" 200 "status of $1"; }
# fails STATUS CODE TEXT PATH...: the error document
fails() {
	local status=$1 code=$2 text=$3
	shift 3
	api "$@"
	assert_eq "$rc" "$status" "status of $1"
	holds "d['schema'] == 'tallyman.error.v1' and d['code'] == '$code'"
	assert_contains "$out" "$text"
}
ready() { api /readyz; [[ $rc == 200 ]]; }
wait_for 20 ready
assert_eq "$(stat -c %a "$socket")" 660 "mode of the socket"

yaml='version: v1
deployment: shop
services:
  web: {image: {name: "busybox:1"}, scale: {mode: fixed, replicas: 2}}
  db: {image: {name: "busybox:1"}}'
ok /livez
ok /v1/version
holds 'd["version"] and d["owner"] and len(d["node_id"]) == 32'
ok /v1/status
holds 'd["instances"] == [] and d["partial"] is False'

# Only looking: a plan, which changes nothing.
ok /v1/plan --data-binary "$yaml" -H 'Content-Type: application/yaml'
holds 'd["schema"] == "tallyman.plan.v1" and len(d["changes"]) == 3'
ok /v1/deployments
holds 'd["deployments"] == []'

# stream TEXT...: what a change told, event by event
stream() { python3 -c 'import json, sys
events = []
for block in sys.stdin.read().split("\n\n"):
    fields = dict(l.split(": ", 1) for l in block.splitlines() if ": " in l)
    if fields: events.append((fields["event"], json.loads(fields["data"])))
kinds = [k for k, _ in events]
last = events[-1][1]
for e in sys.argv[1:]:
    assert eval(e), e' "$@" <<<"$out" || { echo "$out" >&2; fail "stream: $*"; }; }
ok /v1/apply --data-binary "$yaml" -H 'Content-Type: application/yaml'
stream 'kinds[0] == "plan" and kinds[-1] == "done" and kinds.count("done") == 1' \
	'last["outcome"] == "converged" and len(last["instances"]) == 3' \
	'[d["state"] for k, d in events if k == "state"] == ["running"] * 3'
ok "/v1/status?deployment=shop"
holds 'len(d["instances"]) == 3 and all(i["state"] == "running" for i in d["instances"])'
ok /v1/deployments/shop
holds 'd["deployment"]["revision"] == 1 and d["author"].startswith("uid ") and len(d["instances"]) == 3'
ok /v1/stop --data-binary '{"targets": ["shop/web-rep-1"]}'
stream 'last["outcome"] == "converged" and [i["state"] for i in last["instances"]] == ["held"]'
ok /v1/restart --data-binary '{"targets": ["shop/db"]}'
stream '[i["generation"] for i in last["instances"]] == [2]'
ok "/v1/events?deployment=shop&limit=3"
holds 'len(d["events"]) == 3'

# Events as they happen, and from where a broken stream ended.
curl -sSN --unix-socket "$socket" "http://tallyman/v1/events?follow=1" >followed &
follower=$!
told() { grep -q "$1" followed; }
wait_for 20 told 'stop by hand\|"kind":"stop"'
ok /v1/start --data-binary '{"targets": ["shop"]}'
wait_for 20 told '"kind":"start"'
kill $follower
last=$(grep '^id: ' followed | tail -n 1 | cut -d' ' -f2)
curl -sSN --max-time 1 -H "Last-Event-ID: $((last - 1))" --unix-socket "$socket" "http://tallyman/v1/events?follow=1" >again || true
assert_eq "$(grep -c '^id: ' again)" 1 "events after the last but one"
# A number of another store, that was lost: all of this one's are new.
curl -sSN -H "Last-Event-ID: 99999999" --unix-socket "$socket" "http://tallyman/v1/events?follow=1" >followed &
follower=$!
wait_for 20 told '^id: 1$'
kill $follower

# What is wrong is said in one form, and nothing came of it.
fails 404 not-found "there is no /v2" /v2
fails 405 unsupported "GET cannot be asked" /v1/apply
fails 400 invalid "the request" /v1/down --data-binary 'no json'
fails 400 invalid "name 'deployments'" /v1/down --data-binary '{}'
fails 400 invalid "NUL" /v1/down --data-binary '{"deployments": ["shop\u0000x"]}'
fails 400 invalid "NUL" /v1/stop --data-binary '{"targets": ["shop\u0000x"]}'
# What is not understood may be the half that matters: "only", written wrongly, would mean all.
fails 400 invalid "not both" /v1/down --data-binary '{"all": true, "deployments": ["shop"]}'
fails 400 invalid "no 'deployment' here" /v1/down --data-binary '{"all": true, "deployment": "shop"}'
fails 400 invalid "no 'olny' here" /v1/sweep --data-binary '{"mode": "delete", "olny": ["shop.db-rep-0.1"]}'
fails 400 invalid "no 'target' here" /v1/stop --data-binary '{"targets": ["shop"], "target": "shop/db"}'
fails 400 invalid "no 'dir' here" /v1/exec --data-binary '{"target": "shop", "command": ["ls"], "dir": "/"}'
fails 404 not-found "no deployment 'nope'" /v1/down --data-binary '{"deployments": ["shop", "nope"]}'
fails 404 not-found "nope" /v1/stop --data-binary '{"targets": ["shop", "nope"]}'
fails 404 not-found "no deployment 'nope'" /v1/deployments/nope
fails 404 not-found "waits for approval" /v1/approve --data-binary '{"plan": "0123"}'
fails 400 invalid "missing field" /v1/apply --data-binary 'version: v1' -H 'Content-Type: application/yaml'
fails 400 invalid "timeout" "/v1/apply?timeout=soon" --data-binary "$yaml" -H 'Content-Type: application/yaml'
fails 400 invalid "tiemout" "/v1/apply?tiemout=1s" --data-binary "$yaml" -H 'Content-Type: application/yaml'
fails 400 invalid "HOME is not set" /v1/apply -H 'Content-Type: application/yaml' --data-binary 'version: v1
deployment: env
services: {a: {image: {name: "a:1"}, env: {H: "$E:HOME"}}}'
ok /v1/status
holds 'len(d["instances"]) == 3'

# Somebody of the socket's group may look and not change.
if [[ $(id -u) == 0 ]]; then
	chgrp nogroup "$socket"
	chmod 755 "$TEST_TMP" "$TALLYMAN_RUN_DIR" "$TALLYMAN_RUN_DIR/memory"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS -w '\n%{http_code}' --unix-socket "$socket" "http://tallyman$1" "${@:2}"; }
	[[ $(as_nobody /v1/status | tail -n 1) == 200 ]] || fail "nobody may not look"
	refusal=$(as_nobody /v1/down --data-binary '{"all": true}')
	[[ $refusal == *"may look, but not change"* && ${refusal##*$'\n'} == 403 ]] || fail "$refusal"
fi

# What it measures, in the strict form that monitoring reads; and no turn without a cause.
metrics() {
	ok /metrics
	python3 - <<<"$out" <(cat <<<"$out") "$@" <<'EOT'
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("# EOF\n")
kinds, values = {}, {}
suffix = {"gauge": "", "counter": "_total", "info": "_info"}
for line in text.splitlines()[:-1]:
    if line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        assert name not in kinds and kind in suffix, line
        kinds[name] = kind
    elif line.startswith("# HELP "):
        assert line.split(" ")[2] == list(kinds)[-1], line
    else:
        m = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"\})? ([0-9]+)', line)
        assert m, line
        name = m[1]
        family = list(kinds)[-1]
        assert name == family + suffix[kinds[family]], line
        values[m[1] + (m[2] or "")] = int(m[3])
print(values[sys.argv[2]])
EOT
}
assert_eq "$(metrics 'tallyman_slots{state="running"}')" 3
assert_eq "$(metrics tallyman_ready)" 1
turns=$(metrics tallyman_loop_turns_total)
sleep 2
again=$(metrics tallyman_loop_turns_total)
((again - turns <= 4)) || fail "$((again - turns)) turns with nothing to do"

# Clients that say nothing, half of something or rubbish: the next one is answered at once.
for i in $(seq 20); do
	{ sleep 2; } | timeout 2 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(sys.argv[2].encode("latin1")); s.recv(1)' "$socket" "$(head -c $((i * 7)) /dev/urandom | tr -d '\0')" 2>/dev/null &
done
for i in $(seq 10); do ok /livez; done
kill -0 "$daemon" || fail "the daemon is gone"

# A client that leaves takes nothing back.
timeout 0.05 curl -sS --unix-socket "$socket" "http://tallyman/v1/down" --data-binary '{"all": true}' >/dev/null 2>&1 || true
ok /v1/down --data-binary '{"all": true}'
stream 'last["outcome"] == "converged"'
ok /v1/status
holds 'd["instances"] == []'

# The socket of a daemon that was killed is in nobody's way.
kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true
start run "${memory[@]}"
wait_for 20 ready
kill -TERM "$pid"
wait "$pid"
[[ ! -e $socket ]] || fail "the socket is left"
