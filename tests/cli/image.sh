#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# image import, ls, rm: names, both forms of output, wrong input that leaves nothing.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

# Looking creates nothing.
tm_ok image ls
assert_eq "$out" "NAME  DIGEST  PLATFORM  SIZE  IMPORTED"
tm_ok image ls -o json
is_json 'd == {"schema": "tallyman.images.v1", "images": []}'
tm image rm none
assert_rc 1
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "looking made the state directory"

busybox_tar bb.tar
tm image import bb.tar
assert_rc 1
assert_contains "$err" "--as NAME"
tm_ok image import bb.tar --as local/busybox:1 --cmd /bin/sh --cmd -c --env PATH=/bin --label a=b
assert_contains "$out" "imported local/busybox:1 (sha256:"
tm_ok image import bb.tar --as docker.io/library/other -o json
is_json 'd["images"][0]["canonical"] == "docker.io/library/other:latest"'
tm_ok image ls
assert_contains "$out" "local/busybox:1 "
tm_ok image ls -o json
is_json 'len(d["images"]) == 2 and d["images"][0]["os"] == "linux" and d["images"][0]["layers"] == 1'
tm_ok completion images
assert_contains "$out" "local/busybox:1"

# The same name again moves it.
printf x >extra
tar --append -f bb.tar extra
tm_ok image import bb.tar --as local/busybox:1
assert_contains "$out" "moved"

# Wrong options and wrong files; afterwards the same images are there.
before=$("$TALLYMAN" image ls -o json)
tm image import bb.tar --as x --env NOVALUE
assert_rc 64
tm image import bb.tar --as x --label =1
assert_rc 64
tm image import bb.tar --as 'Not A Name'
assert_rc 1
head -c 100000 bb.tar >cut.tar
for file in missing.tar "$TEST_TMP" "$TALLYMAN" cut.tar /dev/null; do
	tm image import "$file" --as x -o json
	assert_rc 1
	is_json 'd["schema"] == "tallyman.error.v1" and d["message"]'
	assert_contains "$err" "tallyman: error: "
done
assert_eq "$("$TALLYMAN" image ls -o json)" "$before" "images"

tm image rm local/busybox:1 local/busybx:1
assert_rc 1
assert_contains "$err" "did you mean 'local/busybox:1'?"
tm_ok image rm local/busybox:1 other:latest -o json
is_json 'd["removed"] == ["local/busybox:1", "other:latest"]'
tm_ok image ls -o json
is_json 'd["images"] == []'
