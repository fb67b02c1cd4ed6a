#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every gate of check-source fires on the snippet made for it, at the line given, and a clean tree
# passes. Words that the gates look for are written in two halves, so that no other search finds them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
ran=0
head=$'/* SPDX-License-Identifier: Apache-2.0 */\n'
h_head=$head$'#pragma once\n/* What it is. */\n'
c_head=$head$'/* What it is. */\n'

check() { python3 "$here/check_source.py" "$tmp/tree" "$tmp/cache" 2>&1 || true; }

fresh() {
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/"{base,specs,store,backends,controller/cli,tests}
	cp "$here/../.clang-format" "$tmp/tree/"
	echo 'set(CORE plan.c)' >"$tmp/tree/controller/CMakeLists.txt"
}

# expect NAME FILE LINE WORDS <<< text: exactly one finding, and it is that one (what clang-format
# says besides does not count)
expect() {
	local name=$1 file=$2 line=$3 words=$4 out
	fresh
	cat >"$tmp/tree/$file"
	out=$(check)
	[[ $words == "not formatted" ]] || out=$(grep -v "not formatted" <<<"$out" || true)
	ran=$((ran + 1))
	if [[ $(wc -l <<<"$out") != 1 || $out != "$file:$line: "*"$words"* ]]; then
		echo "$name: expected one finding '$file:$line: …$words…', got:"
		printf '%s\n' "$out"
		failed=$((failed + 1))
	fi
}

lines() { for ((i = 0; i < $1; i++)); do printf "$2\n" "$i"; done; }

# passes NAME FILE <<< text: nothing is found
passes() {
	local out
	fresh
	cat >"$tmp/tree/$2"
	out=$(check)
	ran=$((ran + 1))
	if [[ -n $out ]]; then
		printf '%s: expected nothing, got:\n%s\n' "$1" "$out"
		failed=$((failed + 1))
	fi
}

passes clean base/a.c <<<"${c_head}#include <string.h>

int x;"
expect licence base/a.c 1 "no licence" <<<$'/* What it is. */\n/* More. */\nint x;'
expect purpose base/a.c 2 "what this file is for" <<<"${head}int x;"
expect once base/a.h 2 "pragma once" <<<"${head}/* What it is. */"
expect format base/a.c 3 "not formatted" <<<"${c_head}int  x;"
expect c-lines base/a.c 601 "at most 600" <<<"$c_head$(lines 700 'extern int x%d;')"
expect h-lines base/a.h 251 "at most 250" <<<"$h_head$(lines 300 'extern int x%d;')"
expect columns base/a.c 3 "100 columns" <<<"$c_head/* $(printf 'a%.0s' {1..100}) */"
expect function base/a.c 4 "a function of 81 lines" <<<"${c_head}static void f(int x)
{
$(lines 81 '\tx += %d;')
}"
passes function-80 base/a.c <<<"${c_head}static void f(int x)
{
$(lines 80 '\tx += %d;')
}"
expect parameters base/a.c 3 "f has 7 parameters" <<<"${c_head}static void f(int a, int b, int c, int d, int e, int f, int g)
{
}"
expect prototype base/a.h 5 "f has 7 parameters" <<<"$h_head/* Says so. */
void f(int a, int b, int c, int d, int e, int f, int g);"
expect nesting base/a.c 9 "nested deeper" <<<"${c_head}static void f(int x)
{
	if (x)
		if (x)
			if (x)
				if (x)
					if (x)
						f(x);
}"
expect order base/a.c 3 "alphabetic" <<<"${c_head}#include <string.h>
#include <stdlib.h>"
expect order-system base/a.c 5 "system headers come before" <<<"${c_head}#include \"base/b.h\"

#include <stdlib.h>"
own_header() {
	fresh
	printf '%s' "$h_head" >"$tmp/tree/base/a.h"
	printf '%s#include <stdlib.h>\n\n#include "base/a.h"\n' "$c_head" >"$tmp/tree/base/a.c"
	ran=$((ran + 1))
	[[ $(check) == 'base/a.c:3: own header first'* ]] || { echo "own-header: $(check)"; failed=$((failed + 1)); }
}
own_header
for pair in base:specs specs:store specs:backends store:backends store:controller backends:store; do
	expect "layer-$pair" "${pair%:*}/a.c" 3 "may include only" <<<"${c_head}#include \"${pair#*:}/b.h\""
done
expect layer-core controller/plan.c 3 "core may include only" <<<"${c_head}#include \"store/store.h\""
expect layer-core-daemon controller/plan.c 3 "core may include only" <<<"${c_head}#include \"controller/loop.h\""
expect core-system controller/plan.c 3 "in the core" <<<"${c_head}#include <unistd.h>"
passes daemon-system controller/loop.c <<<"${c_head}#include <unistd.h>"
expect tests-header-daemon controller/a.c 3 "a test's header" <<<"${c_head}#include \"tests/x.h\""

# call NAME FILE CODE WORDS: a call in a function of FILE is found
call() {
	expect "$1" "$2" 5 "$4" <<<"${c_head}static void f(void)
{
	$3;
}"
}
# free_call: the same where it is allowed
free_call() {
	passes "$1" "$2" <<<"${c_head}static void f(void)
{
	$3;
}"
}
call clock store/a.c 'clock_get''time(0, 0)' "base/clock.c only"
call time controller/a.c 'x = time(NULL)' "base/clock.c only"
call gettimeofday tests/a.c 'gettime''ofday(&tv, 0)' "base/clock.c only"
free_call clock-here base/clock.c 'clock_get''time(0, 0)'
free_call clock-member base/a.c 'o->time(0)'
call getenv controller/a.c 'get''env("HOME")' "main.c only"
free_call getenv-main controller/main.c 'get''env("HOME")'
call random base/a.c 'get''random(p, 8, 0)' "base/rand.c only"
call rand tests/a.c 'x = ra''nd()' "base/rand.c only"
free_call random-here base/rand.c 'get''random(p, 8, 0)'
call print store/a.c 'print''f("x")' "print"
call print-file backends/a.c 'fprint''f(stderr, "x")' "print"
free_call print-cli controller/cli/a.c 'print''f("x")'
free_call print-buffer base/a.c 'snprint''f(p, 1, "x")'
call core-pure controller/plan.c 'p = mal''loc(4)' "core is pure"
call sql store/a.c 'x("SEL''ECT 1")' "SQL in C"
call sql-change backends/a.c 'x("DEL''ETE FROM slot")' "SQL in C"
free_call sql-words store/a.c 'x("cannot delete web")'
expect unfinished base/a.c 3 "unfinished" <<<"$c_head/* TO""DO: later */"
expect machine-path base/a.c 3 "path of one machine" <<<"${c_head}static const char *p = \"/wo""rk/x\";"
expect comment base/a.h 5 "without a word" <<<"$h_head
void a_do(void);"
passes comment-group base/a.h <<<"$h_head
/* Both. */
void a_do(void);
void a_undo(void);"
expect alone base/a.h 6 "does not compile alone" <<<"$h_head
/* Says so. */
void a_do(size_tt n);"
expect operations base/a.h 4 "13 operations" <<<"${h_head}struct a_ops {
$(lines 13 '\tint (*op%d)(void);')
};"

[[ $failed == 0 ]] || { echo "$failed of $ran gates failed"; exit 1; }
