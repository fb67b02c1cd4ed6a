#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands beside a daemon: they hand in what was typed and tell the same as without one, text and
# JSON, exits and errors; whoever leaves early takes nothing back.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

mkdir watched
cat >config.yaml <<EOT
watch: [{path: $PWD/watched}]
EOT
export TALLYMAN_CONFIG=$PWD/config.yaml
deployment() { # NAME SERVICES [LINE]
	printf 'version: v1\ndeployment: %s\nservices:\n' "$1"
	for i in $(seq "$2"); do
		printf '  s%d: {image: {name: "busybox:1"}%s}\n' "$i" "${3:-}"
	done
}
# same FILTERED: times, pids and the like are each node's own
same() { sed -E 's/"(since|pid|next_at|config_hash)": [^,]*/"\1": -/; s/memory-[a-z]*/memory/' <<<"$1"; }

# both ARGS...: the command without a daemon on one node, with one on the other; equal in all it says
both() {
	TALLYMAN_STATE_DIR=$PWD/alone TALLYMAN_RUN_DIR=$PWD/alone-run tm "$@" "${memory[@]}"
	local rc_alone=$rc out_alone=$out err_alone=$err
	tm "$@" "${memory[@]}"
	assert_eq "$rc" "$rc_alone" "status of $*"
	assert_eq "$(same "$out")" "$(same "$out_alone")" "stdout of $*"
	assert_eq "$(sort <<<"$err")" "$(sort <<<"$err_alone")" "stderr of $*"
}

start run "${memory[@]}"
daemon=$pid
socket=$TALLYMAN_RUN_DIR/memory/api.sock
answers() { curl -sS --fail --unix-socket "$socket" http://t/readyz >/dev/null 2>&1; }
wait_for 20 answers

deployment shop 2 >shop.yaml
both apply shop.yaml
both apply shop.yaml
both apply shop.yaml -o json --progress quiet
deployment shop 3 ', env: {COLOR: "$E:COLOR"}' >color.yaml
both apply color.yaml
assert_contains "$err" "COLOR is not set"
COLOR=red both apply color.yaml
both stop shop/s1
both stop shop/s1-rep-0
both start shop
both restart shop/s2
both restart shop -o json --progress quiet
# An error of the last is known before anything comes of the first.
deployment zone 1 >zone.yaml
both apply zone.yaml
both down zone
both stop shop/s1
both start shop/s1 zone
assert_contains "$err" "was taken down"
assert_rc 1
tm_ok status shop/s1 "${memory[@]}"
assert_contains "$out" "held"
both start shop
both stop shp
assert_contains "$err" "did you mean 'shop'?"
both down nothing
both down color.yaml
both down --all -o json --progress quiet
both apply /dev/null
cat >blocked.yaml <<EOT
version: v1
deployment: shop
services:
  s1: {rtype: job, image: {name: "busybox:1"}, command: {entrypoint: ["false"]}, restart: {policy: never}}
EOT
both apply blocked.yaml
both down shop
both approve 0123
assert_contains "$err" "no plan '0123' waits"

# The revision says who handed it in.
tm_ok history shop "${memory[@]}"
assert_contains "$out" "uid $(id -u)"

# A plan that waits, approved beside the daemon.
deployment big 9 >watched/big.yaml
up() { [[ $("$TALLYMAN" status "${memory[@]}" -o json 2>/dev/null | grep -c '"state": "running"') == "$1" ]]; }
wait_for 20 up 9
deployment big 2 >watched/big.yaml
plan() { "$TALLYMAN" status "${memory[@]}" -o json 2>/dev/null | sed -n 's/.*"waits_for_approval": "\([0-9a-f]*\)".*/\1/p'; }
waits() { [[ $(plan) ]]; }
wait_for 20 waits
tm status "${memory[@]}"
assert_contains "$err" "removing 7 of 9 services waits for 'tallyman approve $(plan)'"
up 9 || fail "it did not wait"
tm_ok approve "$(plan)" "${memory[@]}"
wait_for 20 up 2
tm_ok down big "${memory[@]}"

# A neighbour that ends again and again keeps nobody waiting who did not ask for it.
cat >watched/mixed.yaml <<'EOT'
version: v1
deployment: mixed
services:
  web: { image: { name: "busybox:1" } }
  loop: { image: { name: "busybox:1" }, command: { entrypoint: ["false"] } }
  job: { rtype: job, image: { name: "busybox:1" }, command: { entrypoint: ["false"] } }
EOT
runs() { "$TALLYMAN" status "$1" "${memory[@]}" | grep -q " $2 "; }
wait_for 20 runs mixed/web running
for verb in restart stop start; do
	tm_ok $verb mixed/web "${memory[@]}" --timeout 30s
done
tm restart mixed "${memory[@]}" --timeout 1s
assert_rc 5
failed() { "$TALLYMAN" status mixed/job "${memory[@]}" | grep -q " done .* ended with 1$"; }
wait_for 20 failed # done is not well
tm_ok down mixed "${memory[@]}"
rm watched/mixed.yaml
tm_ok doctor "${memory[@]}"
assert_contains "$out" "held by process $daemon (daemon: run --runtime memory), which does what commands ask"

# Out of time: the daemon goes on, and says so by its status only.
deployment slow 2 ', depends: [{service: s9, condition: healthy, timeout: 1h}]' >slow.yaml
printf '  s9: {image: {name: "busybox:1"}, command: {entrypoint: ["false"]}}\n' >>slow.yaml
tm apply slow.yaml --timeout 1s "${memory[@]}"
[[ $rc == 4 || $rc == 5 ]] || fail "exit $rc"
# Ctrl-C leaves; what was asked for stays asked for.
start apply slow.yaml "${memory[@]}"
wait_for 20 grep -q create "$TEST_TMP/.beside.out" || true
kill -INT "$pid"
wait "$pid" && fail "interrupted, and 0" || [[ $? == 130 || $? == 4 ]] || fail "exit $?"

# The daemon dies in the middle: an error with the way out, and the next command goes on alone.
kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true
tm_ok down --all "${memory[@]}"
assert_contains "$out" "slow: nothing left"
