#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon hears of the death of its shim by the end of the connection, and starts another at once:
# nobody has to ask. It adopts: pids stay, and a code that the kernel tells arrives. And while nothing
# happens neither of them wakes.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

mkdir mark
cat >app.yaml <<EOT
version: v1
deployment: noticed
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: 3 }
    network_mode: none
  job:
    rtype: job
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c], args: ["read x </mark/go; exit 5"] }
    storage: [{ type: bind, source: $TEST_TMP/mark, target: /mark }]
    stop_grace_period: 0s
    network_mode: none
EOT
mkfifo mark/go
pids() { for i in $(ids noticed); do cat "$TALLYMAN_STATE_DIR/bundles/$i/pid" && echo; done; }
lock_pid() { cat "$TALLYMAN_RUN_DIR/shim-youki.lock"; }
is_new() { local pid; pid=$(lock_pid) && [[ $pid && $pid != "$1" ]] && alive "$pid"; }
wakes() { cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }
knows_adopted() { [[ $(printf '6.15\n%s\n' "$(uname -r | cut -d- -f1)" | sort -V | head -n 1) == 6.15 ]]; }
code() {
	"$TALLYMAN" status noticed -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    if i["service"] == "job": print(i["state"], i["exit_code"])'
}

tm_ok apply app.yaml
before=$(pids)
start_daemon

shim=$(lock_pid)
for _ in 1 2 3; do
	sleep 1 # the daemon has connected to it, and looked
	old=$shim start=$(date +%s%N)
	kill -9 "$shim"
	until is_new "$old"; do sleep 0.005; done
	shim=$(lock_pid)
	echo "from the death of a shim to the next one: $((($(date +%s%N) - start) / 1000000)) ms"
done
sleep 1
assert_eq "$(pids)" "$before" "pids"
gaps=$(grep -c "may have a gap" "$TALLYMAN_STATE_DIR/logs/noticed/web-rep-0.log")
assert_eq "$gaps" 3 "gap lines of a container that lived on"

# Nothing happens: no thread of the shim wakes.
sleep 1
n=$(wakes "$shim") d=$(wakes "$daemon")
sleep 3
echo "wake-ups in 3 s: shim $(($(wakes "$shim") - n)), daemon $(($(wakes "$daemon") - d))"
assert_eq "$(wakes "$shim")" "$n" "wake-ups of an idle shim"

echo >mark/go
if knows_adopted; then want="done 5"; else want="done None"; fi
told() { [[ $(code) == "$want" ]]; }
wait_for 20 told
end_daemon
tm_ok down noticed
