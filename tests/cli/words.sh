#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Completion and manual pages: both from the table of commands, both usable as they are.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

tm_ok completion bash
printf '%s\n' "$out" >complete.bash
bash -n complete.bash
for shell in zsh fish; do
	tm_ok completion "$shell"
	if command -v "$shell" >/dev/null; then "$shell" -n <(printf '%s\n' "$out"); fi
done
tm completion tcsh
assert_rc 64
tm_ok completion names
assert_eq "$out" "" "names without a store"

# complete LINE: what bash would offer at its end
complete_line() {
	bash -c '. ./complete.bash; PATH=${TALLYMAN%/*}:$PATH
		read -ra COMP_WORDS <<<"$1"; [[ $1 == *" " ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tallyman; echo "${COMPREPLY[*]}"' _ "$1"
}
assert_eq "$(complete_line 'tallyman val')" validate
assert_eq "$(complete_line 'tallyman image ')" "import ls rm"
assert_eq "$(complete_line 'tallyman image import --as')" "--as"
assert_eq "$(complete_line 'tallyman version -o ')" "text json"
assert_contains "$(complete_line 'tallyman logs --')" "--follow"
assert_contains "$(complete_line 'tallyman explain uli')" "ulimits"
assert_contains "$(complete_line 'tallyman do')" "doctor"
busybox_tar bb.tar
tm_ok image import bb.tar --as local/busybox:1
assert_eq "$(complete_line 'tallyman image rm ')" "local/busybox:1"

# Every command has help and a page, and the page is made of what help shows.
tm_ok help
commands=$(awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print substr($0, 3, 26) }' <<<"$out" |
	sed 's/ *$//')
[[ $(wc -l <<<"$commands") -ge 8 ]] || fail "help shows too few commands"
tm_ok help --man pages
while read -r command; do
	# shellcheck disable=SC2086
	tm_ok $command --help
	assert_contains "$out" "Usage: tallyman $command"
	assert_contains "$out" "Exit status:"
	assert_eq "$(awk 'length > 80' <<<"$out")" "" "lines of $command --help that are too long"
	exits=$(sed -n '/^Exit status:/,/^$/s/^  \([0-9][0-9]*\) .*/\1/p' <<<"$out")
	assert_eq "$exits" "$(sort -nu <<<"$exits")" "order of exit statuses of $command"
	page=pages/tallyman-${command// /-}.1
	[[ -s $page ]] || fail "no page for $command"
	grep -q '^\.SH DESCRIPTION' "$page" || fail "$page has no description"
	if command -v groff >/dev/null; then
		groff -man -Tutf8 -ww -z "$page" 2>warnings || fail "groff refuses $page"
		[[ ! -s warnings ]] || fail "$page: $(<warnings)"
	fi
done <<<"$commands"
[[ $(find pages -name 'tallyman*.1' | wc -l) == $(($(wc -l <<<"$commands") + 1)) ]] ||
	fail "a page without a command"
tm help --man /dev/null/x
assert_rc 1
