#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Daemon and shim become the next version under 50 containers that write, and end, meanwhile: no
# pid changes, no line and no exit code is lost, the shim's own process stays. Then the versions that
# cannot take over.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox
: "${TALLYMAN_NEXT:?the same program as its next version}"

writers=30 jobs=20 lines=250
{
	cat <<EOT
version: v1
deployment: upgrade
services:
  web:
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args: ["i=0; while :; do echo line \$i; i=\$((i + 1)); usleep 20000; done"]
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: $writers }
    network_mode: none
EOT
	for ((i = 1; i <= jobs; i++)); do
		cat <<EOT
  job$i:
    rtype: job
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args: ["while [ ! -e /go/now ]; do usleep 20000; done; i=0; while [ \$i -lt $lines ]; do echo line \$i; i=\$((i + 1)); usleep $((i * 1000)); done; exit $i"]
    storage: [{ type: bind, source: $TEST_TMP/go, target: /go, readonly: true }]
    network_mode: none
EOT
	done
} >app.yaml
mkdir go

# program_of PID: the path in its command line, which an upgrade sets
program_of() { tr '\0' '\n' <"/proc/$1/cmdline" | head -n 1; }
pids() { for i in $(ids upgrade); do [[ $i == *web* ]] && cat "$TALLYMAN_STATE_DIR/bundles/$i/pid" && echo; done; }
# codes: `JOB CODE`, a line for each job that has ended with one
codes() {
	"$TALLYMAN" status upgrade -o json | python3 -c '
import json, sys
def walk(o):
    if isinstance(o, dict):
        if o.get("service", "").startswith("job") and o.get("exit_code") is not None:
            print(o["service"][3:], o["exit_code"])
        for v in o.values(): walk(v)
    elif isinstance(o, list):
        for v in o: walk(v)
walk(json.load(sys.stdin))' | sort -n
}
all_ended() { [[ $(codes | wc -l) == "$jobs" ]]; }
upgrades() { grep -c "build=.* upgraded" "$TALLYMAN_STATE_DIR/logs/shim-youki.log" || true; }
upgraded() { (($(upgrades) >= $1)); }

tm_ok apply app.yaml
before=$(pids)
shim=$(shim_pid)
assert_eq "$(wc -w <<<"$before")" $writers "writers"
assert_eq "$(program_of "$shim")" "$TALLYMAN" "program of the shim"

# The jobs begin, and while they end: the next version of the daemon, which asks for the upgrade, and
# the signal, four times.
start_daemon
touch go/now
echo "jobs ended before the upgrades: $(codes | wc -l)"
end_daemon
start_daemon "$TALLYMAN_NEXT"
wait_for 60 upgraded 1
assert_eq "$(program_of "$shim")" "$TALLYMAN_NEXT" "program of the shim after the upgrade"
assert_eq "$(upgrades)" 1 "upgrades"
for n in 2 3 4 5; do
	kill -HUP "$shim"
	wait_for 30 upgraded $n
done
echo "after them: $(codes | wc -l) of $jobs"

wait_for 60 all_ended
assert_eq "$(codes)" "$(for ((i = 1; i <= jobs; i++)); do echo "$i $i"; done)" "exit codes"
assert_eq "$(shim_pid)" "$shim" "pid of the shim"
assert_eq "$(pids)" "$before" "pids of the writers"

for ((i = 1; i <= jobs; i++)); do
	tm_ok logs "upgrade/job$i" --no-prefix
	assert_eq "$out" "$(seq -f 'line %g' 0 $((lines - 1)))" "log of job $i"
done
for ((i = 0; i < writers; i++)); do
	tm_ok logs "upgrade/web-rep-$i" --no-prefix
	n=$(wc -l <<<"$out")
	((n > 10)) || fail "writer $i wrote only $n lines"
	assert_eq "$out" "$(seq -f 'line %g' 0 $((n - 1)))" "log of writer $i"
done

end_daemon

# The older program is no upgrade, and works with the newer shim.
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(upgrades)" 5 "upgrades after the older program came"
assert_eq "$(program_of "$shim")" "$TALLYMAN_NEXT" "program of the shim"

# The file of a running shim's program is taken away, then replaced by one that cannot run, then by a
# good one: the first two are refused and cost nothing.
tm_ok down upgrade
wait_for 20 eval '[[ -z $(shim_pid) ]]'
mkdir own
cp "$TALLYMAN" own/tallyman
cat >one.yaml <<EOT
version: v1
deployment: upgrade
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    network_mode: none
EOT
run "$TEST_TMP/own/tallyman" apply one.yaml
assert_rc 0
shim=$(shim_pid) before=$(pids)
assert_eq "$(program_of "$shim")" "$TEST_TMP/own/tallyman" "program of the shim"
refused() { grep -q "upgrade=$TEST_TMP/own/tallyman .*$1" "$TALLYMAN_STATE_DIR/logs/shim-youki.log"; }
rm own/tallyman
kill -HUP "$shim"
wait_for 20 refused "No such file"
printf '#!/bin/sh\nexit 3\n' >own/tallyman
chmod 755 own/tallyman
kill -HUP "$shim"
wait_for 20 refused "exit code 3"
assert_eq "$(upgrades)" 5 "upgrades"
cp "$TALLYMAN" own/new
mv own/new own/tallyman
# An exec has streams of its own: the signal waits for its end.
"$TALLYMAN" exec upgrade/web -- sh -c 'echo begun; sleep 2; echo done; exit 9' >exec.out &
exec_pid=$!
wait_for 20 grep -q begun exec.out
kill -HUP "$shim"
exec_rc=0
wait $exec_pid || exec_rc=$?
assert_eq "$exec_rc $(tail -n 1 exec.out)" "9 done" "exec under an upgrade"
wait_for 20 upgraded 6
assert_eq "$(shim_pid) $(pids)" "$shim $before" "pids"
tm_ok apply one.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok down upgrade
assert_nothing_left
