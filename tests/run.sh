#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--long] [--allow-skip=NAME]...: install what is missing, build, run every test.
#
# Suites: dev (ASan, UBSan; everything), release (end to end, benches), tsan (tests with threads).
# --long adds fuzzing, mutants, 10 000 seeds, all crash points and soak runs. Prints `N passed,
# N failed` for each suite and, as its very last line, for all. A test on a real runtime that was
# skipped is a failure unless its name, or its runtime's, is allowed. Logs are left in build/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

long=
allow=()
for arg in "$@"; do
	case $arg in
	--long) long=1 ;;
	--allow-skip=?*) allow+=("${arg#*=}") ;;
	*) echo "usage: run.sh [--long] [--allow-skip=NAME]..." >&2; exit 64 ;;
	esac
done
say() { echo "run.sh: $*"; }
youki_version=0.7.0

# All of what it says is read: it ends with a panic when a reader leaves early.
have_youki() { command -v youki >/dev/null && [[ $(youki --version 2>/dev/null) == *" $youki_version"* ]]; }

# The registry is there when cargo fetches youki's sources from it; a search may be refused where
# a fetch is not. What was fetched and does not build is a failure like any other.
install_youki() {
	local log=build/logs/youki.log
	have_youki && return
	if ! command -v cargo >/dev/null; then
		say "no youki $youki_version and no cargo to build it: crun and runc only"
		allow+=(youki)
		return
	fi
	tests/deps.sh youki
	say "building youki $youki_version (some minutes, once)"
	CARGO_NET_RETRY=1 CARGO_HTTP_TIMEOUT=30 cargo install youki --version "$youki_version" --locked \
		--features v1,v2,seccomp --root /usr/local >"$log" 2>&1 && have_youki && return
	if grep -qE '^ +Compiling ' "$log"; then
		say "youki $youki_version does not build; the end of $log:"
		tail -n 5 "$log"
	else
		say "cargo cannot reach its registry: crun and runc only"
		allow+=(youki)
	fi
}

# crun refuses a hybrid host while cgroup v2 owns a controller that v1 could have.
mount_hugetlb() {
	local unified=/sys/fs/cgroup/unified
	[[ $(id -u) == 0 && -r $unified/cgroup.controllers ]] || return 0
	grep -qw hugetlb $unified/cgroup.controllers || return 0
	mountpoint -q /sys/fs/cgroup/hugetlb && return 0
	if mkdir -p /sys/fs/cgroup/hugetlb && mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb; then
		say "mounted /sys/fs/cgroup/hugetlb: crun does not run on this hybrid host without it"
	else
		say "could not mount /sys/fs/cgroup/hugetlb: crun will not run on this hybrid host"
	fi
}

results=()

# suite NAME COMMAND...: run, keep the log; the command prints `N passed, N failed` as last line
suite() {
	local name=$1 log=build/logs/$1.log rc=0
	shift
	say "suite $name"
	"$@" >"$log" 2>&1 || rc=$?
	tests/report.py suite "$name" "$log" "$rc"
	results+=("$name")
}

build() {
	cmake --preset "$1" >"build/logs/$1-configure.log" 2>&1 &&
		cmake --build --preset "$1" "${@:2}" >"build/logs/$1-build.log" 2>&1 && return
	say "the $1 build failed:"
	tail -n 40 "build/logs/$1-configure.log" "build/logs/$1-build.log" 2>/dev/null
	echo "0 passed, 1 failed"
	exit 1
}

# ctest_suite NAME PRESET FILTER...
ctest_suite() {
	local name=$1 preset=$2
	shift 2
	# Addresses as TSan's shadow expects them, whatever the kernel's randomisation.
	suite "$name" setarch -R ctest --test-dir "build/$preset" -j2 --no-tests=ignore --output-on-failure \
		--test-output-size-passed 4000000 --test-output-size-failed 4000000 \
		--output-junit "$PWD/build/logs/$name.xml" "$@"
}

fuzz_suite() {
	local target name failed=0 passed=0
	for target in build/fuzz/tests/fuzz_*; do
		[[ -f $target && -x $target ]] || continue
		name=$(basename "$target")
		mkdir -p "build/logs/corpus/$name"
		if "$target" -max_total_time=60 -rss_limit_mb=2048 -timeout=10 \
			"-artifact_prefix=build/logs/$name-" "build/logs/corpus/$name" "tests/fuzz/corpus/$name"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "FAILED $name"
		fi
	done
	echo "$passed passed, $failed failed"
}

figures_suite() {
	if tests/bench/run.sh --long; then
		echo "1 passed, 0 failed"
	else
		echo "0 passed, 1 failed"
	fi
}

mkdir -p build/logs
rm -f build/logs/*.xml build/logs/*.log build/logs/*.result build/release/bench.txt
tests/deps.sh ${long:+long}
install_youki
mount_hugetlb

build dev
build release
ctest_suite dev dev -LE long
ctest_suite release release -L 'e2e|bench' -LE long
build tsan --target thread_tests
ctest_suite tsan tsan -L threads
if [[ $long ]]; then
	build fuzz
	suite fuzz fuzz_suite
	ctest_suite long release -L long
	ctest_suite crash dev -L long -R '^crash_' # crash points are in test builds only
	suite figures figures_suite
fi
if [[ -r build/release/bench.txt ]]; then
	say "figures, also in build/release/bench.txt"
	cat build/release/bench.txt
fi
exec tests/report.py all "${results[@]}" -- "${allow[@]}"
