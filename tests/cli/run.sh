#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon on the model: what lies in a watched directory comes up and is kept, faults of a source
# take nothing away, and a signal ends it without touching what runs.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

mkdir watched
cat >config.yaml <<EOT
watch: [{path: $PWD/watched, prune: true}]
EOT
export TALLYMAN_CONFIG=$PWD/config.yaml

deployment() { # NAME SERVICES
	printf 'version: v1\ndeployment: %s\nservices:\n' "$1"
	for i in $(seq "$2"); do
		printf '  s%d: {image: {name: "busybox:1"}}\n' "$i"
	done
}

running() { # N: that many slots run
	tm status "${memory[@]}" -o json
	[[ $(python3 -c 'import json, sys
print(sum(i["state"] == "running" for i in json.load(sys.stdin)["instances"]))' <<<"$out") == "$1" ]]
}

event() { # TEXT: an event says so
	tm_ok events "${memory[@]}" --tail all
	[[ $out == *"$1"* ]]
}

# Settings that name the same files twice are refused.
printf 'watch: [{path: %s/watched}, {path: %s/watched/a.yaml}]\n' "$PWD" "$PWD" >twice.yaml
refused 1 "are the same files" run "${memory[@]}" --config twice.yaml

start run "${memory[@]}" --log-level info
deployment shop 2 >watched/shop.yaml
wait_for 20 running 2

# Settings are read once, and who asks for a reload is told so.
echo '# changed' >>config.yaml
kill -HUP "$pid"
wait_for 20 said "config.yaml has changed: what it says counts from the next start"

# A second daemon is refused, and says who is there.
refused 6 "run --runtime memory" run "${memory[@]}"

# Rewritten in place, through another name, and in the middle of a write.
deployment shop 3 >watched/shop.yaml
wait_for 20 running 3
deployment shop 4 >watched/.new && mv watched/.new watched/shop.yaml
wait_for 20 running 4
echo 'version: v1' >watched/shop.yaml
wait_for 20 event "missing field 'deployment'"
wait_for 20 said "level=warn step=source msg=$PWD/watched/shop.yaml: line 1: missing field 'deployment'"
running 4 || fail "a file that does not parse took something away"
rm -r watched
wait_for 20 event "No such file"
running 4 || fail "a directory that is gone took something away"
mkdir watched
deployment other 1 >watched/other.yaml
wait_for 20 event "removing 4 of 4 services waits for 'tallyman approve"
wait_for 20 running 5

# Stopping leaves what runs, and the next one goes on from there.
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM is a wish, not a failure"
assert_contains "$(cat "$TEST_TMP/.beside.err")" "containers go on"
running 5 || fail "stopping the daemon touched containers"
start run "${memory[@]}"
deployment shop 5 >watched/shop.yaml
wait_for 20 running 6
kill -TERM "$pid"
wait "$pid"

# The watched path may come later than the daemon, and deeper than what is there.
printf 'watch: [{path: %s/a/b/late.yaml}]\n' "$PWD" >config.yaml
start run "${memory[@]}"
sleep 1 # it has looked once: from now on only an event tells
mkdir -p a/b
deployment late 1 >a/b/late.yaml
wait_for 20 running 7
kill -TERM "$pid"
wait "$pid"
