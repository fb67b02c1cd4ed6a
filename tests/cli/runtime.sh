#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The commands over real containers: what only they can show. What is common to all runtimes is
# shown on the model, in the other files.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox

cat >one.yaml <<'EOT'
version: v1
deployment: one
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "echo out; echo err >&2; trap 'exit 0' TERM; sleep 100000 & wait"] }
    env: { COLOR: blue }
    network_mode: none
    scale: { mode: fixed, replicas: 2 }
EOT

# Nothing is known of the node: plan starts no shim and makes nothing of its own.
tm plan one.yaml
assert_rc 2
[[ -z $(ls -A "$TALLYMAN_RUN_DIR") ]] || fail "plan started a shim"

# A field the runtime does not honour: a warning with its code; --strict refuses, nothing is made.
sed 's/network_mode: none/endpoints: [{ name: http, protocol: tcp, port: 80 }]/' one.yaml >ports.yaml
refused 1 "--strict" apply --strict ports.yaml
assert_contains "$err" "tallyman: warning: services.web.endpoints: ignored on youki: "
assert_contains "$err" "[E0507]"
tm status one
assert_rc 1

tm_ok apply one.yaml
tm_ok status one -o json
is_json 'all(i["state"] == "running" and i["pid"] > 1 and i["runtime"] == "youki" for i in d["instances"])' \
	'all(i["digest"].startswith("sha256:") for i in d["instances"])' 'd["unanswered"] == []'

# logs: both streams, as written.
has_both() { tm_ok logs one/web-rep-1 -o json && [[ $(grep -c '"text"' <<<"$out") == 2 ]]; }
wait_for 10 has_both
is_json '{(l["stream"], l["text"]) for l in d["lines"]} == {("stdout", "out"), ("stderr", "err")}'
tm_ok logs one --stream stderr
lines 2 "$out"

# exec: the program's own status, its streams apart, stdin when asked for, user and directory.
tm exec one/web -- sh -c 'echo $COLOR; echo bad >&2; exit 7'
assert_rc 7
assert_eq "$out" blue
assert_eq "$err" bad
run bash -c 'echo typed | "$TALLYMAN" exec -i one/web -- cat'
assert_eq "$out" typed
tm_ok exec -u 65534 -w /etc one/web-rep-1 -- sh -c 'id -u; pwd'
assert_eq "$out" $'65534\n/etc'
refused 125 "one.web-rep-0.1" exec one/web -- /no/such/program

# doctor beside living containers: the shim that holds them is asked.
tm_ok doctor
assert_contains "$out" "running; this is what it found"
assert_contains "$out" "1 deployment, 2 instances"

# A runtime that cannot answer: its rows are unknown, from the last look; nothing is planned of
# them, and that is no 0.
touch file
tm status --run-dir "$TEST_TMP/file/run"
assert_rc 4
assert_contains "$err" "not everything could be seen: youki: list: "
assert_contains "$err" "runtime youki was last seen whole at "
assert_eq "$(grep -c " unknown  unknown " <<<"$out")" 2 "rows"
tm status --run-dir "$TEST_TMP/file/run" -o json
assert_rc 4
is_json 'd["partial"] and {i["state"] for i in d["instances"]} == {"unknown"}' \
	'd["unanswered"][0]["runtime"] == "youki" and d["unanswered"][0]["last_looked"] < d["looked"]'
tm plan one.yaml --run-dir "$TEST_TMP/file/run"
assert_rc 4
assert_contains "$out" "unknown web-rep-0: "
refused 125 "nothing of 'one/web' is running" exec one/web --run-dir "$TEST_TMP/file/run" -- true

tm_ok down one
assert_eq "$(tail -n 1 <<<"$out")" "one: nothing left"
tm_ok logs one/web-rep-0
assert_contains "$out" "out"

# A slot for a peer, an image that is missing: what can be done is done, each says why, 4.
tm apply "$files/peer.yaml"
assert_rc 4
assert_contains "$err" "tallyman: warning: peer/win-rep-0 needs a peer (windows): "
for slot in 0 1; do
	assert_contains "$err" "tallyman: error: peer/web-rep-$slot: image local/absent:1 is not on this node"
done
assert_eq "$(grep -c "^hint: tallyman image import FILE --as local/absent:1$" <<<"$err")" 2 "hints"
assert_eq "$(tail -n 1 <<<"$out")" "peer: 1 needs_peer, 2 blocked"
tm apply "$files/peer.yaml" -o json
assert_rc 4
is_json 'd["instances"][-1]["state"] == "needs_peer" and d["instances"][-1]["required_os"] == "windows"'
tm_ok status peer -o json
is_json 'sorted(i["state"] for i in d["instances"]) == ["blocked", "blocked", "needs_peer"]'
tm_ok down peer

# A full disk, in a mount namespace of its own: one clear error, and nothing half done.
cat >full.sh <<'EOT'
mkdir -p small && mount -t tmpfs -o size=256k none small
export TALLYMAN_STATE_DIR=$PWD/small/state TALLYMAN_OWNER=$TALLYMAN_OWNER-f
head -c 300000 /dev/zero >small/ballast 2>/dev/null
"$TALLYMAN" apply --runtime memory one.yaml
EOT
run unshare -m --propagation private bash full.sh
assert_rc 1
assert_contains "$err" "tallyman: error: "
assert_contains "$err" "hint: "
assert_eq "$out" "" "stdout"
sed 's/size=256k/nr_inodes=2/' full.sh >inodes.sh
run unshare -m --propagation private bash inodes.sh
assert_rc 1
assert_contains "$err" "No space left on device"
# A state directory on a file system that is mounted read-only.
cat >readonly.sh <<'EOT'
mkdir -p ro && mount -t tmpfs -o ro none ro
"$TALLYMAN" apply --runtime memory one.yaml --state-dir ro/state
EOT
run unshare -m --propagation private bash readonly.sh
assert_rc 1
assert_contains "$err" "Read-only file system"
assert_contains "$err" "--state-dir"
