#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An image of 100 layers runs, on each runtime: what the topmost layer changed is what the container
# sees, its whiteout and its opaque directory hide what is below, and all layers in between are
# there. The paths of 100 layers are longer than the page that a mount's options may fill.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
n=100
busybox_tar busybox.tar
"$TEST_SOURCE_DIR/tests/support/layered_image.py" busybox.tar image $n
tm_ok image import image --as local/layered:1
assert_eq "$(find "$TALLYMAN_STATE_DIR/images/l" -mindepth 2 -maxdepth 2 -name fs | wc -l)" $n "layers"

cat >deep.yaml <<'EOT'
version: v1
deployment: deep
services:
  web:
    image: { name: local/layered:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: 1 }
    network_mode: none
EOT
inside() { tm_ok exec deep/web -- "$@"; }
for program in $(oci_programs); do
	use_runtime "$program"
	mounts=$(overlay_mounts)
	tm_ok apply deep.yaml
	inside cat /top
	assert_eq "$out" $((n - 1)) "what the topmost layer wrote"
	# 1 is hidden; the bottom layer has no number.
	inside ls /layers
	assert_eq "$(sort -n <<<"$out")" "$(seq 2 $((n - 1)))" "files of the layers on $program"
	inside ls /opaque
	assert_eq "$out" above "what the opaque directory shows"
	inside sh -c 'echo changed >/top && rm /layers/2 && cat /top'
	assert_eq "$out" changed
	assert_eq "$(overlay_mounts)" "$mounts" "the host's mounts with $program"
	tm_ok down deep
	assert_nothing_left
done

# What a container wrote went with it.
tm_ok apply deep.yaml
inside cat /top /layers/2
assert_eq "$out" $((n - 1))$'\n2' "files of a fresh container"
