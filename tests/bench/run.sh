#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--long]: one table of figures of the release build, each beside its alternative in the
# same run, medians of at least five. Nothing is asserted about a time; the run fails when something
# cannot be measured, or when a plan grows faster than the number of its slots. --long takes more
# runs. The table is also left in build/release/bench.txt.
#
# Everything happens on a filesystem of its own, when one can be mounted: how long a file takes to
# make depends on what was done to its filesystem before (an ext4 without a journal becomes several
# times slower for minutes once many files were deleted), and figures of two days shall compare.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary_dir=${TEST_BINARY_DIR:-$here/../../build/release}
export TALLYMAN=${TALLYMAN:-$binary_dir/tallyman} TEST_SOURCE_DIR=$here/../.. LC_ALL=C
export BENCH_PROGRAMS=$binary_dir/tests BENCH_REPS=5
case ${1:-} in
"") ;;
--long) BENCH_REPS=21 ;;
*) echo "usage: run.sh [--long]" >&2; exit 64 ;;
esac
. "$here/../support/sweep.sh"
[[ $(id -u) == 0 ]] || { echo "SKIP bench containers need root"; exit 77; }
[[ -x $TALLYMAN && -x $BENCH_PROGRAMS/bench_pause ]] || {
	echo "run.sh: no release build: cmake --preset release && cmake --build --preset release" >&2
	exit 1
}

dir=$(mktemp -d /tmp/tmb.XXXXXX)
rows=$dir/rows failed=
mkdir "$dir/fs"
clean() {
	mountpoint -q "$dir/fs" && umount "$dir/fs"
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

mount_fs() {
	truncate -s 4G "$dir/fs.img" && mkfs.ext4 -q -F "$dir/fs.img" && mount -o loop "$dir/fs.img" "$dir/fs"
}
filesystem="ext4 of its own"
mount_fs 2>"$dir/why" || filesystem="that of /tmp ($(tail -n 1 "$dir/why"))"

row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$rows"; }
title() { row "" "" "" "" "" && row "$1" "" "" "" ""; }

# -- (a) plan and loop over models ----------------------------------------------------------------

# The cost of twice as many slots, over all steps. A step out of the processor's caches costs more
# than the others; a quadratic piece costs four times as much in each.
growth() { awk 'NR == 1 { n = $2; us = $3 } END { printf "%.2f", ($3 / us) ^ (log(2) / log($2 / n)) }'; }

core_figures() { # plan|loop WHAT AIM
	local lines times ours floor last
	lines=$("$BENCH_PROGRAMS/bench_core_figures" "$1" $BENCH_REPS)
	read -r _ _ ours floor <<<"$(head -n 1 <<<"$lines")"
	last=$(tail -n 1 <<<"$lines" | cut -d' ' -f3)
	times=$(growth <<<"$lines")
	row "$2 of 1000 services x 3, nothing to do, CPU ms" "$(ms_of "$ours")" "two lists walked $(ms_of "$floor")" \
		"$(awk "BEGIN { printf \"%.1f\", $ours / $floor }")" "$3"
	row "  of 100000 instances, CPU ms" "$(ms_of "$last")" "growth when doubled" "$times" "< 3"
	awk "BEGIN { exit !($times < 3) }" || failed="$1 costs $times times as much when the slots are doubled"
}
ms_of() { awk -v us="$1" 'BEGIN { printf "%.3f", us / 1000 }'; }

# The command as it is typed, over the memory runtime: all its CPU time, and its noise.
plan_command() {
	local i times=()
	export TALLYMAN_STATE_DIR=$dir/fs/memory/state TALLYMAN_RUN_DIR=$dir/fs/memory/run TALLYMAN_OWNER=bench-memory
	mkdir -p "$dir/fs/memory"
	{
		printf 'version: v1\ndeployment: thousand\nservices:\n'
		for ((i = 0; i < 1000; i++)); do
			printf '  s%d: { image: { name: local/a:1 }, env: { COLOR: blue }, scale: { mode: fixed, replicas: 3 } }\n' $i
		done
	} >"$dir/thousand.yaml"
	"$TALLYMAN" apply --runtime memory "$dir/thousand.yaml" >/dev/null 2>&1 || failed="apply over the memory runtime"
	TIMEFORMAT='%U %S'
	for ((i = 0; i < BENCH_REPS; i++)); do
		times+=("$({ time "$TALLYMAN" plan --runtime memory "$dir/thousand.yaml" >/dev/null 2>&1; } 2>&1)")
	done
	row "tallyman plan of it, memory runtime, CPU ms" \
		"$(printf '%s\n' "${times[@]}" | awk '{ print ($1 + $2) * 1000 }' | sort -n | sed -n "$(((BENCH_REPS + 1) / 2))p")" "" "" ""
}

# -- orphans of the model: made by an apply whose deployment is then forgotten ------------------------

cpu_ms() { # COMMAND...: user and system time of one run
	TIMEFORMAT='%U %S'
	{ time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ printf "%d", ($1 + $2) * 1000 }'
}
sweep_once() { # SERVICES: ten orphans each; "APPLY SWEEP" in CPU ms
	local i made
	export TALLYMAN_STATE_DIR=$dir/fs/sweep-$1/state TALLYMAN_RUN_DIR=$dir/fs/sweep-$1/run TALLYMAN_OWNER=bench-memory
	mkdir -p "$dir/fs/sweep-$1"
	{
		printf 'version: v1\ndeployment: gone\nservices:\n'
		for ((i = 0; i < $1; i++)); do
			printf '  s%d: { image: { name: local/a:1 }, scale: { mode: fixed, replicas: 10 } }\n' $i
		done
	} >"$dir/gone.yaml"
	made=$(cpu_ms "$TALLYMAN" apply --runtime memory "$dir/gone.yaml")
	forget gone "$TALLYMAN_STATE_DIR/memory"
	echo "$made $(cpu_ms "$TALLYMAN" sweep --runtime memory --now --mode delete)"
	"$TALLYMAN" sweep --runtime memory >"$dir/left" 2>&1 || echo "something is left: $(head -n 1 "$dir/left")" >&2
}
sweep_figures() {
	local made ours half times
	read -r _ half <<<"$(sweep_once 500)"
	read -r made ours <<<"$(sweep_once 1000)"
	times=$(awk "BEGIN { printf \"%.2f\", $ours / $half }")
	row "sweep of 10000 orphans, memory runtime, CPU ms" "$ours" "the apply that made them $made" \
		"$(awk "BEGIN { printf \"%.2f\", $ours / $made }")" ""
	row "  beside 5000 of them" "$half" "growth when doubled" "$times" "< 3"
	awk "BEGIN { exit !($times < 3) }" || failed="a sweep costs $times times as much when the orphans are doubled"
}

# -- (f) the largest file we have -------------------------------------------------------------------

parse_figures() {
	local file bytes ours floor
	file=$(find "$TEST_SOURCE_DIR/../shared/corpus" "$TEST_SOURCE_DIR/tests/specs/docs" "$TEST_SOURCE_DIR/examples" \
		-name '*.y*ml' -printf '%s %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-)
	for file in "$file" "$dir/thousand.yaml"; do
		read -r _ bytes ours floor <<<"$("$BENCH_PROGRAMS/bench_core_figures" parse $BENCH_REPS "$file")"
		row "parse and validate ${file##*/} ($bytes bytes), CPU ms" "$(ms_of "$ours")" "libyaml's events $(ms_of "$floor")" \
			"$(awk "BEGIN { printf \"%.2f\", $ours / $floor }")" ""
	done
}

title "without containers"
core_figures plan "plan" "< 20"
core_figures loop "the loop" ""
plan_command
sweep_figures
parse_figures
for program in youki crun runc; do
	command -v $program >/dev/null || { title "$program is not here"; continue; }
	title "$program $($program --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)"
	mkdir "$dir/fs/$program"
	TEST_TMP=$dir/fs/$program "$here/measure.sh" $program >"$dir/out" || failed="$program could not be measured"
	grep -P '\t' "$dir/out" >>"$rows" || true
	grep -E '^(RAN|SKIP) ' "$dir/out" || true
done
for program in crun youki runc; do
	command -v $program >/dev/null || continue
	title "daemon and shim of $program"
	mkdir "$dir/fs/years"
	TEST_TMP=$dir/fs/years "$here/years.sh" $program >"$dir/out" || failed="daemon and shim could not be measured"
	grep -P '\t' "$dir/out" >>"$rows" || true
	break
done
title "one file for two systems, Windows simulated"
mkdir "$dir/fs/two"
TEST_TMP=$dir/fs/two "$here/two_os.sh" >"$dir/out" || failed="two systems could not be measured"
grep -P '\t' "$dir/out" >>"$rows" || true

{
	printf '%s, %s cores, load %s, %s, medians of %s\n' "$(uname -sr)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
		"$filesystem" $BENCH_REPS
	{ row_head=$'figure\tours\tbeside\tours / beside\taim'; echo "$row_head"; cat "$rows"; } |
		awk -F'\t' '{ printf "%-58s %10s  %-34s %7s  %s\n", $1, $2, $3, $4, $5 }' | sed 's/ *$//'
} | tee "$binary_dir/bench.txt"
[[ -z $failed ]] || { echo "FAILED bench: $failed"; exit 1; }
