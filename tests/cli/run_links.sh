#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A watched path that is a link, or has one on its way: a link that is set anew is told at once, and
# so is a change behind it, through links to links as well.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

mkdir -p first second apart/deep
ln -s first now        # a link that is turned, as deployments by releases have it
ln -s now current      # a link to it
ln -s apart/deep inner # a link on the way
ln -s "$PWD/apart/real.yaml" apart/deep/file.yaml
printf 'watch: [{path: %s/current}, {path: %s/inner/file.yaml}]\n' "$PWD" "$PWD" >config.yaml
export TALLYMAN_CONFIG=$PWD/config.yaml

deployment() { # NAME REPLICAS
	printf 'version: v1\ndeployment: %s\nservices:\n  web: {image: {name: "busybox:1"}, ' "$1"
	printf 'scale: {mode: fixed, replicas: %s}}\n' "$2"
}
running() {
	[[ $("$TALLYMAN" status "$1" "${memory[@]}" -o json | grep -c '"state": "running"') == "$2" ]]
}

deployment shop 1 >first/shop.yaml
deployment shop 2 >second/shop.yaml
deployment other 1 >apart/real.yaml
start run "${memory[@]}"
wait_for 20 running shop 1
wait_for 20 running other 1

ln -sfn second now
wait_for 20 running shop 2
deployment shop 3 >second/shop.yaml
wait_for 20 running shop 3

deployment other 2 >apart/real.yaml
wait_for 20 running other 2
mkdir apart/new
deployment other 3 >apart/new/file.yaml
ln -sfn apart/new inner
wait_for 20 running other 3

# One that leads to itself is a source that cannot be read, and no more.
ln -sfn current now
wrong_link() { "$TALLYMAN" status "${memory[@]}" 2>&1 | grep -q "Too many levels of symbolic links"; }
wait_for 20 wrong_link
running shop 3 || fail "a link that leads nowhere took something away"
ln -sfn first now
wait_for 20 running shop 1
kill -TERM "$pid"
wait "$pid"
