#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sweeps of a daemon over the model: by itself what is dead is deleted and what lives put aside, when
# two sweeps have seen it and it is old enough; a typed sweep beside it is done by it.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
state=$TALLYMAN_STATE_DIR/memory
socket=$TALLYMAN_RUN_DIR/memory/api.sock
ready() { curl -sS --fail --unix-socket "$socket" http://t/readyz >/dev/null 2>&1; }
daemon() { start run "${memory[@]}" "$@"; wait_for 20 ready; }
stop_daemon() { kill -TERM "$pid"; wait "$pid"; }
service() { printf '  %s: {image: {name: "busybox:1"}%s}\n' "$@"; }

{ printf 'version: v1\ndeployment: stays\nservices:\n'; service web ''; } >stays.yaml
{
	printf 'version: v1\ndeployment: gone\nservices:\n'
	service web ''
	service job ', rtype: job, command: {entrypoint: ["true"]}'
} >gone.yaml

# Typed beside the daemon: the same as without, and what is wanted stays.
daemon
tm_ok apply "${memory[@]}" stays.yaml
tm_ok apply "${memory[@]}" gone.yaml
tm_ok sweep "${memory[@]}"
assert_eq "$out" "Sweep: nothing left over"
stop_daemon
forget gone "$state"
daemon
tm sweep "${memory[@]}" --now
assert_rc 2
assert_contains "$out" "? orphan gone.web-rep-0.1 on memory: running (instance): left: nothing is done: report only"
tm sweep "${memory[@]}" --mode delete
assert_rc 4
assert_contains "$out" "younger than the grace"
tm_ok orphans ls "${memory[@]}" -o json
is_json 'len(d["orphans"]) == 2'
out=$(curl -sS --unix-socket "$socket" http://t/v1/orphans)
is_json 'len(d["orphans"]) == 2'
tm_ok orphans delete gone.job-rep-0.1 "${memory[@]}"
assert_contains "$out" "Sweep: 1 removed"
refused 1 "there is no orphan 'gone.job-rep-0.1'" orphans delete gone.job-rep-0.1 "${memory[@]}"
out=$(curl -sS --unix-socket "$socket" http://t/v1/sweep --data-binary '{"mode": "auto"}')
is_json 'd["code"] == "invalid"'
tm_ok sweep "${memory[@]}" --now --mode delete
assert_contains "$out" "Sweep: 1 removed"
tm_ok status "${memory[@]}" -o json
is_json '[i["state"] for i in d["instances"]] == ["running"]'

# By itself: nothing young, nothing wanted; then both.
tm_ok apply "${memory[@]}" gone.yaml
stop_daemon
forget gone "$state"
echo 'orphan_grace: 6s' >"$TALLYMAN_CONFIG"
daemon --log-level info
n_orphans() { [[ $(curl -sS --unix-socket "$socket" http://t/v1/orphans | grep -c '"state": "'"$2"'"') == "$1" ]]; }
wait_for 30 n_orphans 2 seen
wait_for 40 n_orphans 0 seen
n_orphans 1 quarantined || n_orphans 0 quarantined || fail "$(curl -sS --unix-socket "$socket" http://t/v1/orphans)"
tm_ok events "${memory[@]}" --tail all
assert_contains "$out" "sweep"
refused 1 "no layer of 'nothing.web-rep-0.1' is in quarantine" orphans restore nothing.web-rep-0.1 "${memory[@]}"
tm_ok status "${memory[@]}" -o json
is_json '[i["deployment"] for i in d["instances"]] == ["stays"]'
stop_daemon
