#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh checkout to running containers: installs what is missing, builds, makes a busybox
# image on the spot, applies examples/hello.yaml, changes one service and shows that only that
# one was replaced. Everything carries the owner tag `quickstart`, apart from whatever else
# runs on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() {
	printf '$ tallyman'
	printf ' %q' "$@"
	printf '\n'
	"$TALLYMAN" "$@"
}

[ "$(id -u)" = 0 ] || { echo "quickstart: containers need root; try: sudo $0" >&2; exit 1; }

say "Install what is missing, build"
tests/deps.sh
cmake --preset release >/dev/null
cmake --build --preset release --target tallyman

export TALLYMAN=$PWD/build/release/tallyman
export TALLYMAN_OWNER=quickstart
export TALLYMAN_STATE_DIR=${QUICKSTART_DIR:-/var/lib/tallyman/state/quickstart}
export TALLYMAN_RUN_DIR=/run/tallyman/quickstart
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What an earlier run has left goes first; and a store of an older build is upgraded by it.
"$TALLYMAN" down --all --progress quiet >/dev/null 2>&1 || true

say "An image made of this machine's busybox"
tests/support/busybox_tar.sh "$work/busybox.tar"
run image import "$work/busybox.tar" --as local/busybox:1 --os linux --arch amd64 \
	--cmd /bin/sh --env PATH=/bin:/sbin:/usr/bin:/usr/sbin
run image ls

say "What would be done? (plan ends with 2 when there is something to do)"
cp examples/hello.yaml "$work/hello.yaml"
run plan "$work/hello.yaml" || [ $? = 2 ]

say "Do it"
run apply "$work/hello.yaml"
run status hello

say "Do it again: nothing to do"
run apply "$work/hello.yaml"

say "What they say"
sleep 1
run logs hello/greeter --tail 2
run logs hello/clock --tail 1

say "Change one environment value of one service"
sed -i 's/GREETING: hello/GREETING: good morning/' "$work/hello.yaml"
run plan "$work/hello.yaml" || [ $? = 2 ]
"$TALLYMAN" status hello -o json >"$work/before.json"
run apply "$work/hello.yaml"
"$TALLYMAN" status hello -o json >"$work/after.json"
run status hello
sleep 1
run logs hello/greeter --tail 1

say "Only greeter was replaced"
ids() { grep -o '"id": *"[^"]*"' "$1" | sed 's/.*"\(hello[^"]*\)"/\1/' | sort; }
echo "kept:";     comm -12 <(ids "$work/before.json") <(ids "$work/after.json") | sed 's/^/  /'
echo "replaced:"; comm -23 <(ids "$work/before.json") <(ids "$work/after.json") | sed 's/^/  /'
comm -12 <(ids "$work/before.json") <(ids "$work/after.json") | grep -q '^hello\.clock-' ||
	{ echo "quickstart: clock was replaced too, which is a defect" >&2; exit 1; }
comm -12 <(ids "$work/before.json") <(ids "$work/after.json") | grep -q '^hello\.greeter-' &&
	{ echo "quickstart: greeter was not replaced, which is a defect" >&2; exit 1; }

cat <<EOT

Still running. To look around and to take it down:

  export TALLYMAN_OWNER=quickstart
  $TALLYMAN status hello
  $TALLYMAN exec hello/greeter -- hostname
  $TALLYMAN logs hello --follow
  $TALLYMAN down hello
EOT
