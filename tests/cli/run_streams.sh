#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# However many follow the daemon's events: a change finds its place.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

socket=$TALLYMAN_RUN_DIR/memory/api.sock
# hold NUMBER REQUEST: so many streams of that, until the file `leave` is there; `held` when begun
hold() {
	python3 - "$socket" "$1" "$2" <<-'P' &
		import os, socket, sys, time
		held = []
		for _ in range(int(sys.argv[2])):
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[1])
		    s.sendall(sys.argv[3].replace("\\r\\n", "\r\n").encode())
		    s.recv(64)
		    held.append(s)
		open("held", "w").close()
		end = time.monotonic() + 60
		while not os.path.exists("leave") and time.monotonic() < end:
		    time.sleep(0.05)
	P
	wait_for 20 test -e held
	rm held
}
streams() { curl -sS --unix-socket "$socket" http://t/metrics | sed -n 's/^tallyman_api_streams //p'; }
streams_are() { [[ $(streams) == "$1" ]]; }

start run "${memory[@]}"
answers() { curl -sS --fail --unix-socket "$socket" http://t/readyz >/dev/null 2>&1; }
wait_for 20 answers
echo 'version: v1
deployment: other
services:
  web: {image: {name: "busybox:1"}}' >other.yaml

hold 70 'GET /v1/events?follow=1 HTTP/1.1\r\nHost: t\r\n\r\n'
streams_are 48 || fail "$(streams) streams are open"
tm_ok apply other.yaml "${memory[@]}"
tm_ok down other "${memory[@]}"

touch leave
wait_for 20 streams_are 0
kill -TERM "$pid"
wait "$pid"
