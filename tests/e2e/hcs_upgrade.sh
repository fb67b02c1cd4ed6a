#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A newer program beside an older shim of Windows containers: their pipes would break with the handles
# of that shim, so it stays what it is, says why, and works with the newer program. The other
# runtime's shim is upgraded.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.98.0/28, youki: 10.220.98.16/28 }"
import_windows
import_busybox
: "${TALLYMAN_NEXT:?the same program as its next version}"

cat >app.yaml <<'EOT'
version: v1
deployment: upgrade
services:
  win:
    image: { name: local/windows:1 }
    command: { entrypoint: [cmd, /c, "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done"] }
    stop_grace_period: 1s
  lin:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    network_mode: none
EOT
log=$TALLYMAN_STATE_DIR/logs/upgrade/win-rep-0.log
shim_of() { cat "$TALLYMAN_RUN_DIR/shim-$1.lock"; }
program_of() { tr '\0' '\n' <"/proc/$(shim_of "$1")/cmdline" | head -n 1; }
grown() { (($(wc -l <"$log") > $1)); }

tm_ok apply app.yaml
hcs=$(shim_of hcs) youki=$(shim_of youki)
wait_for 20 grown 5
run "$TALLYMAN_NEXT" apply app.yaml
assert_rc 0
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(shim_of hcs) $(shim_of youki)" "$hcs $youki" "pids of the shims"
assert_eq "$(program_of hcs) $(program_of youki)" "$TALLYMAN $TALLYMAN_NEXT" "programs of the shims"
grep -q "upgrade=$TALLYMAN_NEXT .*pipes of Windows containers" "$TALLYMAN_STATE_DIR/logs/shim-hcs.log" ||
	fail "the reason is not told"
wait_for 20 grown $(($(wc -l <"$log") + 5))
tm_ok logs upgrade/win --no-prefix
assert_eq "$out" "$(seq -f 'line %g' 0 $(($(wc -l <<<"$out") - 1)))" "log"
