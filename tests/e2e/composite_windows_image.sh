#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No platform in the file: the image's own decides, and it is for Windows.
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
EOT
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER" | cut -d. -f2)" win-svc-rep-0 "second part of the system's id"
tm_ok logs e2e/win-svc
assert_contains "$out" up
