#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What asks a container to end: what the file says, else what its image says, else SIGTERM; for a
# service that the file does not have any more, too.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
busybox_tar busybox.tar
"$TEST_SOURCE_DIR/tests/support/layered_image.py" busybox.tar quit 1 '{"StopSignal": "SIGQUIT"}'
"$TEST_SOURCE_DIR/tests/support/layered_image.py" busybox.tar odd 1 '{"StopSignal": "SIGNOTHING"}'
tm_ok image import quit --as local/quit:1
tm_ok image import odd --as local/odd:1

service() { # NAME IMAGE [LINE]
	cat <<EOT
  $1:
    image: { name: "$2" }
    command:
      entrypoint:
        - /bin/sh
        - -c
        - "for s in TERM QUIT USR1; do trap \\"echo \$s; exit\\" \$s; done; echo up; sleep 100000 & wait"
    stop_grace_period: 20s
    scale: { mode: fixed, replicas: 1 }
    network_mode: none
EOT
	[[ ! ${3:-} ]] || echo "    $3"
}
{
	printf 'version: v1\ndeployment: app\nservices:\n'
	service says local/quit:1 'stop_signal: USR1'
	service silent local/quit:1
	service odd local/odd:1
	service gone local/quit:1
} >all.yaml
sed '/^  gone:/,$d' all.yaml >less.yaml
up() { [[ $("$TALLYMAN" logs app | grep -c ' up$') == 4 ]]; }
tm_ok apply all.yaml
wait_for 10 up
kill -9 "$(shim_pid)" # it is remembered
tm_ok apply less.yaml
tm_ok down app
for pair in "says USR1" "silent QUIT" "gone QUIT" "odd TERM"; do
	tm_ok logs "app/${pair% *}"
	assert_eq "$(tail -n 1 <<<"$out" | grep -oE '[A-Z0-9]+$')" "${pair#* }" "what ${pair% *} got"
done
