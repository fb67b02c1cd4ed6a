#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# years.sh PROGRAM: what daemon and shim cost while nothing happens, beside conmon in the same run, and
# how soon they hear of an end. Rows as measure.sh; run.sh makes a table of them.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
: "${BENCH_REPS:?}" "${BENCH_PROGRAMS:?}"
TEST_OCI=$1
need_runtime
some=200 seconds=10

row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
pss_kb() { # PID...: of all together
	local pid
	for pid in "$@"; do cat "/proc/$pid/smaps_rollup"; done | awk '/^Pss:/ { n += $2 } END { print n }'
}
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { printf "%d", n }'; }
wakes() { cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }

# -- conmon, one beside each container ---------------------------------------------------------

conmon_up() {
	local i
	mkdir conmon
	(cd conmon && "$oci" spec) && python3 - conmon/config.json "$TEST_TMP/root" <<'PY'
import json, sys
path, root = sys.argv[1:]
with open(path) as f: c = json.load(f)
c["process"].update(args=["/bin/pause"], terminal=False)
c["root"] = {"path": root, "readonly": True}
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] not in ("network", "cgroup")]
c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"]
c["linux"].pop("seccomp", None)
with open(path, "w") as f: json.dump(c, f)
PY
	for ((i = 0; i < some; i++)); do
		mkdir "conmon/$i"
		cp conmon/config.json "conmon/$i/"
		conmon --api-version 1 -c "$OWNER-$i" -u "$OWNER-$i" -r "$(command -v "$oci")" \
			"--runtime-arg=--root=$TEST_TMP/conmon/root" -b "$TEST_TMP/conmon/$i" -p "$TEST_TMP/conmon/$i/pid" \
			-l "k8s-file:$TEST_TMP/conmon/$i/log" --exit-dir "$TEST_TMP/conmon/exits" --full-attach >/dev/null 2>&1 </dev/null
	done
	for ((i = 0; i < some; i++)); do
		wait_for 30 test -s "conmon/$i/pid"
		"$oci" --root "$TEST_TMP/conmon/root" start "$OWNER-$i"
	done
}
conmon_pids() { pgrep -f "^conmon .*-b $TEST_TMP/conmon/"; }
conmon_down() {
	local i
	for ((i = 0; i < some; i++)); do "$oci" --root "$TEST_TMP/conmon/root" delete -f "$OWNER-$i" || true; done
	wait_for 30 eval '! conmon_pids >/dev/null'
}

# -- ours ---------------------------------------------------------------------------------------

idle() {
	local cpu wake pid=$1
	cpu=$(cpu_ns "$pid") wake=$(wakes "$pid")
	sleep $seconds
	row "  idle $2, CPU %" "$(awk -v ns=$(($(cpu_ns "$pid") - cpu)) -v s=$seconds 'BEGIN { printf "%.4f", ns / s / 1e7 }')" \
		"wake-ups in $seconds s: $(($(wakes "$pid") - wake))" "" "$3"
}

# end_once N: kills replica N, and notes how long the daemon took to write down its end, and to begin
# its successor: the first end has no back-off
end_once() {
	local old=$TALLYMAN_STATE_DIR/bundles/years.web-rep-$1.1 new=$TALLYMAN_STATE_DIR/bundles/years.web-rep-$1.2 start
	start=${EPOCHREALTIME/./}
	kill -9 "$(<"$old/pid")"
	wait_for 30 test -e "$new/process"
	"$TALLYMAN" events -o json | python3 -c 'import datetime, json, sys
for e in json.load(sys.stdin)["events"]:
    if e["message"].startswith(sys.argv[1]):
        t = datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00"))
        print(round(t.timestamp() * 1e6) - int(sys.argv[2]))' "years.web-rep-$1.1 ended" "$start" >>end.us
	echo $(($(grep -o '"created_us": [0-9]*' "$new/instance.json" | cut -d' ' -f2) - start)) >>again.us
}

kill_shim_once() {
	local old start
	old=$(<"$TALLYMAN_RUN_DIR/shim-youki.lock") start=${EPOCHREALTIME/./}
	kill -9 "$old"
	until [[ $(<"$TALLYMAN_RUN_DIR/shim-youki.lock") != "$old" && -S $TALLYMAN_RUN_DIR/shim-youki.sock ]]; do sleep 0.002; done
	echo $((${EPOCHREALTIME/./} - start)) >>shim.us
	sleep 2
}

mkdir -p root/{bin,etc,proc,sys,dev}
cp "$BENCH_PROGRAMS/bench_pause" root/bin/pause
tar -C root -cf pause.tar .
tm_ok image import pause.tar --as local/pause:1 --os linux --cmd /bin/pause
cat >years.yaml <<EOT
version: v1
deployment: years
services:
  web:
    image: { name: local/pause:1 }
    scale: { mode: fixed, replicas: $some }
    network_mode: none
EOT
tm_ok apply years.yaml
start_daemon
sleep 2
shim=$(shim_pid)
ours=$(pss_kb "$shim" "$daemon")
if command -v conmon >/dev/null; then
	conmon_up
	# shellcheck disable=SC2046
	theirs=$(pss_kb $(conmon_pids))
	conmon_down
	row "daemon and shim with $some containers, PSS kB" "$ours" "$some conmon $theirs" "$(ratio "$ours" "$theirs")" ""
	row "  kB a container" "$(ratio "$ours" $some)" "conmon $(ratio "$theirs" $some)" "" "< 64"
else
	row "daemon and shim with $some containers, PSS kB" "$ours" "conmon is not here" "" ""
	row "  kB a container" "$(ratio "$ours" $some)" "" "" "< 64"
fi
idle "$shim" "shim" "< 0.5"
idle "$daemon" "daemon" "< 0.5"
for ((n = 0; n < BENCH_REPS; n++)); do end_once $n; done
row "from an end to its event in the daemon's store, ms" "$(ratio "$(median <end.us)" 1000)" "" "" ""
row "  to its successor begun, ms" "$(ratio "$(median <again.us)" 1000)" "" "" "< 100"
for ((n = 0; n < BENCH_REPS; n++)); do kill_shim_once; done
row "from a shim's death to the next one, ms" "$(ratio "$(median <shim.us)" 1000)" "with $some to adopt" "" ""
end_daemon
tm_ok down --all
