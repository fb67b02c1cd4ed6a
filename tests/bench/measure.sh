#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# measure.sh PROGRAM: the figures of one OCI runtime program; run.sh makes a table of them. Prints
# rows of five cells, parted by tabs: what, ours, the alternative, ours / alternative, the aim.
# BENCH_REPS: of how many runs a median is taken. BENCH_PROGRAMS: where the built programs are.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
: "${BENCH_REPS:?}" "${BENCH_PROGRAMS:?}"
TEST_OCI=$1
need_runtime
workers=4 # as controller/lane.c
few=50 some=200 many=500

row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
value() { grep -o "$1=[0-9.]*" | cut -d= -f2; } # value NAME: of raw's line
repeat() { local i; for ((i = 0; i < BENCH_REPS; i++)); do "$@"; done; }

# timed COMMAND...: $ms has how long it took, to a tenth
timed() {
	local begin=$EPOCHREALTIME us
	"$@"
	us=$((${EPOCHREALTIME/./} - ${begin/./}))
	ms=$((us / 1000)).$((us / 100 % 10))
}

# cpu_of PID: milliseconds of it and of its children that have ended
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15 + $16 + $17) * 1000 / hz }' "/proc/$1/stat"; }
# children_cpu: $cpu_ms has the milliseconds of all commands of this very shell that have ended
children_cpu() {
	times >.times
	cpu_ms=$(awk 'NR == 2 { split($1 $2, t, /[ms]/); printf "%d", (t[1] + t[3]) * 60000 + (t[2] + t[4]) * 1000 }' .times)
}
pss_kb() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup" 2>/dev/null || true; }
no_shim() { [[ -z $(shim_pid) ]]; }

# services NAME N: a file with N services of one replica; replicas NAME N: one of N
one_service() {
	cat <<EOT
  $1:
    image: { name: local/pause:1 }
    command: { entrypoint: [/bin/pause] }
    scale: { mode: fixed, replicas: $2 }
    network_mode: none
EOT
}
services() {
	local i
	printf 'version: v1\ndeployment: %s\nservices:\n' "$1"
	for ((i = 0; i < $2; i++)); do one_service "s$i" 1; done
}
replicas() {
	printf 'version: v1\ndeployment: %s\nservices:\n' "$1"
	one_service web "$2"
}

down_all() {
	tm_ok down --all
	wait_for 20 no_shim
}

# -- (b) apply of few services, nothing running before, beside raw -----------------------------

keep_bundles() {
	local bundle name
	mkdir -p template/bundles
	for bundle in "$TALLYMAN_STATE_DIR"/bundles/*; do
		name=${bundle##*/}
		mkdir "template/bundles/$name"
		cp -r "$bundle/config.json" "$bundle/etc" "template/bundles/$name/"
		sed -i "s#$TALLYMAN_STATE_DIR/bundles#$TEST_TMP/raw/bundles#g" "template/bundles/$name/config.json"
	done
}

raw_once() { # TEMPLATE WORKERS
	rm -rf raw
	cp -r "$1" raw
	run "$BENCH_PROGRAMS/bench_raw" "$(command -v "$oci")" "$TEST_TMP/raw" "$2" "$TALLYMAN_STATE_DIR"/images/l/*/fs
	assert_rc 0
	echo "$out" >>"$1.$2.lines"
}

# The same without the seccomp profile, as others have measured it: is raw itself what it should be?
check_raw() {
	local known
	cp -r template bare
	python3 -c 'import json, sys
for path in sys.argv[1:]:
    with open(path) as f: config = json.load(f)
    del config["linux"]["seccomp"]
    with open(path, "w") as f: json.dump(config, f)' bare/bundles/*/config.json
	repeat raw_once bare 2
	case $oci in
	crun) known="known 10.3 + mounts 2..5" ;;
	runc) known="known 29.7 + mounts 2..5" ;;
	*) known="" ;;
	esac
	row "raw, 2 workers, no seccomp, for one, ms" "$(ratio "$(value up_ms <bare.2.lines | median)" $few)" "$known" "" ""
}

apply_once() {
	local before
	children_cpu
	before=$cpu_ms
	timed tm_ok apply few.yaml
	echo "$ms" >>apply.ms
	children_cpu
	echo $((cpu_ms - before + $(cpu_of "$(shim_pid)"))) >>apply.cpu
	timed tm_ok down few
	echo "$ms" >>down.ms
	wait_for 20 no_shim
	raw_once template "$workers"
}

compare_apply() {
	local ours alternative cpu raw_cpu
	services few $few >few.yaml
	tm_ok apply few.yaml
	keep_bundles
	down_all
	repeat apply_once
	ours=$(median <apply.ms) alternative=$(value up_ms <template.$workers.lines | median)
	cpu=$(median <apply.cpu) raw_cpu=$(value up_cpu_ms <template.$workers.lines | median)
	row "apply of $few services, ms" "$ours" "raw create+start $alternative" "$(ratio "$ours" "$alternative")" "<= 1.25"
	row "  CPU of command, shim and $oci, ms" "$cpu" "raw $raw_cpu" "$(ratio "$cpu" "$raw_cpu")" ""
	row "  for one container, ms" "$(ratio "$ours" $few)" "raw $(ratio "$alternative" $few)" "" ""
	ours=$(median <down.ms) alternative=$(value down_ms <template.$workers.lines | median)
	row "down of $few services, ms" "$ours" "raw kill+delete $alternative" "$(ratio "$ours" "$alternative")" ""
	state_ms=$(value state_ms <template.$workers.lines | median)
	check_raw
}

# -- (d) with few containers: nothing to do, and status ----------------------------------------

noop_once() {
	timed tm_ok apply few.yaml
	assert_contains "$out" "nothing to do"
	echo "$ms" >>noop.ms
	timed tm_ok status few
	echo "$ms" >>status.ms
}

compare_noop() {
	local name ours
	tm_ok apply few.yaml
	repeat noop_once
	for name in noop status; do
		ours=$(median <$name.ms)
		row "$name with $few containers, ms" "$ours" "$few x $oci state $state_ms" "$(ratio "$ours" "$state_ms")" ""
	done
	tm_ok down few
}

# -- (c) the last of many against the first, (e) memory with some -------------------------------

# Its peak while it works; it is gone when it has nothing to do.
peak_pss_kb() {
	local pid peak=0 now
	"$@" >/dev/null 2>&1 </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		now=$(pss_kb $pid)
		((${now:-0} > peak)) && peak=$now
		sleep 0.05
	done
	wait $pid || fail "failed: $*"
	echo "$peak"
}

# create_once FILE: microseconds from the record of an instance to its running
create_once() {
	local bundle
	tm_ok apply one.yaml
	bundle=$(echo "$TALLYMAN_STATE_DIR"/bundles/one.*)
	echo $(($(cut -d' ' -f4 "$bundle/process") - $(grep -oE '"created_us": [0-9]+' "$bundle/instance.json" | cut -d' ' -f2))) >>"$1"
	tm_ok down one
}

# ten NAME: raw's ten containers one after the other, beside what there is now
ten() {
	local bundle
	mkdir -p "$1/bundles"
	for bundle in $(find template/bundles -mindepth 1 -maxdepth 1 | sort | head -n 10); do
		cp -r "$bundle" "$1/bundles/"
	done
	repeat raw_once "$1" 1
	ratio "$(value up_ms <"$1.1.lines" | median)" 10
}

grow() { # REPLICAS
	replicas many "$1" >many.yaml
	tm_ok apply many.yaml
}

# -- (g) a controller that starts beside many that run ------------------------------------------

pids() { cat "$TALLYMAN_STATE_DIR"/bundles/*/process | cut -d' ' -f1 | sort -n | tr '\n' ' '; }

# recover_once NAME: to the end of an apply that has found all as it should be
recover_once() {
	timed tm_ok apply many.yaml
	assert_contains "$out" "Plan: nothing to do"
	assert_contains "$out" "many: $many running"
	assert_eq "$(pids)" "$all_pids" "processes after the recovery"
	echo "$ms" >>"$1.ms"
}
kill_shim() {
	kill -9 "$(shim_pid)"
	wait_for 10 no_shim
}
recover_without_shim() {
	kill_shim
	recover_once adopted
}
# Killed in the middle of a look, so that nothing of it is left to build on.
recover_from_kill() {
	(timeout -s KILL 0.1 "$TALLYMAN" apply many.yaml >/dev/null 2>&1 || true) 2>/dev/null
	recover_once killed
}

compare_recovery() {
	grow $many
	all_pids=$(pids)
	repeat recover_from_kill
	repeat recover_without_shim
	row "recovery with $many running, 0 restarted, s" "$(ratio "$(median <killed.ms)" 1000)" \
		"their shim killed too $(ratio "$(median <adopted.ms)" 1000)" "" "< 2"
}

compare_many() {
	local controller empty full first last raw_first raw_last
	replicas one 1 >one.yaml
	grow 1
	repeat create_once first.us
	raw_first=$(ten early)
	empty=$(pss_kb "$(shim_pid)")
	replicas many $some >many.yaml
	controller=$(peak_pss_kb "$TALLYMAN" apply many.yaml)
	full=$(pss_kb "$(shim_pid)")
	grow $((many - 1))
	repeat create_once last.us
	raw_last=$(ten late)
	compare_recovery
	down_all
	first=$(median <first.us) last=$(median <last.us)
	row "create of the ${many}th container, ms" "$(ratio "$last" 1000)" "of the 2nd $(ratio "$first" 1000)" "$(ratio "$last" "$first")" "<= 1.3"
	row "  raw beside as many, ms" "$raw_last" "beside one $raw_first" "$(ratio "$raw_last" "$raw_first")" ""
	row "shim with $some containers, PSS kB" "$full" "with one $empty" "" ""
	row "  kB a container" "$(ratio $((full - empty)) $((some - 1)))" "conmon 350, containerd-shim 2600" "" ""
	row "apply of $some, peak PSS kB" "$controller" "" "" ""
}

mkdir -p root/{bin,etc,proc,sys,dev}
cp "$BENCH_PROGRAMS/bench_pause" root/bin/pause
tar -C root -cf pause.tar .
tm_ok image import pause.tar --as local/pause:1 --os linux --cmd /bin/pause
compare_apply
compare_noop
compare_many
