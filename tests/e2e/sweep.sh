#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Orphans of real containers: alive, dead, and each kind of thing alone that one leaves behind. What
# is wanted keeps its very process; what another owner or another store has is not touched.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
need_runtime
import_busybox

file() { # DEPLOYMENT REPLICAS
	cat <<-EOT
		version: v1
		deployment: $1
		services:
		  web:
		    image: { name: local/busybox:1 }
		    command: { entrypoint: [/bin/sleep, "100000"] }
		    network_mode: none
		    stop_grace_period: 0s
		    scale: { mode: fixed, replicas: $2 }
	EOT
}
file stays 2 >stays.yaml
file gone 2 >gone.yaml
# unharmed: what is wanted runs on as it did
unharmed() {
	assert_eq "$(pids_of stays)" "$kept" "the processes that stay"
	for p in $kept; do alive "$p" || fail "process $p has ended"; done
}

# -- alive, by each program --------------------------------------------------------------------
tm_ok sweep --now --mode delete
assert_eq "$out" "Sweep: nothing left over"
tm_ok apply stays.yaml
kept=$(pids_of stays)
for program in $(oci_programs); do
	use_runtime "$program"
	tm_ok apply gone.yaml
	victims=$(pids_of gone)
	forget gone
	tm sweep
	assert_rc 2
	assert_contains "$out" "? orphan gone.web-rep-0.1 on youki: running"
	assert_contains "$out" "2 left, 0 stuck, 0 foreign"
	tm sweep --mode delete # seen twice, and too young
	assert_rc 4
	for p in $victims; do alive "$p" || fail "process $p has ended"; done
	tm_ok sweep --now --mode delete
	assert_contains "$out" "Sweep: 2 removed, 0 kept, 0 left, 0 stuck"
	assert_eq "$(things gone)" "" "what $program has left"
	for p in $victims; do ! alive "$p" || fail "process $p lives"; done
	unharmed
	tm_ok sweep
done
tm_ok apply stays.yaml
assert_contains "$out" "Plan: nothing to do"

# -- each kind of thing alone, and the shim is dead --------------------------------------------
only() { # KIND: everything of gone but that goes behind tallyman's back
	local b=$TALLYMAN_STATE_DIR/bundles r=$TALLYMAN_RUN_DIR
	[[ $1 == cgroup ]] || left_cgroups | grep "/$OWNER/gone\." | sort -r | xargs -r rmdir
	[[ $1 == state ]] || rm -rf "$r"/oci/*/gone.*
	[[ $1 == bundle ]] || rm -rf "$b"/gone.*
	[[ $1 == fifo ]] || rm -f "$r"/fifo/gone.*
	[[ $1 == lease ]] || rm -f "$TALLYMAN_STATE_DIR"/images/leases/gone.*
}
for kind in cgroup state bundle fifo lease; do
	tm_ok apply gone.yaml
	kill -9 "$(shim_pid)"
	victims=$(pids_of gone)
	for p in $victims; do kill -9 "$p"; done
	ended() { for p in $victims; do ! alive "$p" || return 1; done; }
	wait_for 10 ended
	forget gone
	wait_for 10 only $kind
	[[ $(things gone) ]] || fail "no $kind is left to be swept"
	tm sweep
	assert_rc 2
	assert_contains "$out" "($kind)"
	tm_ok sweep --now --mode delete
	assert_eq "$(things gone)" "" "what is left of a $kind"
	unharmed
done

# -- one that was made behind our back, and is another store's by what its record says ----------
tm_ok apply gone.yaml
forget gone
kill -9 "$(shim_pid)"
sed -i 's/\("node_id": *"\)..../\1ffff/' "$TALLYMAN_STATE_DIR"/bundles/gone.*/instance.json
victims=$(pids_of gone)
tm sweep --now --mode delete
assert_rc 6
assert_contains "$out" "! foreign gone.web-rep-0.1 on youki"
assert_contains "$out" "it is node ffff"
assert_contains "$out" "$TALLYMAN_STATE_DIR/bundles/gone.web-rep-0.1"
for p in $victims; do alive "$p" || fail "process $p has ended"; done
node=$("$TALLYMAN" recover -o json | grep -o '"node_id": *"[^"]*"' | cut -d'"' -f4)
sed -i "s/\"node_id\": *\"[^\"]*\"/\"node_id\":\"$node\"/" "$TALLYMAN_STATE_DIR"/bundles/gone.*/instance.json
tm_ok sweep --now --mode delete
unharmed

# -- an owner whose name begins with ours --------------------------------------------------------
other() {
	TALLYMAN_OWNER=${OWNER}2 TALLYMAN_STATE_DIR=$TEST_TMP/state2 TALLYMAN_RUN_DIR=$TEST_TMP/run2 \
		"$TALLYMAN" "$@"
}
cleanup() {
	local rc=$?
	set +e
	other down --all >/dev/null 2>&1 </dev/null || true
	(exit "$rc")
	lib_cleanup
}
trap cleanup EXIT
run other image import busybox.tar --as local/busybox:1 --os linux --cmd sh
assert_rc 0
run other apply gone.yaml
assert_rc 0
theirs=$(pids_of gone "$TEST_TMP/state2")
tm_ok sweep --now --mode delete
assert_eq "$out" "Sweep: nothing left over"
for p in $theirs; do alive "$p" || fail "the neighbour's process $p has ended"; done
forget gone "$TEST_TMP/state2"
run other sweep --now --mode delete
assert_rc 0
assert_contains "$out" "2 removed"
unharmed

# -- beside an apply ------------------------------------------------------------------------------
(for i in 1 2 3; do "$TALLYMAN" apply gone.yaml && "$TALLYMAN" down gone; done) >/dev/null 2>&1 &
beside=$!
n=0
while kill -0 $beside 2>/dev/null; do
	tm sweep --now --mode delete
	[[ $rc == 0 || $rc == 6 ]] || { lib_show; fail "a sweep beside an apply ended with $rc"; }
	[[ $rc == 6 ]] || assert_contains "$out" "nothing left over"
	n=$((n + 1))
done
wait $beside || true
unharmed
tm_ok apply stays.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok down --all
