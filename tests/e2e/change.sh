#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A changed file changes just what changed: one env value of one service of ten, a scale up and
# down, a service taken out.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

# file COLOR REPLICAS SERVICES: s0 has COLOR and REPLICAS, the others stay as they are
file() {
	local i
	printf 'version: v1\ndeployment: ten\nservices:\n'
	for ((i = 0; i < $3; i++)); do
		cat <<EOT
  s$i:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "trap 'exit 0' TERM; sleep 100000 & wait"] }
    env: { COLOR: $([[ $i == 0 ]] && echo "$1" || echo white) }
    scale: { mode: fixed, replicas: $([[ $i == 0 ]] && echo "$2" || echo 1) }
    network_mode: none
EOT
	done
}

file red 2 10 >ten.yaml
tm_ok apply ten.yaml
before=$(ids ten)
assert_eq "$(wc -l <<<"$before")" 11

file green 2 10 >ten.yaml
tm plan ten.yaml
assert_rc 2
assert_contains "$out" "-/+ replace s0-rep-0"
assert_contains "$out" "configuration differs [env.COLOR]"
assert_contains "$out" "Plan: 0 to create, 2 to replace, 0 to remove."
tm_ok apply ten.yaml
after=$(ids ten)
assert_eq "$(comm -12 <(echo "$before") <(echo "$after") | wc -l)" 9 "untouched instances"
assert_eq "$(comm -13 <(echo "$before") <(echo "$after") | grep -c '^ten\.s0-rep-[01]\.')" 2 "replaced"
tm_ok exec ten/s0 -- /bin/sh -c 'echo $COLOR'
assert_eq "$out" green

# 3 -> 5 -> 2: the difference only, highest numbers first to go.
file green 3 10 >ten.yaml
tm_ok apply ten.yaml
three=$(ids ten)
file green 5 10 >ten.yaml
tm_ok apply ten.yaml
five=$(ids ten)
assert_eq "$(comm -12 <(echo "$three") <(echo "$five"))" "$three" "all of the three stay"
assert_eq "$(comm -13 <(echo "$three") <(echo "$five") | sed 's/\.[0-9]*$//')" \
	$'ten.s0-rep-3\nten.s0-rep-4' "what came"
file green 2 10 >ten.yaml
tm_ok apply ten.yaml
two=$(ids ten)
assert_eq "$(comm -23 <(echo "$five") <(echo "$two") | sed 's/\.[0-9]*$//')" \
	$'ten.s0-rep-2\nten.s0-rep-3\nten.s0-rep-4' "what went"
assert_eq "$(comm -13 <(echo "$five") <(echo "$two"))" "" "nothing came"

file green 2 9 >ten.yaml
tm plan ten.yaml
assert_contains "$out" "- remove s9-rep-0: not in the file"
tm_ok apply ten.yaml
assert_lacks "$(ids ten)" "ten.s9-"
assert_eq "$(ids ten | wc -l)" 10
