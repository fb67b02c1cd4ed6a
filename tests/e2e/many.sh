#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many containers (TEST_CONTAINERS) leave no line in the host's mount table, and the last one costs
# what the first one did. A cost is counted, not timed: the reads and writes that the shim and the
# programs it started made for one container more, and for one look at all of them.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox
n=${TEST_CONTAINERS:-60}
step=10 # containers that are added at once, to have a mean

apply() { # REPLICAS
	cat >many.yaml <<EOT
version: v1
deployment: many
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_signal: SIGKILL
    scale: { mode: fixed, replicas: $1 }
    network_mode: none
EOT
	tm_ok apply many.yaml
}

io() { awk '/^sysc[rw]:/ { n += $2 } END { print n }' "/proc/$(shim_pid)/io"; }

# calls COMMAND...: how many reads and writes it took; the shim ends its last look after the command
calls() {
	local before now=0 last
	before=$(io)
	"$@"
	until last=$now now=$(io) && [[ $now == "$last" ]]; do sleep 0.2; done
	n_calls=$((now - before))
}

# cost BASE: of one container more when there are BASE already ($create, times 100) and of a look at
# one of them ($look, times 100). An apply with nothing to do only looks, and so does the other.
cost() {
	calls apply "$1"
	calls apply "$1"
	look=$((100 * n_calls / $1))
	calls apply $(($1 + step))
	create=$((100 * n_calls - look * $1))
	create=$((create / step))
}

mounts=$(overlay_mounts)
apply 1
cost $step
first_create=$create first_look=$look
((first_create > 2000 && first_look > 0)) || fail "nothing was counted: $first_create, $first_look"
cost $((n - step))
((create * 10 <= first_create * 13)) ||
	fail "container $n costs $create hundredths of a call, the first ones $first_create"
((look * 10 <= first_look * 13)) ||
	fail "a look at one of $n costs $look hundredths of a call, at one of a few $first_look"
assert_eq "$(ids many | wc -l)" "$n" "instances"
assert_eq "$(overlay_mounts)" "$mounts" "the host's mounts with $n containers"
tm_ok down many
assert_nothing_left

# The other programs leave the host's mounts alone as well.
for program in $(oci_programs); do
	[[ $program != "$oci" ]] || continue
	use_runtime "$program"
	apply $step
	assert_eq "$(overlay_mounts)" "$mounts" "the host's mounts with $program"
	tm_ok down many
	assert_nothing_left
done
