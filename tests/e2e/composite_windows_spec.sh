#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A service for Windows goes to HCS: its system is enumerated for our owner, and its address is one of
# the node's slice.
# shellcheck source=tests/support/two_os.sh
TWO_OS_OWNER=tallyman-e2e-test
. "$(dirname "$0")/../support/two_os.sh"
two_os
import_windows

cat >app.yaml <<'EOT'
version: v1
deployment: e2e
services:
  win-svc:
    image: { name: local/windows:1 }
    platform: { os: windows, arch: amd64 }
EOT
tm_ok apply app.yaml
id=$(systems "$OWNER")
assert_eq "$(cut -d. -f2 <<<"$id")" win-svc-rep-0 "second part of the system's id"
tm_ok status e2e -o json
assert_contains "$out" '"runtime": "hcs"'
address=$(grep -o '"address": *"[^"]*"' <<<"$out" | cut -d'"' -f4)
[[ $address =~ ^10\.220\.99\.([0-9]+)$ ]] || fail "address '$address' is not in 10.220.99.0/28"
((BASH_REMATCH[1] >= 2 && BASH_REMATCH[1] <= 14)) || fail "address '$address' is not a container's"
assert_eq "$(find "$TALLYMAN_STATE_DIR/bundles" -mindepth 1 2>/dev/null | wc -l)" 0 "bundles of the other runtime"
