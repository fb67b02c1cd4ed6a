#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The disk of the logs is full: the container that writes goes on and sees no error, another one's log
# on another disk is whole; when there is room again a line says how many are missing.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

mkdir -p mark "$TALLYMAN_STATE_DIR/logs/full"
mount -t tmpfs -o size=400k tmpfs "$TALLYMAN_STATE_DIR/logs/full" || skip "no tmpfs can be mounted here"
dd if=/dev/zero of="$TALLYMAN_STATE_DIR/logs/full/ballast" bs=1k count=200 status=none
service() { # NAME COMMAND
	cat <<EOT
services:
  $1:
    rtype: job
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args: ['$2']
    storage: [{ type: bind, source: $TEST_TMP/mark, target: /mark }]
    stop_grace_period: 0s
    network_mode: none
EOT
}
count='i=0; while [ $i -lt 20000 ]; do echo line $i || exit 9; i=$((i + 1)); done'
{ printf 'version: v1\ndeployment: full\n' && service web "$count; touch /mark/written; while [ ! -e /mark/go ]; do usleep 50000; done; echo room again; exit 3"; } >full.yaml
{ printf 'version: v1\ndeployment: beside\n' && service web "$count; exit 4"; } >beside.yaml
log=$TALLYMAN_STATE_DIR/logs/full/web-rep-0.log
tm_ok apply full.yaml
tm_ok apply beside.yaml
state() { "$TALLYMAN" status "$1" -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]: print(i["state"], i["exit_code"])'; }
is() { [[ $(state "$1") == "$2" ]]; }
wait_for 60 is beside "done 4"
tm_ok logs beside/web --no-prefix
assert_eq "$out" "$(seq -f 'line %g' 0 19999)" "the log beside"

# It has written all, although its disk took a part: it waits for us now.
wait_for 60 test -e mark/written
is full "running None" || fail "state $(state full)"
rm "$TALLYMAN_STATE_DIR/logs/full/ballast"
touch mark/go
wait_for 30 is full "done 3"
tail -n 2 "$log" | grep -q 'system F tallyman: [0-9]* lines were lost here (No space left on device)' ||
	fail "nothing is said of what was lost: $(tail -n 2 "$log")"
tail -n 1 "$log" | grep -q ' stdout F room again$' || fail "it did not go on: $(tail -n 1 "$log")"
lost=$(grep -o '[0-9]* lines were lost' "$log" | cut -d' ' -f1)
assert_eq "$(($(grep -c ' stdout F line ' "$log") + lost))" 20000 "lines written and lost"
tm_ok down full
tm_ok down beside
umount "$TALLYMAN_STATE_DIR/logs/full"
