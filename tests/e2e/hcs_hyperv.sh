#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `isolation: hyperv`, and `auto` with an image of an older build, over a simulated host that has
# Hyper-V: each instance is a utility VM and a container in it, both listed by owner, adopted by the
# next shim, killed in the middle of its making without a trace, and gone with it.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os
import_windows
tm_ok image import "$TEST_TMP/windows.tar" --as local/older:1 --os windows --arch amd64 \
	--os-version 10.0.17763.1 --cmd cmd --cmd /c --cmd 'ping -t localhost'
"$HCS_SIM" switch hyperv=installed >/dev/null

cat >app.yaml <<'EOF'
version: v1
deployment: machines
services:
  asked:
    image: { name: local/windows:1 }
    isolation: hyperv
    stop_grace_period: 1s
    resources: { memory: 1Gi }
  older:
    image: { name: local/older:1 }
    stop_grace_period: 1s
  plain:
    image: { name: local/windows:1 }
    stop_grace_period: 1s
EOF
seen() {
	"$TALLYMAN" status machines -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]: print(i["id"], i["state"], i["pid"])' | sort
}
both=$'machines.asked-rep-0.1\nmachines.asked-rep-0.1@vm\nmachines.older-rep-0.1\nmachines.older-rep-0.1@vm\nmachines.plain-rep-0.1'

# The first apply is killed while machines are made.
"$TALLYMAN" apply app.yaml >first.out 2>&1 &
controller=$!
made_one() { systems "$OWNER" | grep -q '@vm$'; }
wait_for 60 made_one
kill -9 $controller 2>/dev/null || true # on a fast machine it may be done
wait $controller 2>/dev/null || true
tm_ok apply app.yaml
assert_eq "$(seen | grep -c ' running ')" 3 "instances that run"
tm_ok down machines
assert_eq "$(systems "$OWNER")" "" "systems after down"

tm_ok apply app.yaml
both=$(sed 's/\.[0-9]*\(@vm\)\?$/.N\1/' <<<"$both")
assert_eq "$(systems "$OWNER" | sed 's/\.[0-9]*\(@vm\)\?$/.N\1/' | sort)" "$both" "systems"
tm exec machines/asked -- cmd /c 'exit 7'
assert_rc 7
tm_ok logs machines/asked
assert_contains "$out" "up"
before=$(seen)
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

# The shim dies; the next one has them all.
kill -9 "$(cat "$TALLYMAN_RUN_DIR/shim-hcs.lock")"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(seen)" "$before" "instances after the shim was killed"

# The host starts again: machines and containers are gone, and come back.
"$HCS_SIM" reboot >/dev/null
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER" | sed 's/\.[0-9]*\(@vm\)\?$/.N\1/' | sort)" "$both" "systems after a reboot"

tm_ok down machines
assert_eq "$(hcs_left)" "" "what is left"
