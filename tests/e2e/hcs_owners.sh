#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Owners whose names begin alike share one Windows host and never see each other's things; an endpoint
# that somebody named like ours is reported as foreign and left.
# shellcheck source=tests/support/two_os.sh
TWO_OS_OWNER=tallyman-e2e-test
. "$(dirname "$0")/../support/two_os.sh"
two_os
import_windows

# The second owner: a node of its own on the same host.
other() {
	TALLYMAN_OWNER=tallyman-e2e-test2 TALLYMAN_STATE_DIR=$TEST_TMP/state2 TALLYMAN_RUN_DIR=$TEST_TMP/run2 \
		TALLYMAN_CONFIG=$TEST_TMP/config2.yaml "$TALLYMAN" "$@"
}
cleanup() {
	local rc=$?
	other down --all >/dev/null 2>&1 || true
	rm -rf /var/lib/tallyman/owners/tallyman-e2e-test2{,.lock}
	two_os_cleanup $rc
}
trap cleanup EXIT
sed 's|^slices:.*|slices: 10.220.98.0/28|' "$TALLYMAN_CONFIG" >"$TEST_TMP/config2.yaml"
run other image import "$TEST_TMP/windows.tar" --as local/windows:1 --os windows --arch amd64 \
	--os-version 10.0.20348.1 --cmd cmd --cmd /c --cmd 'ping -t localhost'
assert_rc 0

cat >app.yaml <<'EOT'
version: v1
deployment: e2e
services:
  win-svc:
    image: { name: local/windows:1 }
    stop_grace_period: 1s
    scale: { mode: fixed, replicas: 2 }
EOT
sed 's/^deployment: e2e/deployment: neighbour/' app.yaml >other.yaml
tm_ok apply app.yaml
run other apply other.yaml
assert_rc 0
mine=$(systems tallyman-e2e-test | sort)
theirs=$(systems tallyman-e2e-test2 | sort)
assert_eq "$(wc -l <<<"$mine") $(wc -l <<<"$theirs")" "2 2" "systems of both owners"

# Somebody else's endpoint with a name of ours, in our network, and a GUID that we did not derive.
foreign=tallyman-e2e-test.e2e.win-svc-rep-7.1
stranger tallyman-e2e-test.net $foreign 10.220.99.5 || fail "no endpoint was made"
tm doctor
assert_contains "$out" "endpoint '$foreign'"
tm sweep --now
assert_lacks "$out" "win-svc-rep-7"

tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
tm_ok down e2e
assert_eq "$(systems tallyman-e2e-test)" "" "our systems after down"
assert_eq "$(systems tallyman-e2e-test2 | sort)" "$theirs" "the neighbour's systems after our down"
hcs_left | grep -q 'win-svc-rep-7' || fail "the foreign endpoint was deleted"
run other status neighbour
assert_rc 0
assert_contains "$out" running
# Our network was not empty and so it stayed; the next one that is gives it up.
stranger $foreign
tm_ok apply app.yaml
tm_ok down e2e
run other down neighbour
assert_rc 0
