#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Create, then stop, with every process of ours restarted in between: each container is stopped by the
# runtime that made it, also when the file says by now that it belongs to the other one.
# shellcheck source=tests/support/two_os.sh
TWO_OS_OWNER=tallyman-e2e-test
. "$(dirname "$0")/../support/two_os.sh"
two_os
import_windows
import_busybox

file() {
	cat <<-EOT
		version: v1
		deployment: e2e
		services:
		  win-svc:
		    image: { name: $1 }
		    stop_grace_period: 1s
		  lin-svc:
		    image: { name: local/busybox:1 }
		    platform: { os: linux, arch: amd64 }
		    command: { entrypoint: [/bin/sh, -c, "trap 'exit 0' TERM; sleep 100000 & wait"] }
		    network_mode: none
	EOT
}
file local/windows:1 >app.yaml
tm_ok apply app.yaml
tm_ok status e2e -o json
before=$(grep -o '"id": *"[^"]*"' <<<"$out" | sort)
assert_eq "$(wc -l <<<"$before")" 2 "instances"

for runtime in hcs youki; do kill -9 "$(<"$TALLYMAN_RUN_DIR/shim-$runtime.lock")"; done
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok status e2e -o json
assert_eq "$(grep -o '"id": *"[^"]*"' <<<"$out" | sort)" "$before" "instances after the shims died"

# The same service is for Linux now: what HCS made is stopped and removed by HCS.
file local/busybox:1 | sed 's|stop_grace_period: 1s|command: { entrypoint: [/bin/sh, -c, "sleep 100000 \& wait"] }\n    stop_grace_period: 1s\n    network_mode: none|' >app.yaml
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER")" "" "systems of HCS"
assert_eq "$(ls "$TALLYMAN_RUN_DIR/oci/$oci" | wc -l)" 2 "containers of the OCI runtime"
tm_ok down e2e
tm_ok down e2e
assert_eq "$(ls "$TALLYMAN_RUN_DIR/oci/$oci" 2>/dev/null | wc -l)" 0 "containers after down"
