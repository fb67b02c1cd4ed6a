#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deps.sh [youki] [long]: install from Debian what is missing to build and test, and nothing else.
# With nothing missing it asks dpkg and is done. `youki`: what building that needs; `long`: what
# the runs of `run.sh --long` need.
set -eu

want="gcc libc6-dev pkg-config cmake ninja-build git python3 clang-format
libyaml-dev libsqlite3-dev libjson-c-dev libarchive-dev nettle-dev uthash-dev libcmocka-dev
libmicrohttpd-dev libcurl4-openssl-dev
crun runc conmon busybox-static util-linux procps strace curl"
for group in "$@"; do
	case $group in
	youki) want="$want libseccomp-dev libelf-dev libclang-dev" ;;
	long) want="$want clang libclang-rt-14-dev" ;;
	*) echo "usage: deps.sh [youki] [long]" >&2; exit 64 ;;
	esac
done

missing=
for package in $want; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "deps.sh: missing:$missing; as root: apt-get install$missing" >&2
		exit 1
	}
	sudo=sudo
fi
install() {
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		-o DPkg::Lock::Timeout=400 -o Dpkg::Use-Pty=0 -qq $missing </dev/null >&2
}
echo "deps.sh: installing$missing" >&2
# Package lists may be absent or old: they are fetched only when that is why it fails.
install || { $sudo apt-get update -qq >&2 && install; }
