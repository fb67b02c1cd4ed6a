#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No platform in the file and an image that is not there yet: one error, nothing is made. Once the image
# is known it is for Linux, and the delegate gets it, though the node's own runtime is HCS.
# shellcheck source=tests/support/two_os.sh
TWO_OS_OWNER=tallyman-e2e-test
. "$(dirname "$0")/../support/two_os.sh"
two_os

cat >app.yaml <<'EOT'
version: v1
deployment: e2e
services:
  lin-svc:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "trap 'exit 0' TERM; sleep 100000 & wait"] }
    network_mode: none
EOT
tm apply app.yaml
assert_rc 4
assert_contains "$err" "tallyman image import FILE --as local/busybox:1"
assert_eq "$(systems "$OWNER")" "" "systems of HCS"
import_busybox
tm_ok apply app.yaml
assert_eq "$(ls "$TALLYMAN_RUN_DIR/oci/$oci" | cut -d. -f2)" lin-svc-rep-0 "in the state directory"
assert_eq "$(systems "$OWNER")" "" "systems of HCS"
