#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An hcs.library that is not there, or is no such library: no waiting makes it one. The Windows slots are
# blocked with the reason and the way out, those that run already are left as they are, the Linux half
# goes on, and the apply ends at once with 4. What names one runtime twice is refused before anything.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.92.0/28, youki: 10.220.93.0/28 }"
import_windows
import_busybox
cp "$TALLYMAN_CONFIG" right.yaml

file() { # LINUX_REPLICAS
	cat >app.yaml <<-EOT
		version: v1
		deployment: lib
		services:
		  win: { image: { name: local/windows:1 }, stop_grace_period: 1s, network_mode: none }
		  lin:
		    image: { name: local/busybox:1 }
		    platform: { os: linux, arch: amd64 }
		    command: { entrypoint: [/bin/sleep, "100000"] }
		    stop_signal: SIGKILL
		    scale: { mode: fixed, replicas: $1 }
		    network_mode: none
	EOT
}
library() { sed "s|library: [^ }]*|library: $1|" right.yaml >"$TALLYMAN_CONFIG"; }
hcs_shim() { pgrep -f "tallyman shim .*runtime[= ]hcs.*$TALLYMAN_RUN_DIR"; }
no_hcs_shim() { ! hcs_shim >/dev/null; }
# refused REASON HINT: by an apply that waits as long as it likes
refused() {
	run timeout 60 "$TALLYMAN" apply app.yaml
	assert_rc 4
	assert_contains "$err" "error: lib/win-rep-0: hcs cannot be used: "
	assert_contains "$err" "$1"
	assert_contains "$err" "hint: $2"
	tm plan app.yaml
	assert_contains "$out" "hcs cannot be used: "
	assert_contains "$out" "hint: $2"
	tm status lib -o json
	assert_contains "$out" "\"hint\": \"$2"
}

file 1
library "$TEST_TMP/nowhere.so"
refused "$TEST_TMP/nowhere.so: cannot open shared object file" "set hcs.library to a library that can be loaded"
assert_contains "$out" '"phase": "running"'
library "$(ldconfig -p | awk '/libm\.so\.6 /{ print $NF; exit }')"
refused "the Host Compute Service here has no Hcs" "a newer Windows is needed, or another hcs.library"

# -- with one that runs ---------------------------------------------------------------------------
cp right.yaml "$TALLYMAN_CONFIG"
tm_ok apply app.yaml
before=$(systems "$OWNER")
library "$TEST_TMP/nowhere.so"
tm_ok apply app.yaml # the shim that is there has it
kill -9 "$(hcs_shim)"
wait_for 10 no_hcs_shim
file 2
refused "$TEST_TMP/nowhere.so" "set hcs.library"
assert_eq "$("$TALLYMAN" status lib | grep -c ' running ')" 2 "Linux slots"
cp right.yaml "$TALLYMAN_CONFIG"
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER")" "$before" "systems"

# -- one runtime twice ----------------------------------------------------------------------------
sed 's/delegate: youki/delegate: hcs/' right.yaml >"$TALLYMAN_CONFIG"
tm apply app.yaml
assert_rc 1
assert_contains "$err" "the settings name hcs twice, as runtimes.primary and as runtimes.delegate"
assert_contains "$err" "hint: leave runtimes.delegate out"
sed 's/primary: hcs, //' right.yaml >"$TALLYMAN_CONFIG"
tm apply app.yaml
assert_rc 1
assert_contains "$err" "runtimes.delegate is youki, which is runtimes.primary already"
cp right.yaml "$TALLYMAN_CONFIG"
