#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The files and processes behind containers, damaged one way each while the shim is killed: what is
# healthy stays as it is, what is not is made anew, once; a stranger's process is never signalled;
# exit codes are right or unknown, never 0; output goes on into the log.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox
# file COLOR: sixteen replicas and a job that has failed
file() {
	cat <<EOT
version: v1
deployment: app
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "echo up; exec sleep 100000"] }
    env: { COLOR: $1 }
    tallyman: { update: { max_parallel: 16 } }
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: 16 }
    network_mode: none
  job:
    rtype: job
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "echo once; exit 3"] }
    network_mode: none
EOT
}
file red >app.yaml
bundles=$TALLYMAN_STATE_DIR/bundles
id() { echo "app.web-rep-$1.1"; }
pid_of() { cat "$bundles/$(id "$1")/pid"; }
job_is_done() { "$TALLYMAN" status app/job | grep -q ' done '; }
slot_json() { holds "[i for i in d['instances'] if i['service'] == '$1' and i['replica'] == $2][0]$3"; }

tm_ok apply app.yaml
wait_for 20 job_is_done
alien=$(pid_of 8)
sleep 200 >/dev/null 2>&1 &
stranger=$!
kill -9 "$(shim_pid)"

# damage SLOT COMMAND...: with $b, its bundle
damage() {
	b=$bundles/$(id "$1")
	s=$oci_root/$(id "$1")
	shift
	"$@"
}
# 0 is left alone.
truncate_state() { for f in state.json status; do [[ ! -s $s/$f ]] || truncate -s 20 "$s/$f"; done; }
damage 1 truncate_state
no_pid() { rm "$b/pid" "$b/process"; }
damage 2 no_pid
empty_process() { : >"$b/process"; }
damage 3 empty_process
other_process() { echo "$stranger 1 1 1" >"$b/process" && echo "$stranger" >"$b/pid"; }
damage 4 other_process
empty_record() { : >"$b/instance.json"; }
damage 5 empty_record
no_record() { rm "$b/instance.json"; }
damage 6 no_record
odd_record() { echo '{"version": 1, "id": 3}' >"$b/instance.json"; }
damage 7 odd_record
others_record() { sed -i 's/\("node_id": *"\)..../\1ffff/' "$b/instance.json"; }
damage 8 others_record
no_config() { rm "$b/config.json"; }
damage 9 no_config
killed() { kill -9 "$(<"$b/pid")"; }
damage 10 killed
no_bundle() { rm -rf "$b"; }
damage 11 no_bundle
damage 12 killed
dead() { ! alive "$(pid_of 12)"; }
wait_for 10 dead
find /sys/fs/cgroup -depth -type d -path "*/$OWNER/$(id 12)*" -exec rmdir {} + 2>/dev/null || true
damage 13 "$oci" --root "$oci_root" pause "$(id 13)"
odd_exit() { killed && echo rubbish >"$b/exit"; }
damage 14 odd_exit
empty_pids() { : >"$b/process" && : >"$b/pid"; }
damage 15 empty_pids

# --- what is seen ---

tm status app -o json
assert_rc 0
slot_json job 0 "['exit_code'] == 3"
slot_json web 4 "['exit_code'] is None"
for slot in 10 12 14; do slot_json web $slot "['exit_code'] in (None, 137)"; done
slot_json web 13 "['state'] == 'paused'"
for slot in 0 1 9; do slot_json web $slot "['state'] == 'running'"; done
for slot in 2 5 6 7 11 15; do slot_json web $slot "['state'] == 'broken'"; done

# --- what becomes of it ---

before=$(ids app)
tm_ok apply app.yaml
stayed=$(comm -12 <(echo "$before") <(ids app) | grep -o 'rep-[0-9]*' | grep -v job | sort -t- -k2n | xargs)
assert_eq "$stayed" "rep-0 rep-0 rep-1 rep-3 rep-9 rep-13" "what stayed (with the job's)"
tm_ok status app -o json
holds "all(i['state'] == 'running' for i in d['instances'] if i['service'] == 'web')" \
	"len(d['instances']) == 17"
slot_json job 0 "['exit_code'] == 3"
alive "$stranger" || fail "the stranger was killed"
alive "$alien" || fail "another node's container was killed"
[[ -e $bundles/$(id 8)/config.json && -e $oci_root/$(id 8) ]] || fail "another node's files were touched"
assert_eq "$(ls "$bundles" | wc -l)" 18 "bundles: ours and the other node's"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

# Output of adopted ones goes on.
tm_ok exec app/web-rep-0 -- sh -c 'echo after >/proc/1/fd/1'
logged() { "$TALLYMAN" logs app/web-rep-0 | grep -q after; }
wait_for 10 logged
tm_ok logs app/web-rep-0
assert_eq "$out" $'up\ntallyman: the log may have a gap here (shim restarted)\nafter' "the log"
# One with half a state can be driven no more, and says so.
tm exec app/web-rep-1 -- true
((rc == 0 || rc == 125)) || fail "exec ended with $rc"

# --- controller and shim at once, in the middle of a change ---

kill "$stranger"
sed -i 's/\("node_id": *"\)ffff/\1'"$(grep -o '"node_id": *"....' "$bundles/$(id 0)/instance.json" | tail -c 5)/" \
	"$bundles/$(id 8)/instance.json"
file green >app.yaml
start apply app.yaml
begun() { ls "$bundles" | grep -q 'rep-0.2'; }
wait_for 20 begun
kill -9 "$pid" "$(shim_pid)"
wait "$pid" 2>/dev/null || true
tm_ok apply app.yaml
tm_ok status app -o json
holds "sum(i['state'] == 'running' for i in d['instances']) == 16"
assert_eq "$(ls "$bundles" | wc -l)" 17 "bundles"
! alive "$alien" || fail "the other node's container is ours again, and left over"
tm_ok exec app/web-rep-7 -- sh -c 'echo $COLOR'
assert_eq "$out" green
tm_ok down app
