#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Owners whose names begin alike share one Windows host, tallyman beside tallyman2 and zlayer beside
# zlayer-e2e-test: none ever lists, sweeps or deletes another's things. An endpoint that somebody named
# like ours is reported as foreign and left, and so is the network it is in.
#
# The first owner of a pair is the default of real nodes, so the claims of all of them are kept below
# this test's own directory: in a mount namespace of its own.
[[ ${IN_NAMESPACE:-} || $(id -u) != 0 ]] || IN_NAMESPACE=1 exec unshare --mount -- "$BASH" "$0"
# shellcheck source=tests/support/two_os.sh
. "$(dirname "$0")/../support/two_os.sh"
two_os
mkdir -p "$TEST_TMP/claims" /var/lib/tallyman
mount --bind "$TEST_TMP/claims" /var/lib/tallyman
python3 "$TEST_SOURCE_DIR/tests/support/windows_tar.py" "$TEST_TMP/windows.tar"

# as OWNER WORDS...: that owner's node, with directories and a slice of its own
owners=(tallyman tallyman2 zlayer zlayer-e2e-test)
as() {
	local owner=$1 dir=$TEST_TMP/nodes/$1
	shift
	TALLYMAN_OWNER=$owner TALLYMAN_STATE_DIR=$dir/state TALLYMAN_RUN_DIR=$dir/run \
		TALLYMAN_CONFIG=$dir/config.yaml "$TALLYMAN" "$@"
}
as_ok() {
	run as "$@"
	assert_rc 0
}
# sweep OWNER: what nobody explains of that owner is deleted
sweep() {
	as_ok "$1" sweep --now --mode delete
}
cleanup() {
	local rc=$? owner
	for owner in "${owners[@]}"; do as "$owner" down --all >/dev/null 2>&1 </dev/null || true; done
	umount -l /var/lib/tallyman
	two_os_cleanup $rc
}
trap cleanup EXIT

n=90
for owner in "${owners[@]}"; do
	mkdir -p "$TEST_TMP/nodes/$owner"
	sed "s|^slices:.*|slices: 10.220.$((n++)).0/28|" "$TALLYMAN_CONFIG" >"$TEST_TMP/nodes/$owner/config.yaml"
	as_ok "$owner" image import "$TEST_TMP/windows.tar" --as local/windows:1 --os windows --arch amd64 \
		--os-version 10.0.20348.1 --cmd cmd --cmd /c --cmd 'ping -t localhost'
	cat >"$owner.yaml" <<-EOT
		version: v1
		deployment: $owner-app
		services:
		  win-svc:
		    image: { name: local/windows:1 }
		    stop_grace_period: 1s
		    port_mappings: [{ container_port: 80, host_port: 180$n }]
	EOT
	as_ok "$owner" apply "$owner.yaml"
	assert_eq "$(systems "$owner")" "$owner-app.win-svc-rep-0.1" "the systems of $owner"
done

# things OWNER: all of its things on the host; what HNS publishes for it
things() {
	"$HCS_SIM" ls | python3 -c 'import json, sys
host, owner = json.load(sys.stdin), sys.argv[1]
for kind in ("Systems", "Endpoints", "Namespaces", "Networks"):
    for o in host[kind]:
        if o.get("Owner") == owner: print(kind, o.get("Id", o.get("ID")))' "$1" | sort
}
published() {
	"$HCS_SIM" ls | grep -o '"ExternalPort": *[0-9]*' | grep -o '[0-9]*$' | sort | xargs
}
assert_eq "$(published)" "18091 18092 18093 18094" "ports of the host"
declare -A before
for owner in "${owners[@]}"; do
	before[$owner]=$(things "$owner")
	assert_eq "$(wc -l <<<"${before[$owner]}")" 4 "system, endpoint, namespace and network of $owner"
done

# Each looks at the whole host, and finds itself alone.
for owner in "${owners[@]}"; do
	as_ok "$owner" apply "$owner.yaml"
	assert_contains "$out" "Plan: nothing to do"
	sweep "$owner"
	for other in "${owners[@]}"; do
		assert_eq "$(things "$other")" "${before[$other]}" "things of $other after $owner swept"
		[[ $other == "$owner" ]] || assert_lacks "$out" "$other-app"
	done
done

# The shorter name of each pair goes down, and comes back; the longer one notices nothing.
for owner in tallyman zlayer; do
	as_ok "$owner" down --all
	assert_eq "$(things "$owner")" "" "things of $owner after its down"
	for other in tallyman2 zlayer-e2e-test; do
		assert_eq "$(things "$other")" "${before[$other]}" "things of $other after $owner went down"
		as_ok "$other" status "$other-app"
		assert_contains "$out" running
	done
	as_ok "$owner" apply "$owner.yaml"
done

# Somebody else's endpoint with a name of ours, in our network, and a GUID that we did not derive.
foreign=tallyman.tallyman-app.win-svc-rep-7.1
stranger tallyman.net $foreign 10.220.90.5 || fail "no endpoint was made"
run as tallyman doctor
assert_contains "$out" "endpoint '$foreign'"
run as tallyman sweep --now --mode delete
assert_rc 6 # somebody uses our name
assert_contains "$out" "! foreign tallyman-app.win-svc-rep-7.1 on hcs (endpoint): left: endpoint '$foreign'"
assert_lacks "$out" "? orphan"
hcs_left | grep 'win-svc-rep-7' >/dev/null || fail "the foreign endpoint was swept"
as_ok tallyman apply tallyman.yaml
assert_contains "$out" "Plan: nothing to do"
# It stays, the network with it, and down says so once: nothing is tried again and again.
as_ok tallyman down --all
assert_contains "$out$err" "the network stays while somebody else's endpoint '$foreign'"
hcs_left | grep 'win-svc-rep-7' >/dev/null || fail "the foreign endpoint was deleted"
assert_eq "$(things tallyman | cut -d' ' -f1)" "Networks" "what is left of tallyman"
# The next one that leaves it empty gives it up.
stranger $foreign
as_ok tallyman apply tallyman.yaml
as_ok tallyman down --all
assert_lacks "$out$err" "the network stays"
assert_eq "$(things tallyman)" "" "things of tallyman"
