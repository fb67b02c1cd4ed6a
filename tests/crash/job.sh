#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shim dies at a crash point while a job runs in a real container, which counts its runs in a
# file of the host: however that goes, it has run once in the end, and its exit code is its own or
# unknown, never another one; its own, if it was on disk when the shim died.
# CRASH_STRIDE: every so many points (3).
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/crash.sh"
need_runtime
import_busybox
stride=${CRASH_STRIDE:-3}
mkdir count

file() { # N: the job of that round
	cat <<EOT
version: v1
deployment: job
services:
  stays:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    stop_grace_period: 0s
    network_mode: none
  once:
    rtype: job
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sh, -c, "echo ran >>/count/$1; exit 7"] }
    storage: [{ type: bind, source: $TEST_TMP/count, target: /count }]
    network_mode: none
EOT
}
code() { # of the job; nothing while the shim, which may die at any time, cannot be asked
	("$TALLYMAN" status job -o json 2>/dev/null || true) | python3 -c 'import json, sys
print(*["%s %s" % (i["state"], i["exit_code"]) for i in json.load(sys.stdin)["instances"] if i["service"] == "once"])' 2>/dev/null
}
is_done() { how=$(code) && [[ $how == done* ]]; }

file 0 >job.yaml
tm_ok apply job.yaml
wait_for 20 is_done
n_unknown=0
for ((n = 1; ; n += stride)); do
	file $n >job.yaml
	kill_shim
	crash_shim_at $n "$TALLYMAN" apply job.yaml || true
	tm apply job.yaml
	[[ $rc == 0 ]] || tm_ok apply job.yaml # it died only now
	wait_for 20 is_done
	at=$(cat "$crashed" 2>/dev/null || true)
	assert_eq "$(cat count/$n)" ran "runs after a crash at '$at'"
	case $how in
	"done 7") ;;
	"done None")
		n_unknown=$((n_unknown + 1))
		[[ $at != "exit "* && $at != "sync "*/exit ]] || fail "the code that was on disk is lost, after a crash at '$at'"
		;;
	*) fail "the job ended with '$how', after a crash at '$at'" ;;
	esac
	[[ $at ]] || break
done
echo "every ${stride}. of some $n crash points of a shim that runs a job: once each time, $n_unknown codes unknown"
((n > 30)) || fail "too few"
