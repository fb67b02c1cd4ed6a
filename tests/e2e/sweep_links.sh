#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A sweep stays where our things are: of a link it takes the link, and nothing of what is mounted in
# a bundle, also when that is of the same file system. What will not go says why.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
need_runtime
import_busybox
cat >gone.yaml <<'EOT'
version: v1
deployment: gone
services:
  web:
    image: { name: local/busybox:1 }
    command: { entrypoint: [/bin/sleep, "100000"] }
    network_mode: none
    stop_grace_period: 0s
EOT
id=gone.web-rep-0.1
bundle=$TALLYMAN_STATE_DIR/bundles/$id
neighbour=$TEST_TMP/neighbour
cleanup() {
	local rc=$?
	set +e
	chattr -i "$bundle/upper/fixed" 2>/dev/null || true
	[[ ! ${stranger:-} ]] || kill -9 $stranger 2>/dev/null || true
	umount "$bundle/upper/bound" "$neighbour/rootfs" 2>/dev/null || true
	(exit "$rc")
	lib_cleanup
}
trap cleanup EXIT
# A directory like a bundle, with a mount like a container's root.
mkdir -p "$neighbour"/{rootfs,upper,work,etc,data}
mount -t tmpfs neighbour "$neighbour/rootfs"
for f in rootfs/f upper/f work/f etc/f data/f config.json pid process; do echo x >"$neighbour/$f"; done
theirs=$(find "$neighbour" | sort)
unharmed() { assert_eq "$(find "$neighbour" | sort)" "$theirs" "what the neighbour has"; }

# -- links in place of directories ----------------------------------------------------------------
tm_ok apply gone.yaml
tm_ok down gone
for mode in delete quarantine; do
	ln -s "$neighbour" "$bundle"
	tm_ok sweep --now --mode $mode
	assert_contains "$out" "? orphan $id on youki: broken (bundle): removed"
	[[ ! -L $bundle ]] || fail "the link is there"
	unharmed
done
for program in $(oci_programs); do
	mkdir -p "$TALLYMAN_RUN_DIR/oci/$program"
	ln -s "$neighbour" "$TALLYMAN_RUN_DIR/oci/$program/$id"
done
tm_ok sweep --now --mode delete
assert_contains "$out" "(state): removed"
unharmed

# Of one that lived, and was moved elsewhere: it ends, and what was moved stays.
tm_ok apply gone.yaml
ids gone >.ids
id=$(<.ids) bundle=$TALLYMAN_STATE_DIR/bundles/$(<.ids)
forget gone
mv "$bundle" "$TEST_TMP/moved"
ln -s "$TEST_TMP/moved" "$bundle"
kill -9 "$(shim_pid)"
moved=$(find "$TEST_TMP/moved" | sort)
tm_ok sweep --now --mode delete
assert_eq "$(things gone)" "" "things on the host"
assert_eq "$(find "$TEST_TMP/moved" | sort)" "$moved" "what was moved"

# -- a directory of the same file system, bound into a bundle -------------------------------------
lonely() { # a container that nothing explains
	tm_ok apply gone.yaml
	id=$(ids gone) bundle=$TALLYMAN_STATE_DIR/bundles/$(ids gone)
	forget gone
}
lonely
mkdir "$bundle/upper/bound"
mount --bind "$neighbour/data" "$bundle/upper/bound"
tm sweep --now --mode delete
assert_rc 4
assert_contains "$out" "bound is a mount point; left as it is"
unharmed
umount "$bundle/upper/bound"
tm_ok sweep --now --mode delete
unharmed

# -- a stranger in a control group with a name of ours --------------------------------------------
# The sweep leaves it, and no container is made around it, whose end it would share.
tm_ok apply gone.yaml
id=$(ids gone)
next=${id%.*}.$((${id##*.} + 1))
group=$(left_cgroups | grep "/$id\$" | head -n 1)
tm_ok down gone
mkdir -p "$(dirname "$group")/$next"
sleep 1000 &
stranger=$!
echo $stranger >"$(dirname "$group")/$next/cgroup.procs"
tm sweep --now --mode delete
assert_rc 6
assert_contains "$out" "! foreign $next on youki (cgroup): left: processes in control group"
tm_ok apply gone.yaml
assert_contains "$err" "create $next: processes in control group"
tm_ok down gone
alive $stranger || fail "the stranger has ended"
kill -9 $stranger
wait $stranger || true
tm_ok sweep --now --mode delete
assert_eq "$(things gone)" "" "things on the host"

# -- what will not go -----------------------------------------------------------------------------
lonely
touch "$bundle/upper/fixed"
if chattr +i "$bundle/upper/fixed" 2>/dev/null; then
	tm sweep --now --mode delete
	assert_rc 4
	assert_contains "$out" "1 stuck"
	assert_contains "$out" "upper: remove fixed: Operation not permitted"
	chattr -i "$bundle/upper/fixed"
fi
tm_ok sweep --now --mode delete
assert_eq "$(things gone)" "" "things on the host"
