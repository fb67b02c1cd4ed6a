#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# busybox_tar.sh OUT.tar: a root file system of the host's static busybox (package busybox-static)
# with a link for each of its commands. The same busybox gives the same bytes.
set -eu

out=${1:?usage: busybox_tar.sh OUT.tar}
busybox=${BUSYBOX:-/bin/busybox}
if [ ! -x "$busybox" ]; then
	echo "busybox_tar.sh: no $busybox; install the package busybox-static" >&2
	exit 1
fi
if ldd "$busybox" 2>/dev/null | grep -q '=>'; then
	echo "busybox_tar.sh: $busybox is linked dynamically; install the package busybox-static" >&2
	exit 1
fi

umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" \
	"$root/run" "$root/var/log" "$root/home"
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
for command in $("$busybox" --list); do
	case $command in
	busybox | */*) ;;
	*) ln -s busybox "$root/bin/$command" ;;
	esac
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"

tar --create --file="$out.part" --directory="$root" --format=ustar --sort=name --mtime=@0 \
	--owner=0 --group=0 --numeric-owner .
mv "$out.part" "$out"
