#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mutants.sh BUILD [short|NAME...]: breaks the program, one line of mutants.txt after the other, and
# expects the simulation to notice each within 500 seeds, from 1 on or from N where the name ends
# with @N: some need a rare meeting. BUILD has been built, with ninja. What the core is made of is
# tried with the fast simulation, the rest with the one over the real store, and PROGRAM:FILE with
# the simulation PROGRAM.
#
# Only the broken file is compiled, with the build's own command, and the simulation linked with it;
# the sources and BUILD stay as they are. short: only those whose name begins with `*`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
shift
seeds=${SEEDS:-500}
limit=900 # seconds for all seeds; a simulation itself ends a core that never answers
work=$(mktemp -d "$build/mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT

# commands_of PROGRAM: all that make it
commands_of() {
	ninja -C "$build" -t commands "tests/$1"
}
core=$(commands_of sim_test)
store=$(commands_of sim_store)
models=$(commands_of sim_models)

# build_with FILE SOURCE: the simulation that has FILE in it, with SOURCE in its place
build_with() {
	local program=sim_test commands=$core compile link file=${1#*:}
	if [[ $1 == sim_models:* ]]; then
		program=sim_models
		commands=$models
	elif ! grep -q -- " -c $root/$file\$" <<<"$core"; then
		program=sim_store
		commands=$store
	fi
	compile=$(grep -- " -c $root/$file\$" <<<"$commands") || { echo "no command compiles $file"; return 1; }
	compile=${compile%% -MD *}
	link=$(grep -- "-o tests/$program " <<<"$commands") || { echo "$program is not built here"; return 1; }
	(cd "$build" && $compile -std=gnu11 -Wno-error -w -c "$2" -o "$work/mutant.o") || return 1
	# Before the libraries, whose own copy nobody asks for then.
	link=${link/-o tests\/$program /-o $work/mutant $work/mutant.o }
	(cd "$build" && bash -c "$link")
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
	sed -z -E -e "$expression" "$root/${file#*:}" >"$work/mutant.c"
	if cmp -s "$work/mutant.c" "$root/${file#*:}"; then
		echo "$name: does not apply to $file any more: write it anew"
		bad=1
	elif ! build_with "$file" "$work/mutant.c" >"$work/log" 2>&1; then
		echo "$name: does not compile:"
		head -5 "$work/log"
		bad=1
	else
		rc=0
		timeout -k 5 $limit "$work/mutant" "$first" "$seeds" --once >"$work/log" 2>&1 || rc=$?
		case $rc in
		0) echo "$name: survives $seeds seeds ($what)"; bad=1 ;;
		124 | 137) echo "$name: not decided in $limit seconds"; bad=1 ;;
		*) echo "$name: caught, $(grep -aE '^FAIL|runtime error|ERROR: Addr|Assertion' "$work/log" | tail -1 | cut -c1-120)" ;;
		esac
	fi
done <"$here/mutants.txt"
[[ $n -gt 0 ]] || { echo "no such mutant"; exit 1; }
exit $bad
