# SPDX-License-Identifier: Apache-2.0
# Shared by tests/e2e/*.sh and tests/cli/*.sh, sourced first. Gives the test an owner tag, a state
# and a run directory of its own, and sees at its end that nothing of that owner is left: no
# process, mount, cgroup, bundle, runtime state, FIFO or shim. Ends only what that owner has.
#
# Needs TALLYMAN, the program. TEST_OCI names the runtime program to use (else: as detected).
# shellcheck shell=bash
set -euo pipefail

: "${TALLYMAN:?the path of the built program}"
TEST_SOURCE_DIR=${TEST_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
TEST_NAME=$(basename "$(dirname "$0")")_$(basename "$0" .sh)
OWNER=${TWO_OS_OWNER:-t-$(od -An -N5 -tx1 /dev/urandom | tr -d " \n")}
# Short, since a socket's path has room for 107 bytes.
TEST_TMP=${TEST_TMP:-$(mktemp -d /tmp/tm.XXXXXX)}
export TALLYMAN_OWNER=$OWNER TALLYMAN_STATE_DIR=$TEST_TMP/state TALLYMAN_RUN_DIR=$TEST_TMP/run
export TALLYMAN_CONFIG=$TEST_TMP/config.yaml NO_COLOR=1 LC_ALL=C
unset PAGER COLUMNS
mkdir -p "$TALLYMAN_RUN_DIR"
cd "$TEST_TMP"
lib_uses_runtime=

# -- saying what went wrong ------------------------------------------------------------------

fail() {
	echo "FAIL $TEST_NAME:${BASH_LINENO[${#BASH_LINENO[@]} - 2]}: $*" >&2
	exit 1
}

# run COMMAND...: $out, $err and $rc have what it printed and how it ended
run() {
	rc=0
	"$@" >"$TEST_TMP/.out" 2>"$TEST_TMP/.err" </dev/null || rc=$?
	out=$(<"$TEST_TMP/.out")
	err=$(<"$TEST_TMP/.err")
	ran_last="$*"
}

# tm ARGS...: run the program
tm() { run "$TALLYMAN" "$@"; }

lib_show() { printf '  command: %s\n  rc: %s\n  stdout: %s\n  stderr: %s\n' "${ran_last:-}" "${rc:-}" "${out:-}" "${err:-}" >&2; }

assert_eq() { # GOT WANT [WHAT]
	[[ $1 == "$2" ]] || { lib_show; fail "${3:-values differ}: got '$1', want '$2'"; }
}
assert_rc() { assert_eq "$rc" "$1" "exit code"; }
assert_contains() { # TEXT PART
	[[ $1 == *"$2"* ]] || { lib_show; fail "'$2' is not in '$1'"; }
}
assert_lacks() {
	[[ $1 != *"$2"* ]] || { lib_show; fail "'$2' is in '$1'"; }
}
# tm_ok ARGS...: run the program, which shall end with 0
tm_ok() {
	tm "$@"
	assert_rc 0
}
# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# -- real runtimes ---------------------------------------------------------------------------

# skip WHY: this test cannot run here
skip() {
	echo "SKIP $TEST_NAME $*"
	exit 77
}

# oci_program: the name of the runtime program tests with containers use
oci_program() {
	local p
	for p in ${TEST_OCI:-youki crun runc}; do
		command -v "$p" >/dev/null && echo "$p" && return
	done
}

# oci_programs: the names of all that are here
oci_programs() {
	local p
	for p in ${TEST_OCI:-youki crun runc}; do
		command -v "$p" >/dev/null && echo "$p"
	done
	return 0
}

# use_runtime NAME: new containers are made by that program from now on ($oci, $oci_root)
use_runtime() {
	oci=$1
	oci_root=$TALLYMAN_RUN_DIR/oci/$oci
	[[ " $lib_uses_runtime " == *" $oci "* ]] || lib_uses_runtime+=" $oci"
	printf 'runtime:\n  oci:\n    path: %s\n' "$(command -v "$oci")" >"$TALLYMAN_CONFIG"
}

# need_runtime: this test makes real containers, by the program tallyman itself would choose
need_runtime() {
	[[ $(id -u) == 0 ]] || skip "containers need root"
	oci=$(oci_program)
	[[ $oci ]] || skip "no ${TEST_OCI:-youki, crun or runc} here"
	if [[ ${TEST_OCI:-} ]]; then
		use_runtime "$oci"
	else
		oci_root=$TALLYMAN_RUN_DIR/oci/$oci
		lib_uses_runtime=$oci
	fi
}

# alive PID: it runs, and is no zombie that nobody has waited for yet
alive() { [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == [!ZX]* ]]; }

# shim_pid: of this owner's shim; nothing when there is none
shim_pid() { pgrep -f "tallyman shim .*$TALLYMAN_RUN_DIR" | head -n 1 || true; }

# start_daemon [PROGRAM]: `run` in the background, connected to the shim that is there; its pid is in
# $daemon, what it says in daemon.out
start_daemon() {
	"${1:-$TALLYMAN}" run >daemon.out 2>&1 </dev/null &
	daemon=$!
	wait_for 20 lib_has_client
}
lib_has_client() { (($(find "/proc/$(shim_pid)/fd" -lname 'socket:*' 2>/dev/null | wc -l) > 1)); }

# end_daemon: in good order
end_daemon() {
	kill -TERM "$daemon"
	wait "$daemon" || fail "the daemon ended with $?: $(<daemon.out)"
	daemon=
}

# ids DEPLOYMENT: the runtime ids of its instances, a line each
ids() { "$TALLYMAN" status "$1" -o json | grep -o '"id": *"[^"]*"' | cut -d'"' -f4 | sort; }

# busybox_tar FILE: a root file system with a static busybox and what programs expect
busybox_tar() {
	local root=$TEST_TMP/.busybox a
	mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,root}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for a in $(busybox --list); do [[ $a == busybox ]] || ln -sf busybox "$root/bin/$a"; done
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	tar -C "$root" -cf "$1" .
	rm -rf "$root"
}

# import_busybox [NAME]: as an image
import_busybox() {
	busybox_tar "$TEST_TMP/busybox.tar"
	tm_ok image import "$TEST_TMP/busybox.tar" --as "${1:-local/busybox:1}" --os linux --cmd sh
}

# -- what is left ----------------------------------------------------------------------------

# left_pids: processes in a cgroup of the owner, or started with its run directory
left_pids() {
	{
		grep -ls "/$OWNER/" /proc/[0-9]*/cgroup | cut -d/ -f3
		pgrep -f -- "(--owner[= ]$OWNER |shim.*$TEST_TMP)"
	} 2>/dev/null | sort -un | grep -vxE "$$|$BASHPID" || true
}

left_cgroups() { find /sys/fs/cgroup -mindepth 1 -type d -path "*/$OWNER*" 2>/dev/null || true; }
# overlay_mounts: what containers could leave in the host's mount table: an overlay, or anything with our
# owner or directory in it. Others may mount what they like meanwhile.
overlay_mounts() { grep -E " - overlay |$OWNER|$TEST_TMP" /proc/self/mountinfo || true; }
left_mounts() { awk -v t="$TEST_TMP/" -v o="/$OWNER/" 'index($5 "/", t) || index($5, o) { print $5 }' /proc/self/mountinfo; }
left_files() {
	find "$TALLYMAN_STATE_DIR/bundles" "$TALLYMAN_RUN_DIR/oci" "$TALLYMAN_RUN_DIR/fifo" -mindepth 1 \
		-not -path "$TALLYMAN_RUN_DIR/oci/*" 2>/dev/null || true
	find "$TALLYMAN_RUN_DIR/oci" -mindepth 2 2>/dev/null || true
}

# nothing_left: true when the host has nothing of this owner
nothing_left() {
	[[ -z $(left_pids) && -z $(left_cgroups) && -z $(left_mounts) && -z $(left_files) ]]
}

# assert_nothing_left: a shim that holds nothing gets ten seconds to leave
assert_nothing_left() {
	local end=$((SECONDS + 10)) pid
	until nothing_left; do
		if ((SECONDS >= end)); then
			for pid in $(left_pids); do
				echo "  process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" >&2
			done
			left_cgroups | sed 's/^/  cgroup /' >&2
			left_mounts | sed 's/^/  mount /' >&2
			left_files | sed 's/^/  file /' >&2
			fail "something of owner $OWNER is left"
		fi
		sleep 0.2
	done
}

# By force, so that a failed test leaves the host as it was: only what carries the owner's tag.
lib_end_by_force() {
	local i pid path
	for i in 1 2 3 4 5; do
		for pid in $(left_pids); do kill -9 "$pid" 2>/dev/null || true; done
		left_mounts | sort -r | while read -r path; do umount -l "$path" 2>/dev/null || true; done
		left_cgroups | sort -r | while read -r path; do rmdir "$path" 2>/dev/null || true; done
		[[ -z $(left_pids) && -z $(left_cgroups) && -z $(left_mounts) ]] && return
		sleep 0.3
	done
}

lib_cleanup() {
	local rc=$? p
	trap - EXIT INT TERM HUP
	set +e
	[[ ! ${daemon:-} ]] || kill -9 "$daemon" 2>/dev/null
	if [[ $lib_uses_runtime ]]; then
		"$TALLYMAN" down --all >/dev/null 2>&1 </dev/null
		(assert_nothing_left) || { [[ $rc != 0 ]] || rc=1; }
		nothing_left || lib_end_by_force
	fi
	cd /
	rm -rf "$TEST_TMP"
	# As nobody there is no claim to take away, and no right to try.
	rm -rf "/var/lib/tallyman/owners/$OWNER" "/var/lib/tallyman/owners/$OWNER".* 2>/dev/null
	if [[ $rc == 0 ]]; then
		for p in $lib_uses_runtime; do echo "RAN $p 1"; done
	fi
	exit "$rc"
}
trap lib_cleanup EXIT
trap 'exit 130' INT TERM HUP
