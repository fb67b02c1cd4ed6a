#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many lifecycles with crashes of everything: each round changes the file, kills the controller, the
# shim, a container or nobody at a random moment, and applies again. After each round the world equals
# the file; at the end the store is whole, and neither the shim's descriptors nor the directories of
# the owner have grown. SOAK_ROUNDS (default 150), SOAK_SEED (printed, so that a failure can be told).
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

rounds=${SOAK_ROUNDS:-150}
seed=${SOAK_SEED:-$((SRANDOM % 32768))}
RANDOM=$seed
echo "seed=$seed rounds=$rounds"

# file COLOR REPLICAS SERVICES
file() {
	local i
	printf 'version: v1\ndeployment: soak\nservices:\n'
	for ((i = 0; i < $3; i++)); do
		cat <<EOT
  s$i:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "trap 'exit 0' TERM; while :; do echo \$COLOR; sleep 1 & wait \$!; done"] }
    env: { COLOR: c$([[ $i == 0 ]] && echo "$1") }
    stop_grace_period: 2s
    scale: { mode: fixed, replicas: $2 }
    network_mode: none
EOT
	done
}
pids_of() { cat "$TALLYMAN_STATE_DIR"/bundles/*/pid 2>/dev/null || true; }
shim_pid() { cat "$TALLYMAN_RUN_DIR/shim-youki.lock" 2>/dev/null || true; }
running() { "$TALLYMAN" status soak -o json | grep -c '"state": *"running"' || true; }

# hurt: somebody dies
hurt() {
	local victims
	case $((RANDOM % 4)) in
	0) kill -9 "$1" 2>/dev/null || true ;;
	1) kill -9 "$(shim_pid)" 2>/dev/null || true ;;
	2)
		mapfile -t victims < <(pids_of)
		((${#victims[@]} == 0)) || kill -9 "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null || true
		;;
	3) ;;
	esac
}

fds_first=
for ((round = 1; round <= rounds; round++)); do
	replicas=$((1 + RANDOM % 3))
	services=$((1 + RANDOM % 4))
	file $((RANDOM % 3)) $replicas $services >app.yaml
	"$TALLYMAN" apply app.yaml >/dev/null 2>&1 </dev/null &
	controller=$!
	sleep 0.$((RANDOM % 7))
	hurt $controller
	wait $controller 2>/dev/null || true
	tm_ok apply app.yaml
	assert_eq "$(running)" $((replicas * services)) "running after round $round (seed $seed)"
	tm_ok apply app.yaml
	assert_contains "$out" "Plan: nothing to do"
	assert_eq "$(find "$TALLYMAN_STATE_DIR/bundles" -mindepth 1 -maxdepth 1 | wc -l)" \
		$((replicas * services)) "bundles after round $round (seed $seed)"
	if ((round % 25 == 0)); then
		file 0 1 1 >app.yaml
		tm_ok apply app.yaml
		fds=$(find "/proc/$(shim_pid)/fd" -mindepth 1 | wc -l)
		fds_first=${fds_first:-$fds}
		((fds <= fds_first + 4)) || fail "the shim has $fds descriptors, $fds_first before (seed $seed)"
	fi
done
tm_ok down soak
assert_nothing_left
python3 - "$TALLYMAN_STATE_DIR" <<'EOT'
import glob, sqlite3, sys
files = glob.glob(sys.argv[1] + "/*.db")
assert files, "no store"
for f in files:
    assert sqlite3.connect(f).execute("PRAGMA integrity_check").fetchone() == ("ok",), f
EOT
