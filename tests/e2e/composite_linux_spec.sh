#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A service for Linux goes to the delegate: it is in the OCI runtime's state directory and `state`, and
# HCS has never heard of it.
# shellcheck source=tests/support/two_os.sh
TWO_OS_OWNER=tallyman-e2e-test
. "$(dirname "$0")/../support/two_os.sh"
two_os
import_busybox

cat >app.yaml <<'EOT'
version: v1
deployment: e2e
services:
  lin-svc:
    image: { name: local/busybox:1 }
    platform: { os: linux, arch: amd64 }
    command: { entrypoint: [/bin/sh, -c, "trap 'exit 0' TERM; sleep 100000 & wait"] }
    network_mode: none
EOT
tm_ok apply app.yaml
id=$(ls "$TALLYMAN_RUN_DIR/oci/$oci")
assert_eq "$(cut -d. -f2 <<<"$id")" lin-svc-rep-0 "second part of the id in the state directory"
run "$oci" --root "$TALLYMAN_RUN_DIR/oci/$oci" state "$id"
assert_rc 0
assert_contains "$out" '"running"'
assert_eq "$(systems "$OWNER")" "" "systems of HCS"
