#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Twenty Windows containers, and everything of ours killed above them: controller, then shim. All are
# adopted and none is made again. Of those that ended meanwhile the exit code is the service's, or
# unknown where the service has forgotten it, and never 0 by guess. Then the service itself goes, and
# the host: what is gone is replaced, once.
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os "{ hcs: 10.220.96.0/26, youki: 10.220.97.0/28 }"
import_windows

# A process of `ends` ends with 7 when somebody opens the other end of its pipe.
mkfifo go-0 go-1
cat >app.yaml <<EOT
version: v1
deployment: killed
services:
  stays:
    image: { name: local/windows:1 }
    stop_grace_period: 1s
    scale: { mode: fixed, replicas: 18 }
  ends:
    image: { name: local/windows:1 }
    command: { entrypoint: [cmd, /c, "n=\${HCS_SIM_SYSTEM%%.1}; read x <$TEST_TMP/go-\${n##*-}; exit 7"] }
    stop_grace_period: 1s
    restart_policy: { kind: "no" }
    scale: { mode: fixed, replicas: 2 }
EOT

# seen: id and pid of each instance, a line each; codes: state and exit code of those of `ends`
field() {
	"$TALLYMAN" status killed -o json | python3 -c 'import json, sys
for i in json.load(sys.stdin)["instances"]:
    if i["service"] in sys.argv[1].split(","): print(*(i[k] for k in sys.argv[2:]))' "$@" | sort
}
seen() { field "${1:-stays,ends}" id pid; }
keeper() { pgrep -of "hcs_sim_host $HCS_SIM_DIR"; }
shim() { cat "$TALLYMAN_RUN_DIR/shim-hcs.lock"; }

# has_ended N: the service has seen the end of that one
has_ended() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
for s in json.load(sys.stdin)["Systems"]:
    if s["Id"] == "killed.ends-rep-%s.1" % sys.argv[1]:
        sys.exit(any(not p["Exited"] for p in s["Processes"]))' "$1"
}
# kill_shim: until the service knows that its handles are nobody's
nobody_holds() { ! "$HCS_SIM" ls | grep -q '"Handles": *[1-9]'; }
kill_shim() {
	kill -9 "$(shim)"
	wait_for 20 nobody_holds
}
end() {
	echo >"go-$1"
	wait_for 20 has_ended "$1"
}

# The controller dies while the first half of them is made.
"$TALLYMAN" apply app.yaml >first.out 2>&1 &
controller=$!
made_some() { (($(systems "$OWNER" | wc -l) >= 3)); }
wait_for 60 made_some
kill -9 $controller 2>/dev/null || true # on a fast machine it may be done
wait $controller 2>/dev/null || true
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER" | cut -d. -f2 | sort -u | wc -l)" 20 "slots with a system"
assert_eq "$(systems "$OWNER" | wc -l)" 20 "systems after the controller was killed"
before=$(seen)
assert_eq "$(wc -l <<<"$before")" 20 "instances"

# The shim dies; one process ends while nobody looks, and the service remembers.
kill_shim
end 0
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
assert_eq "$(seen stays)" "$(grep stays <<<"$before")" "instances after the shim was killed"
assert_eq "$(field ends replica state exit_code)" $'0 done 7\n1 running None' "exit codes the service has"

# Again, and this time the service has forgotten.
"$HCS_SIM" switch exited_process=goes >/dev/null
kill_shim
end 1
tm_ok apply app.yaml
assert_eq "$(seen stays)" "$(grep stays <<<"$before")" "instances after the second kill"
assert_eq "$(field ends replica state exit_code)" $'0 done 7\n1 done None' "exit codes the service has not"

# The service itself dies, and all its systems with it.
kill -9 "$(keeper)"
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER" | wc -l)" 18 "systems after the service was killed"
assert_eq "$(comm -12 <(echo "$before") <(seen) | wc -l)" 0 "instances that claim to have lived on"
assert_eq "$(field ends replica exit_code)" $'0 7\n1 None' "ends that were known before"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"

# The host starts again: once more.
before=$(seen stays)
"$HCS_SIM" reboot >/dev/null
tm_ok apply app.yaml
assert_eq "$(systems "$OWNER" | wc -l)" 18 "systems after the host was started again"
assert_eq "$(hcs_left | grep -c ^Endpoints)" 20 "endpoints: those of 18 that run and of 2 that ended are kept, none is stale"
assert_eq "$(comm -12 <(echo "$before") <(seen stays) | wc -l)" 0 "instances that claim to have lived on"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
