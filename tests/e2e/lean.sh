#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a process does not need is not in it: the shim and the daemon live for years. Neither has a
# library that only commands use, the shim none of the API's, and their threads share one heap.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

cat >app.yaml <<EOT
version: v1
deployment: lean
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    scale: { mode: fixed, replicas: 8 }
    network_mode: none
EOT
tm_ok apply app.yaml
start_daemon
wait_for 20 test -S "$TALLYMAN_RUN_DIR/api.sock"
tm_ok status

# lacks PID LIBRARY...: none of them is mapped
lacks() {
	local pid=$1 maps library
	shift
	maps=$(<"/proc/$pid/maps")
	assert_contains "$maps" /tallyman
	for library in "$@"; do assert_lacks "$maps" "/$library.so"; done
}
# arenas PID: the address ranges that glibc takes for the heap of another thread: 64 MiB, aligned to
# that, without a file, and not accessible behind what is in use
arenas() {
	python3 - "/proc/$1/maps" <<'PY'
import sys
n, size, used = 0, 64 << 20, None
for line in open(sys.argv[1]):
    fields = line.split()
    first, last = (int(x, 16) for x in fields[0].split("-"))
    n += fields[1] == "---p" and used is not None and used[1] == first and used[0] + size == last
    used = (first, last) if fields[1] == "rw-p" and len(fields) == 5 and first % size == 0 else None
print(n)
PY
}
shim=$(shim_pid)
lacks "$shim" libcurl libmicrohttpd libgnutls libcrypto libarchive libxml2
lacks "$daemon" libcurl libcrypto libarchive libxml2
assert_contains "$(<"/proc/$daemon/maps")" /libmicrohttpd.so # it serves

if [[ $(<"/proc/$shim/maps") != *san.so* ]]; then # a sanitizer has a heap of its own
	assert_eq "$(arenas "$shim")" 0 "heaps of threads in the shim"
	assert_eq "$(arenas "$daemon")" 0 "heaps of threads in the daemon"
fi
end_daemon
tm_ok down lean
