# SPDX-License-Identifier: Apache-2.0
# Sourced instead of lib.sh by tests of a node with two runtimes: a simulated Host Compute Service as
# primary, a real OCI runtime as delegate. Nothing here is Windows: what is shown is that tallyman says
# the right things to the right runtime.
#
# TWO_OS_OWNER names the owner tag; else each test has its own.
# shellcheck shell=bash
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HCS_SIM_LIBRARY=$(dirname "$TALLYMAN")/libhcs_sim.so
HCS_SIM=$(dirname "$TALLYMAN")/hcs_sim
export HCS_SIM_DIR=$TEST_TMP/windows

# two_os [SLICES]: this test needs both runtimes
two_os() {
	need_runtime
	[[ -e $HCS_SIM_LIBRARY ]] || fail "no $HCS_SIM_LIBRARY: build the whole project"
	cat >"$TALLYMAN_CONFIG" <<-EOT
		runtimes: { primary: hcs, delegate: youki }
		hcs: { library: $HCS_SIM_LIBRARY }
		slices: ${1:-10.220.99.0/28}
	EOT
	[[ ! ${TEST_OCI:-} ]] || printf 'runtime:\n  oci:\n    path: %s\n' "$(command -v "$oci")" >>"$TALLYMAN_CONFIG"
}

# import_windows [NAME]: an image for Windows, made up
import_windows() {
	python3 "$TEST_SOURCE_DIR/tests/support/windows_tar.py" "$TEST_TMP/windows.tar" "app/hello.cmd=echo hello"
	tm_ok image import "$TEST_TMP/windows.tar" --as "${1:-local/windows:1}" --os windows --arch amd64 \
		--os-version 10.0.20348.1 --cmd cmd --cmd /c --cmd 'echo up & ping -t localhost'
}

# systems OWNER: ids of the compute systems of that owner, as the service enumerates them
systems() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
for s in json.load(sys.stdin)["Systems"]:
    if s.get("owner", s.get("Owner")) == sys.argv[1]: print(s.get("id", s.get("Id")))' "$1"
}
# hcs_left: whatever systems, endpoints, namespaces or networks the simulated host has
hcs_left() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
host = json.load(sys.stdin)
for kind in ("Systems", "Endpoints", "Namespaces", "Networks"):
    for thing in host.get(kind, []): print(kind, json.dumps(thing))'
}

# stranger NETWORK NAME ADDRESS: somebody else's endpoint there; stranger NAME: takes it away
stranger() { "$TEST_BINARY_DIR/tests/hcs_stranger" "$HCS_SIM_LIBRARY" "$@"; }

# After lib.sh's own end: the simulated host has nothing left of anybody, and ends.
two_os_cleanup() { # [STATUS]
	local rc=${1:-$?}
	trap - EXIT
	if [[ $lib_uses_runtime && -d $HCS_SIM_DIR ]]; then
		"$HCS_SIM" clear >/dev/null 2>&1 || true # what a test that failed left hanging
		"$TALLYMAN" down --all >/dev/null 2>&1 </dev/null
		if [[ $(hcs_left) ]]; then
			hcs_left >&2
			echo "FAIL $TEST_NAME: something is left on the simulated host" >&2
			[[ $rc != 0 ]] || rc=1
		fi
		"$HCS_SIM" down >/dev/null 2>&1 || true
	fi
	trap lib_cleanup EXIT
	exit "$rc"
}
trap two_os_cleanup EXIT
