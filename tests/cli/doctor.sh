#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# doctor: what it says of a node that works and of one that does not, that it makes nothing, and
# that it works beside a running apply.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

# check NAME EXPRESSION: the check of that name, as `c`
check() { is_json "any(($2) for c in d['checks'] if c['check'] == '$1')"; }
doctor() { tm doctor -o json "$@"; }

# The model needs nothing of the host, and says that it is one.
tm_ok doctor "${memory[@]}"
assert_contains "$out" "the memory runtime is a model and makes no container"
assert_contains "$out" "An apply can work here."
assert_eq "$err" "" "stderr"
doctor "${memory[@]}"
assert_rc 0
is_json 'd["schema"] == "tallyman.doctor.v1" and d["ok"] and d["owner"] == "'"$OWNER"'"'
is_json '[(r["name"], r["simulated"]) for r in d["runtimes"]] == [("memory", True)]'
check store 'c["level"] == "ok" and "first apply" in c["message"]'
[[ ! -e $TALLYMAN_STATE_DIR && -z $(ls -A "$TALLYMAN_RUN_DIR") ]] || fail "doctor made something"

# A state directory that cannot be one.
touch file
doctor "${memory[@]}" --state-dir "$TEST_TMP/file/state"
assert_rc 1
is_json 'not d["ok"]'
check state_dir 'c["level"] == "error" and "--state-dir" in c["remedy"]'

# The store: of another program, damaged (a writer mends that), and a good one.
mkdir -p broken/memory
head -c 20000 /dev/urandom >broken/memory/tallyman.db
doctor "${memory[@]}" --state-dir broken
assert_rc 0
check store 'c["level"] == "warning" and "moves it aside" in c["remedy"]'
lines 1 "$(ls broken/memory)"
tm_ok apply "${memory[@]}" "$files/shop.yaml"
doctor "${memory[@]}"
assert_rc 0
check store '"1 deployment, 4 instances" in c["message"]'
check lock 'c["level"] == "ok"'

# Beside a running apply: it says whose the lock is, and leaves the lock alone.
start apply "${memory[@]}" "$files/restless.yaml" --timeout 60s
wait_for 20 said "restless"
doctor "${memory[@]}"
assert_rc 0
check lock "c['level'] == 'warning' and 'process $pid (apply ' in c['message']"
kill -INT "$pid"
finish
assert_rc 130

# Another store's owner: both are named, and how to go on.
mkdir claims
printf 'claims_dir: %s\n' "$TEST_TMP/claims" >"$TALLYMAN_CONFIG"
mkdir -p elsewhere/bundles/shop.web-rep-0.1
printf '{"epoch":1,"node_id":"%s","session":3,"state_dir":"%s"}\n' \
	0123456789abcdef0123456789abcdef "$TEST_TMP/elsewhere" >"claims/$OWNER"
doctor
assert_rc 1
check claim 'c["level"] == "error" and "01234567 in /" in c["message"] and "elsewhere" in c["message"]'
check claim '"recover --take-over" in c["remedy"]'
# It is free when nothing of that store is left on the host.
rmdir elsewhere/bundles/shop.web-rep-0.1
doctor
check claim 'c["level"] == "ok"'
rm "claims/$OWNER"

if [[ $(id -u) != 0 ]]; then
	doctor
	assert_rc 1
	check rights '"root" in c["remedy"]'
	exit
fi

# --- what only root can see ---

# A state directory without room, in a mount namespace of its own.
cat >small.sh <<'EOT'
mkdir -p small && mount -t tmpfs -o size=1m none small
"$TALLYMAN" doctor --runtime memory --state-dir small -o json
EOT
run unshare -m --propagation private bash small.sh
assert_rc 1
check state_dir 'c["level"] == "error" and "make room" in c["remedy"]'

[[ $(oci_program) ]] || skip "no youki, crun or runc here"
ls /tmp >before
traces() { find "$TALLYMAN_STATE_DIR" "$TALLYMAN_RUN_DIR" claims | sort; }
before=$(traces)
doctor
is_json 'd["ok"] and d["runtimes"][0]["chosen"] in ("youki", "crun", "runc")'
is_json 'all(c["version"] and c["path"] for c in d["runtimes"][0]["candidates"] if c["usable"])'
assert_rc 0
assert_eq "$(traces)" "$before" "what doctor leaves behind"
[[ -z $(find /sys/fs/cgroup -maxdepth 2 -name 'doctor-*') ]] || fail "doctor left a cgroup"
assert_eq "$(comm -13 before <(ls /tmp) | grep tallyman-doctor || true)" "" "directories in /tmp"

# Programs that are missing, print rubbish, or print rubbish only when it counts.
mkdir fake
printf '#!/bin/sh\necho rubbish\n' >fake/runc
printf '#!/bin/sh\n[ "$1" = --version ] && exec echo youki version 9.9\necho "{"\n' >fake/youki
printf '#!/bin/sh\nexec cat\n' >fake/podman
chmod +x fake/*
for row in 'crun:No such file' 'runc:printed "rubbish"' 'youki:not a container' \
	'podman:neither youki, crun nor runc'; do
	printf 'claims_dir: %s\nruntime: { oci: { path: %s } }\n' "$TEST_TMP/claims" \
		"$TEST_TMP/fake/${row%%:*}" >"$TALLYMAN_CONFIG"
	tm doctor
	assert_rc 1
	assert_contains "$out" "${row#*:}"
	assert_contains "$out" "runtime.oci.path"
	assert_contains "$out" "An apply cannot work here"
done
printf 'claims_dir: %s\nruntimes: { primary: docker }\n' "$TEST_TMP/claims" >"$TALLYMAN_CONFIG"
doctor
assert_rc 1
check runtimes 'c["level"] == "error" and "docker" in c["message"] and "settings" in c["remedy"]'
printf 'claims_dir: %s\n' "$TEST_TMP/claims" >"$TALLYMAN_CONFIG"

# crun on a hybrid host whose cgroup2 holds a controller: why, and what to type.
if command -v crun >/dev/null && [[ -e /sys/fs/cgroup/unified/cgroup.controllers ]]; then
	echo hugetlb >controllers
	run unshare -m --propagation private bash -c '
		mount --bind controllers /sys/fs/cgroup/unified/cgroup.controllers
		exec "$TALLYMAN" doctor -o json'
	is_json '[c for c in d["runtimes"][0]["candidates"] if c["name"] == "crun" and
		not c["usable"] and "hybrid" in c["why"] and "mount -t cgroup -o hugetlb" in c["remedy"]]'
fi

# Ctrl-C while a program hangs: nothing of the question stays.
printf '#!/bin/sh\nexec sleep 1000\n' >fake/crun
chmod +x fake/crun
printf 'runtime: { oci: { path: %s } }\n' "$TEST_TMP/fake/crun" >"$TALLYMAN_CONFIG"
start doctor
wait_for 10 pgrep -f "$TEST_TMP/fake/crun" >/dev/null
kill -INT "$pid"
finish
assert_rc 130
assert_eq "$(comm -13 before <(ls /tmp) | grep tallyman-doctor || true)" "" "directories in /tmp"

# One that is killed leaves the directory of its question; the next one takes it away, once the shim
# in there has left. One that is asking keeps its own.
new_in_tmp() { comm -13 before <(ls /tmp) | grep tallyman-doctor; }
printf 'claims_dir: %s\n' "$TEST_TMP/claims" >good.yaml
start doctor
wait_for 10 pgrep -f "$TEST_TMP/fake/crun" >/dev/null
TALLYMAN_CONFIG=$PWD/good.yaml tm doctor
assert_rc 0
assert_eq "$(new_in_tmp | wc -l)" 1 "directories in /tmp"
kill -KILL "$pid"
wait "$pid" || true
new_in_tmp >/dev/null || fail "nothing was left behind"
cp good.yaml "$TALLYMAN_CONFIG"
sweeps() {
	tm doctor
	! new_in_tmp >/dev/null
}
wait_for 60 sweeps
