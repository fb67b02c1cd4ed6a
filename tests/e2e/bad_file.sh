#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file that asks for what cannot be had, in every way that only shows when a container is made: each
# of its services gets one reason and none is retried, the apply ends at once with 4, the healthy one
# beside them runs, and nothing half made is left. By every runtime program, since each words it in
# its own way.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
import_busybox
nofile=$(ulimit -Hn)

# service NAME LINE...: one that sleeps, but for the LINEs
service() { # NAME REASON LINE...
	services+=("$1")
	reasons+=("$2")
	printf '  %s:\n    scale: { mode: fixed, replicas: 1 }\n    stop_grace_period: 0s\n    network_mode: none\n' "$1"
	[[ "$*" == *image:* ]] || echo '    image: { name: local/busybox:1 }'
	[[ "$*" == *command:* ]] || echo '    command: { entrypoint: [/bin/sleep, "100000"] }'
	shift 2
	((!$#)) || printf '    %s\n' "$@"
}
write_file() { # DEPLOYMENT
	services=() reasons=()
	printf 'version: v1\ndeployment: %s\nservices:\n' "$1"
	service good ''
	service no-image 'image local/nothing:1 is not on this node' 'image: { name: local/nothing:1 }'
	service no-command '/bin/nothing' 'command: { entrypoint: [/bin/nothing] }'
	service no-program '*' 'command: { entrypoint: [/etc/passwd] }'
	service no-user 'no user nobody-knows' 'user: nobody-knows'
	service no-group 'no group nobody-knows' 'user: "root:nobody-knows"'
	service file-workdir 'command.workdir: /etc/passwd is no directory' \
		'command: { entrypoint: [/bin/sleep, "9"], workdir: /etc/passwd }'
	service no-source 'storage /x: /no/such/source is not on this host' \
		'storage: [ { type: bind, source: /no/such/source, target: /x } ]'
	service file-target '*' 'storage: [ { type: bind, source: /etc/hosts, target: /etc/passwd/x } ]'
	service no-device 'devices: /dev/nothing is not on this host' 'devices: [ { path: /dev/nothing } ]'
	service file-device 'devices: /etc/passwd is no device' 'devices: [ { path: /etc/passwd } ]'
	[[ $nofile == unlimited || $nofile -ge 1048577 ]] ||
		service big-ulimit "ulimits.nofile: hard 1048577 is above" 'ulimits: { nofile: { soft: 1048577, hard: 1048577 } }'
	service odd-ulimit 'ulimits: nothing is called wings' 'ulimits: { wings: { soft: 1, hard: 1 } }'
	service no-memory 'resources.memory: no container starts with 64Ki' 'resources: { memory: 64Ki }'
	service odd-cpuset 'resources.cpuset: 0..2 is no list' 'resources: { cpuset: "0..2" }'
	service no-cpu 'cpuset.cpus' 'resources: { cpuset: "4095" }'
	service host-sysctl 'sysctls: kernel.hostname is not in a namespace' 'sysctls: { kernel.hostname: x }'
	service no-sysctl '*' 'sysctls: { net.ipv4.nothing: "1" }'
	service odd-sysctl '*' 'sysctls: { net.ipv4.ip_forward: "x" }'
	service odd-cap 'capabilities: no capability is called FLY' 'capabilities: [ FLY ]'
	service odd-dns 'dns: nowhere is no address' 'dns: [ nowhere ]'
	service odd-host 'extra_hosts: db is not host:ip' 'extra_hosts: [ db ]'
	service odd-security 'security_opt: seccomp=/x.json is not possible here' 'security_opt: [ "seccomp=/x.json" ]'
	service no-peer 'pid_mode: container:x is not possible here' 'pid_mode: "container:x"'
}

blocked() { # SERVICE: the line that says why
	grep "^tallyman: error: $program/$1-rep-0: " <<<"$err" || { lib_show; fail "no reason for $1"; }
}
for program in $(oci_programs); do
	use_runtime "$program"
	write_file "$program" >bad.yaml
	tm apply bad.yaml # no --timeout: it is no matter of time
	assert_rc 4
	for i in "${!services[@]}"; do
		[[ ${services[i]} == good ]] && continue
		line=$(blocked "${services[i]}")
		[[ ${reasons[i]} == '*' ]] || assert_contains "$line" "${reasons[i]}"
	done
	assert_contains "$err" "hint: tallyman image import FILE --as local/nothing:1"
	assert_contains "$err" "hint: command names a program that the image does not have"
	assert_contains "$err" "hint: command names a file that cannot be run"
	assert_contains "$err" "hint: sysctls: this kernel does not have it, or does not take that value"
	# Each was tried once, and is not tried again by itself.
	tm_ok events "$program" -o json
	holds "all(sum(e['kind'] == 'failed' and e['service'] == s for e in d['events']) <= 1 for s in {e['service'] for e in d['events']})"
	tm status "$program" -o json
	assert_rc 0
	holds "[i['service'] for i in d['instances'] if i['state'] == 'running'] == ['good']"
	assert_eq "$(ls "$TALLYMAN_STATE_DIR/bundles")" "$(ids "$program")" "bundles"
	assert_eq "$(find "$oci_root" -mindepth 1 -maxdepth 1 | wc -l)" 1 "states"
	assert_eq "$(find "$TALLYMAN_RUN_DIR/fifo" -mindepth 1 | wc -l)" 2 "FIFOs"
	assert_eq "$(find /sys/fs/cgroup -type d -regex ".*/$OWNER/[^/]*" -printf '%f\n' 2>/dev/null | sort -u)" \
		"$(ids "$program")" "control groups"
	tm_ok down "$program"
done

# --- what is refused before anything is asked ---

{
	printf 'version: v1\ndeployment: cycle\nservices:\n'
	for pair in "a b" "b c" "c a"; do
		printf '  s%s:\n    image: { name: local/busybox:1 }\n    depends: [ { service: s%s } ]\n' ${pair}
	done
} >file.yaml
tm apply file.yaml
assert_rc 1
assert_contains "$err" "services depend on each other: sa -> sb -> sc -> sa [E0900]"
{
	printf 'version: v1\ndeployment: many\nservices:\n'
	seq -f '  s%05.0f: { image: { name: a } }' 20001
} >file.yaml
tm apply file.yaml
assert_rc 1
assert_contains "$err" "20000"
assert_eq "$(ids many 2>/dev/null | wc -l)" 0 "instances"
