#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files that are none: every command that takes one says what is wrong with it, ends with 1, makes
# nothing and does not wait for ever.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
mkdir directory
: >empty.yaml
printf '# nothing but a comment\n' >comment.yaml
head -c 4000 "$TALLYMAN" >binary.yaml
head -c 5242880 /dev/zero | tr '\0' a >large.yaml
printf 'version: v1\ndeployment: \xff\xfe\n' >latin.yaml
printf 'version: v1\n\tdeployment: x\n' >tab.yaml
printf '{ "version": "v1", ' >cut.json
ln -s nowhere dangling.yaml
ln -s loop.yaml loop.yaml
mkfifo fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'

# each FILE PART: every command that takes a deployment file says PART
each() {
	local command
	for command in validate render plan apply down; do
		local options=()
		[[ $command == validate || $command == render ]] || options=("${memory[@]}")
		run timeout -s KILL 60 "$TALLYMAN" "$command" "${options[@]}" "$1"
		assert_rc 1
		assert_eq "$out" "" "stdout of $command $1"
		assert_contains "$err" "$2"
		[[ $command == render || $command == validate ]] && continue
		assert_contains "$err" "tallyman: error: "
		[[ $command == apply ]] || continue
		run timeout -s KILL 60 "$TALLYMAN" "$command" "${options[@]}" "$1" -o json
		assert_rc 1
		error_json
	done
}
each missing.yaml "open missing.yaml: No such file or directory"
each "$TALLYMAN/below" "Not a directory"
each dangling.yaml "No such file or directory"
each loop.yaml "Too many levels of symbolic links"
each directory "directory is a directory, not a file"
each socket "socket is a socket, not a file"
each empty.yaml "E0108"
each comment.yaml "E0108"
each /dev/null "E0108"
each binary.yaml "E0101"
each latin.yaml "E0101"
each tab.yaml "E0102"
each cut.json "E0102"
each large.yaml "E0103"
each /dev/zero "E0103"
each "$(printf 'x%.0s' {1..300})" "File name too long"
each "$(printf 'x/%.0s' {1..3000})" "File name too long"
# A FIFO is read when somebody writes to it, and not waited for when nobody does.
run timeout -s KILL 60 "$TALLYMAN" validate fifo
assert_rc 1
assert_contains "$err" "fifo is a FIFO that nobody writes to"
cat "$shop" >fifo &
tm_ok validate fifo
wait $!
run bash -c '"$TALLYMAN" plan --runtime memory <(sleep 0.2; cat "$0")' "$shop"
assert_rc 2
block=$(find /dev -maxdepth 1 -type b | head -n 1)
[[ ! $block ]] || each "$block" "is a block device, not a file"
if [[ $(id -u) != 0 ]]; then
	install -m 0 /dev/null closed.yaml
	each closed.yaml "Permission denied"
fi
# down opened its store, for it has to know which words are names; there is nothing in it.
tm_ok status "${memory[@]}" -o json
is_json 'd["instances"] == []'
tm_ok events "${memory[@]}" -o json
is_json 'd["events"] == []'

# Images: the same, and what was there stays as it was.
busybox_tar bb.tar
tm_ok image import bb.tar --as local/busybox:1
before=$("$TALLYMAN" image ls -o json)
image() { # FILE PART
	run timeout -s KILL 60 "$TALLYMAN" image import "$1" --as local/other:1
	assert_rc 1
	assert_eq "$out" "" "stdout"
	assert_contains "$err" "$2"
	assert_eq "$("$TALLYMAN" image ls -o json)" "$before" "images after $1"
}
image missing.tar "No such file or directory"
image directory "without oci-layout"
image fifo "neither a file nor a directory"
image /dev/null "neither a file nor a directory"
image /dev/zero "neither a file nor a directory"
image socket "No such device or address"
image empty.yaml "hint: give a tar"
image "$shop" "hint: give a tar"
image large.yaml "hint: give a tar"
image binary.yaml "hint: give a tar"
head -c 100000 bb.tar >cut.tar
image cut.tar "import cut.tar: "
[[ -z $(ls -A "$TALLYMAN_STATE_DIR/images/tmp") ]] || fail "a failed import left something"

# Settings: the same reader.
settings() { # FILE PART
	run timeout -s KILL 60 "$TALLYMAN" status "${memory[@]}" --config "$1"
	assert_rc 1
	assert_contains "$err" "$2"
}
settings missing.yaml "No such file or directory"
settings directory "directory is a directory, not a file"
settings fifo "a FIFO that nobody writes to"
settings large.yaml "is larger than 1048576 bytes"
settings binary.yaml "E0101"
settings "$shop" "there is no such setting"
tm_ok status "${memory[@]}" --config /dev/null
tm_ok status "${memory[@]}" --config empty.yaml
