#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images on a bad day: archives that reach out of their root, a hundred thousand files, an import that
# is killed or interrupted, a file that may not be read; and an image that is taken away, or whose name
# moves, while containers run from it. What is wrong inside single archives is in backends_image_*_test.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
need_runtime
images=$TALLYMAN_STATE_DIR/images

# archives: those of this test, under names that say what they do
archives() {
	python3 - "$TEST_TMP" <<'EOT'
import io, sys, tarfile
from tarfile import REGTYPE as FILE, DIRTYPE as DIR, SYMTYPE as LINK, LNKTYPE as HARD, CHRTYPE as DEVICE, FIFOTYPE as FIFO

def add(tar, name, kind, value=""):
    t = tarfile.TarInfo(name)
    t.type = kind
    t.mode = 0o755 if kind == DIR else 0o644
    data = b""
    if kind == FILE:
        data = value.encode()
        t.size = len(data)
    elif kind == DEVICE:
        t.devmajor, t.devminor = value
    else:
        t.linkname = value
    tar.addfile(t, io.BytesIO(data))

def archive(name, *members, mode="w"):
    with tarfile.open(name, mode, encoding="utf-8", errors="surrogateescape") as tar:
        for m in members:
            add(tar, *m)

archive("above.tar", ("../../out", FILE, "x"))
archive("hard.tar", ("a", HARD, "../../../../../etc/hostname"))
archive("absent.tar", ("a", HARD, "etc/hostname"))
archive("loop.tar", ("a", LINK, "b"), ("b", LINK, "a"), ("a/x", FILE, "x"))
archive("whiteout.tar", ("d/.wh.", FILE))
# Odd, but good: what leads out is seen from the image's own root.
odd = [("out", LINK, "../../../../../.." + sys.argv[1]), ("out/escaped", FILE, "inside\n"),
       ("odd", DIR), ("/odd/absolute", FILE, "a"), ("./odd//slashes", FILE, "b"),
       ("odd/twice", FILE, "old"), ("odd/twice", FILE, "new\n"),
       ("odd/was-file", FILE, "x"), ("odd/was-file", DIR), ("odd/was-file/in", FILE, "in\n"),
       ("odd/new\nline", FILE, "c"), ("odd/-rf *", FILE), ("odd/ ", FILE), ("odd/\udcff\udcfe", FILE),
       ("odd/" + "n" * 255, FILE), ("odd/" + "d/" * 100 + "end", FILE),
       ("odd/null", DEVICE, (1, 3)), ("odd/fifo", FIFO), ("odd/hard", HARD, "odd/twice")]
archive("odd.tar", *odd, mode="a")

# A hundred thousand files: one header, with another name and sum each.
t = tarfile.TarInfo("d00/f00000")
head = bytearray(t.tobuf(tarfile.USTAR_FORMAT))
with open("many.tar", "wb") as f:
    for i in range(100000):
        head[0:10] = b"d%02d/f%05d" % (i % 100, i)
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head[:512])
        f.write(head[:512])
    f.write(bytes(1024))
EOT
}
busybox_tar odd.tar
cp odd.tar busybox.tar
archives
[[ $(tar -tf many.tar | tail -n 1) == d99/f99999 ]] || fail "the archive is not as it should be"

# --- what reaches out of its root ---

refused() { # FILE TEXT: and nothing of it stays
	tm image import "$1" --as local/bad:1 --os linux
	assert_rc 1
	assert_contains "$err" "tallyman: error: import $1: "
	assert_contains "$err" "$2"
	assert_eq "$(find "$images/tmp" "$images/l" -mindepth 1)" "" "left of $1"
	assert_eq "$("$TALLYMAN" image ls | wc -l)" 1 "images"
}
refused above.tar "member leaves the root: ../../out"
refused hard.tar "member leaves the root: ../../../../../etc/hostname"
refused absent.tar "etc/hostname"
refused loop.tar "a/x: through too many links"
refused whiteout.tar "whiteout of nothing: d/.wh."

# --- a file that may not be read ---

mkdir nobody && chown 65534:65534 nobody && chmod 755 .
chmod 600 busybox.tar
run setpriv --reuid=65534 --regid=65534 --clear-groups "$TALLYMAN" --state-dir "$TEST_TMP/nobody/state" \
	image import busybox.tar --as local/bad:1
assert_rc 1
assert_eq "$err" "tallyman: error: open busybox.tar: Permission denied"
[[ ! -e nobody/state/images/index.json ]] || fail "an index of nothing"

# --- a hundred thousand files, and an import that does not come to its end ---

mkdir -p "$images"
mount -t tmpfs -o size=200m none "$images" # what a disk takes for it is not of interest
unpacking() { [[ $(find "$images/tmp" -type d -name "d[0-9]*" 2>/dev/null | wc -l) -ge 50 ]]; }
# ended_by SIGNAL: an import that this signal reaches in its middle
ended_by() {
	"$TALLYMAN" image import many.tar --as local/many:1 --os linux >ended.out 2>&1 &
	local pid=$!
	wait_for 30 unpacking
	kill -s "$1" $pid
	wait $pid 2>/dev/null || true
	assert_eq "$("$TALLYMAN" image ls | wc -l)" 1 "images after SIG$1"
	assert_eq "$(find "$images/l" "$images/blobs/sha256" -mindepth 1 -maxdepth 1)" "" "left after SIG$1"
}
ended_by KILL
ended_by TERM
assert_eq "$(find "$images/tmp" -mindepth 1 -maxdepth 1 | wc -l)" 1 "what the second one left"
tm_ok image import many.tar --as local/many:1 --os linux
assert_eq "$(find "$images/tmp" -mindepth 1)" "" "what they left"
assert_eq "$(find "$images/l" -type f -name 'f*' | wc -l)" 100000 "files"
tm_ok image rm local/many:1
assert_eq "$(find "$images/l" "$images/blobs/sha256" -mindepth 1)" "" "left of it"
umount "$images"

# --- odd, but good; taken away and moved under running containers ---

cat >app.yaml <<'EOT'
version: v1
deployment: app
services:
  web:
    image: { name: local/odd:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    network_mode: none
EOT
inside() { tm_ok exec app/web -- sh -c "$1"; }
tm_ok image import odd.tar --as local/odd:1 --os linux
[[ ! -e $TEST_TMP/escaped ]] || fail "a member came out of its root"
tm_ok apply app.yaml
inside 'ls /odd | wc -l; cat /odd/twice /odd/hard /odd/was-file/in "$(readlink /out)"/escaped; ls /odd/d/d/d | wc -l'
assert_eq "$out" $'13\nnew\nnew\nin\ninside\n1' "what the container sees"
inside 'echo lost >/odd/null; test ! -s /odd/null -a -p /odd/fifo -a -e "/odd/-rf *" -a -e "/odd/ "'

# It is held for those that use it: its name goes, its files stay.
tm_ok image rm local/odd:1
tm_ok image ls
assert_lacks "$out" local/odd
inside 'cat /odd/twice && /bin/busybox true'
tm_ok apply app.yaml
assert_contains "$out" "nothing to do"

# Nor does a name that moves touch what runs. The next instance has what the name stands for then.
tm_ok image import busybox.tar --as local/odd:1 --os linux
tm_ok apply app.yaml
inside 'cat /odd/twice'
tm_ok down app
tm_ok apply app.yaml
inside 'ls -d /odd || echo none'
assert_eq "$out" none "of the image that the name stood for"
tm_ok down app
tm_ok image rm local/odd:1
assert_eq "$(find "$images/l" "$images/tmp" "$images/leases" "$images/blobs/sha256" -mindepth 1)" "" "left of both images"
