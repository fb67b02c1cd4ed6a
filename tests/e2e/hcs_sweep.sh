#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One node, two runtimes: orphans of both are swept in one sweep; when the simulated Windows host
# does not answer, nothing of it is swept, and what Linux has left is. A neighbour's things stay.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
trap two_os_cleanup EXIT
two_os
import_windows
import_busybox
file() {
	cat <<-EOT
		version: v1
		deployment: $1
		services:
		  win:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    scale: { mode: fixed, replicas: 2 }
		  lin:
		    image: { name: local/busybox:1 }
		    command: { entrypoint: [/bin/sleep, "100000"] }
		    network_mode: none
		    stop_grace_period: 0s
	EOT
}
file stays >stays.yaml
file gone >gone.yaml
mine() { systems "$OWNER" | grep "^$1\." | sort; }
of_links() { hcs_left | grep -c "$OWNER\.$1" || true; }

tm_ok apply stays.yaml
kept=$(mine stays)
tm_ok apply gone.yaml
assert_eq "$(mine gone | wc -l)" 2 "systems to be swept"
forget gone
tm sweep
assert_rc 2
assert_contains "$out" "? orphan gone.win-rep-0.1 on hcs: running (system, endpoint, namespace, lease, bundle)"
assert_contains "$out" "? orphan gone.lin-rep-0.1 on youki: running"
tm_ok sweep --now --mode delete
assert_contains "$out" "3 removed"
assert_eq "$(mine gone)$(things gone)" "" "what is left"
assert_eq "$(of_links gone.)" 0 "links that are left"
assert_eq "$(mine stays)" "$kept" "systems that stay"

# With the shim killed: from the host alone.
tm_ok apply gone.yaml
forget gone
for p in $(pgrep -f "tallyman shim .*$TALLYMAN_RUN_DIR"); do kill -9 "$p"; done
rm -rf "$TALLYMAN_STATE_DIR"/hcs/gone.win-rep-0.*/instance.json
tm_ok sweep --now --mode delete
assert_eq "$(mine gone)$(things gone)" "" "what is left after the shim's end"
assert_eq "$(of_links gone.)" 0 "links that are left after the shim's end"
assert_eq "$(mine stays)" "$kept" "systems that stay"

# Quarantine: the scratch layer stays, everything on the service goes.
tm_ok apply gone.yaml
forget gone
tm sweep --now --mode quarantine
assert_rc 4
assert_contains "$out" "3 kept"
assert_eq "$(mine gone)" "" "systems in quarantine"
assert_eq "$(of_links gone.)" 0 "links in quarantine"
[[ -e $TALLYMAN_STATE_DIR/quarantine/gone.win-rep-0.1/scratch ]] || fail "no scratch layer is kept"
[[ -e $TALLYMAN_STATE_DIR/quarantine/gone.lin-rep-0.1/upper ]] || fail "no upper layer is kept"
tm_ok orphans delete gone.win-rep-0.1 gone.win-rep-1.1 gone.lin-rep-0.1
assert_eq "$(things gone)" "" "what is left of quarantine"

# The service does not answer: nothing is known of its half.
tm_ok apply gone.yaml
forget gone
"$HCS_SIM" fault '{"call": "HcsEnumerateComputeSystems", "do": "error", "hr": "HCS_E_SERVICE_NOT_AVAILABLE",
	"times": 0}' >/dev/null
tm sweep --now --mode delete
assert_rc 4
assert_contains "$err" "hcs: nothing of it is swept"
assert_contains "$out" "gone.lin-rep-0.1 on youki"
assert_contains "$out" "1 removed"
"$HCS_SIM" clear >/dev/null
assert_eq "$(mine gone | wc -l)" 2 "systems while the service did not answer"
# An enumeration of endpoints that fails detaches nothing.
"$HCS_SIM" fault '{"call": "HcnEnumerateEndpoints", "do": "error", "hr": "HCS_E_SERVICE_NOT_AVAILABLE",
	"times": 0}' >/dev/null
before=$(of_links '')
tm sweep --now --mode delete
assert_rc 4
"$HCS_SIM" clear >/dev/null
assert_eq "$(of_links '')" "$before" "links while they could not be enumerated"
assert_eq "$(mine gone | wc -l)" 2 "systems while links could not be enumerated"
tm_ok sweep --now --mode delete
assert_contains "$out" "2 removed"
assert_eq "$(mine gone)$(things gone)" "" "what is left at the end"

tm_ok apply stays.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(mine stays)" "$kept" "systems that stay"
tm_ok down stays
