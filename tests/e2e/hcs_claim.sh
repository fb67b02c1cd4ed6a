#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A store that was emptied while only the (simulated) Windows host still has something of the owner:
# the owner tag is not free, and nothing is swept, also a system in no network of ours.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
trap two_os_cleanup EXIT
two_os
import_windows
cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  win:
    image: { name: local/windows:1 }
    network_mode: none
    stop_grace_period: 1s
EOT
tm_ok apply app.yaml
node=$("$TALLYMAN" recover -o json | grep -o '"node_id": *"[^"]*"' | cut -d'"' -f4)
before=$(systems "$OWNER")
assert_eq "$before" "app.win-rep-0.1" "the system"
for p in $(pgrep -f "tallyman shim .*$TALLYMAN_RUN_DIR"); do kill -9 "$p"; done

mv "$TALLYMAN_STATE_DIR" aside
for dir in "$TALLYMAN_STATE_DIR" "$TEST_TMP/second"; do
	for mode in report delete; do
		TALLYMAN_STATE_DIR=$dir tm sweep --now --mode $mode
		assert_rc 6
		assert_contains "$err" "${node:0:8}"
		assert_eq "$(systems "$OWNER")" "$before" "systems after a sweep from $dir"
	done
done
rm -rf "$TALLYMAN_STATE_DIR"
mv aside "$TALLYMAN_STATE_DIR"
tm_ok sweep --now --mode delete
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok down app
# Nothing of it is left: another store may have the name.
TALLYMAN_STATE_DIR=$TEST_TMP/second tm_ok sweep
rm -rf "$TALLYMAN_STATE_DIR"
export TALLYMAN_STATE_DIR=$TEST_TMP/second
