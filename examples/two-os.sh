#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One file, two operating systems, on any Linux machine: the Windows service goes to a SIMULATED Host
# Compute Service (backends/hcs_sim), the Linux service to the real OCI runtime. No Windows container
# runs here; what is shown is one plan, one status and one clean-up over both.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() {
	printf '$ tallyman'
	printf ' %q' "$@"
	printf '\n'
	"$TALLYMAN" "$@"
}

list_windows() {
	echo "what the simulated service has:"
	build/release/hcs_sim ls | grep -E '^ +"(Id|Name|State|IpAddress)":' || echo "  nothing"
}

[ "$(id -u)" = 0 ] || { echo "two-os: containers need root; try: sudo $0" >&2; exit 1; }

say "Install what is missing, build"
tests/deps.sh
cmake --preset release >/dev/null
cmake --build --preset release

work=$(mktemp -d /tmp/two-os.XXXXXX)
export TALLYMAN=$PWD/build/release/tallyman TALLYMAN_OWNER=two-os
export TALLYMAN_STATE_DIR=$work/state TALLYMAN_RUN_DIR=$work/run TALLYMAN_CONFIG=$work/config.yaml
export HCS_SIM_DIR=$work/windows
finish() {
	"$TALLYMAN" down --all >/dev/null 2>&1 || true
	build/release/hcs_sim down >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap finish EXIT
cat >"$TALLYMAN_CONFIG" <<EOT
runtimes: { primary: hcs, delegate: youki }
hcs: { library: $PWD/build/release/libhcs_sim.so }
slices: 10.220.99.0/28
EOT

say "This node: HCS is simulated, Linux is real"
run doctor || true

say "Two images"
tests/support/busybox_tar.sh "$work/busybox.tar"
run image import "$work/busybox.tar" --as local/busybox:1 --os linux --arch amd64 --cmd /bin/sh
python3 tests/support/windows_tar.py "$work/windows.tar"
run image import "$work/windows.tar" --as local/windows-demo:1 --os windows --arch amd64 \
	--os-version 10.0.20348.1 --cmd cmd

say "One plan, one apply"
run plan examples/two-os.yaml || [ $? = 2 ]
run apply examples/two-os.yaml

say "One status; the simulated service's own list"
run status two-os
list_windows

say "Both kinds of logs"
sleep 1
run logs two-os --tail 1

say "Take it down: nothing is left on either side"
run down two-os
list_windows
