#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mutants.sh BUILD [short|NAME...]: breaks the core, one line of mutants.txt after the other, and
# expects the simulation to notice each within 500 seeds, from 1 on or from N where the name ends
# with @N: some need a rare meeting. BUILD has been built, with ninja.
#
# Only the broken file is compiled, with the build's own command, and sim_test linked with it; the
# sources and BUILD stay as they are. short: only those whose name begins with `*`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
shift
seeds=${SEEDS:-500}
limit=900 # seconds for all seeds; sim_test itself ends a core that never answers
work=$(mktemp -d "$build/mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT

commands=$(ninja -C "$build" -t commands tests/sim_test)
link=$(grep -- '-o tests/sim_test ' <<<"$commands") || { echo "sim_test is not built here"; exit 1; }

# build_with FILE SOURCE: a sim_test with SOURCE in the place of FILE
build_with() {
	local compile
	compile=$(grep -- " -c $root/$1\$" <<<"$commands") || { echo "no command compiles $1"; return 1; }
	compile=${compile%% -MD *}
	(cd "$build" && $compile -std=gnu11 -Wno-error -w -c "$2" -o "$work/mutant.o") || return 1
	local with=${link/controller\/libcore.a/$work/mutant.o controller/libcore.a}
	with=${with/-o tests\/sim_test /-o $work/sim_test }
	(cd "$build" && bash -c "$with")
}

wants() { # NAME: is it one of those asked for?
	local name=$1 w plain=${1#\*}
	plain=${plain%@*}
	shift
	[[ $# -eq 0 ]] && return 0
	for w; do
		[[ $w == "$plain" || ($w == short && $name == \**) ]] && return 0
	done
	return 1
}

bad=0
n=0
while IFS=$'\t' read -r name file expression what; do
	[[ -z $name || $name == \#* ]] && continue
	wants "$name" "$@" || continue
	n=$((n + 1))
	name=${name#\*}
	first=1
	[[ $name == *@* ]] && first=${name#*@} && name=${name%@*}
	sed -z -E -e "$expression" "$root/$file" >"$work/mutant.c"
	if cmp -s "$work/mutant.c" "$root/$file"; then
		echo "$name: does not apply to $file any more: write it anew"
		bad=1
	elif ! build_with "$file" "$work/mutant.c" >"$work/log" 2>&1; then
		echo "$name: does not compile:"
		head -5 "$work/log"
		bad=1
	else
		rc=0
		timeout -k 5 $limit "$work/sim_test" "$first" "$seeds" --once >"$work/log" 2>&1 || rc=$?
		case $rc in
		0) echo "$name: survives $seeds seeds ($what)"; bad=1 ;;
		124 | 137) echo "$name: not decided in $limit seconds"; bad=1 ;;
		*) echo "$name: caught, $(grep -aE '^FAIL|runtime error|ERROR: Addr|Assertion' "$work/log" | tail -1 | cut -c1-120)" ;;
		esac
	fi
done <"$here/mutants.txt"
[[ $n -gt 0 ]] || { echo "no such mutant"; exit 1; }
exit $bad
