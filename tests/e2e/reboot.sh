#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A reboot with everything under the run directory kept: the boot id is another one, processes are
# gone and their numbers are strangers' by now. What ran is lost, once, with an unknown exit code;
# what had ended keeps its code, what was stopped by hand stays so; a stranger is not signalled.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox
cat >app.yaml <<'EOT'
version: v1
deployment: app
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
    command: { entrypoint: [/bin/sh, -c, "echo once; exit 3"] }
    network_mode: none
  held:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    network_mode: none
EOT
bundles=$TALLYMAN_STATE_DIR/bundles
job_is_done() { "$TALLYMAN" status app/job | grep -q ' done '; }

# booted N ARGS...: the program, as in the N-th boot, which has an id of its own
booted() {
	local id=$TEST_TMP/boot$1
	printf '%08d-0000-4000-8000-000000000000\n' "$1" >"$id"
	shift
	run unshare -m bash -c 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"' \
		- "$id" "$TALLYMAN" "$@"
}

in_control_groups() { # others come and go beside us
	find /sys/fs/cgroup -path "*/$OWNER/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u || true
}
no_process() { [[ -z $(in_control_groups) ]]; }
# power_cut: every process of the owner ends at once; a stranger has the number of web-rep-0
power_cut() {
	local id
	id=$(ls "$bundles" | grep web-rep-0)
	kill -9 "$(shim_pid)"
	in_control_groups | xargs -r kill -9
	wait_for 10 no_process
	sleep 200 >/dev/null 2>&1 &
	stranger=$!
	echo "$stranger $(cut -d' ' -f22 "/proc/$stranger/stat") 1 1" >"$bundles/$id/process"
	echo "$stranger" >"$bundles/$id/pid"
}

boot=1
booted 1 apply app.yaml
assert_rc 0
wait_for 20 job_is_done
booted 1 stop app/held
assert_rc 0
for boot in 2 3; do
	power_cut
	# In the second reboot the control groups are gone as well, as they are after a real one.
	if [[ $boot == 3 ]]; then
		find /sys/fs/cgroup -depth -type d -path "*/$OWNER*" -exec rmdir {} + 2>/dev/null || true
	fi
	booted $boot status app -o json
	assert_rc 0
	holds "all(i['state'] == 'exited' and i['exit_code'] is None for i in d['instances'] if i['service'] == 'web')" \
		"[i['exit_code'] for i in d['instances'] if i['service'] == 'job'] == [3]"
	booted $boot apply app.yaml
	assert_rc 0
	assert_contains "$out" "Plan: 0 to create, 3 to replace, 0 to remove."
	booted $boot status app -o json
	holds "sorted((i['service'], i['replica'], i['generation'], i['state']) for i in d['instances']) == \
		[('held', 0, 1, 'held'), ('job', 0, 1, 'done')] + [('web', n, $boot, 'running') for n in range(3)]" \
		"all(i['healed'] == 0 for i in d['instances'])"
	booted $boot apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	alive "$stranger" || fail "the stranger was killed"
	kill "$stranger"
	booted $boot logs app/job
	assert_eq "$out" "job-rep-0 | once" "the job ran once"
done
booted $boot down app
assert_rc 0
