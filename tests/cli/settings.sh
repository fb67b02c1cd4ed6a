#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Settings: which of option, environment, file and default counts, and wrong ones.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

busybox_tar bb.tar

# Option beats environment beats file.
mkdir -p by-option by-env by-file
printf 'state_dir: %s\n' "$TEST_TMP/by-file" >"$TALLYMAN_CONFIG"
TALLYMAN_STATE_DIR=$TEST_TMP/by-env tm_ok image import bb.tar --as a --state-dir "$TEST_TMP/by-option"
TALLYMAN_STATE_DIR=$TEST_TMP/by-env tm_ok image import bb.tar --as b
TALLYMAN_STATE_DIR= tm_ok image import bb.tar --as c
for where in option:a env:b file:c; do
	TALLYMAN_STATE_DIR=$TEST_TMP/by-${where%:*} tm_ok image ls
	assert_contains "$out" "${where#*:} "
	assert_eq "$(wc -l <<<"$out")" 2 "images in ${where%:*}"
done
# The same for every setting that has all three, and the default where none is given.
shown() { # FIELD: what a command would use
	tm doctor --runtime memory -o json "${@:2}"
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$out"
}
printf 'owner: by-file\nrun_dir: /tmp/by-file\nstate_dir: /tmp/by-file\n' >"$TALLYMAN_CONFIG"
assert_eq "$(TALLYMAN_OWNER=by-env shown owner --owner by-option)" by-option
assert_eq "$(TALLYMAN_OWNER=by-env shown owner)" by-env
assert_eq "$(TALLYMAN_OWNER='' shown owner)" by-file
assert_eq "$(TALLYMAN_RUN_DIR=/tmp/by-env shown run_dir --run-dir /tmp/by-option)" /tmp/by-option/memory
assert_eq "$(TALLYMAN_RUN_DIR=/tmp/by-env shown run_dir)" /tmp/by-env/memory
assert_eq "$(TALLYMAN_RUN_DIR='' shown run_dir)" /tmp/by-file/memory
printf 'owner: other\n' >other.yaml
assert_eq "$(TALLYMAN_OWNER='' shown owner --config other.yaml)" other
assert_eq "$(TALLYMAN_OWNER='' TALLYMAN_CONFIG=$TEST_TMP/other.yaml shown owner)" other
assert_eq "$(TALLYMAN_OWNER='' TALLYMAN_CONFIG=$TEST_TMP/other.yaml shown owner --config "$TALLYMAN_CONFIG")" by-file
rm "$TALLYMAN_CONFIG"
assert_eq "$(TALLYMAN_OWNER='' shown owner)" tallyman
assert_eq "$(TALLYMAN_OWNER='' TALLYMAN_RUN_DIR='' shown run_dir)" /run/tallyman/tallyman/memory
assert_eq "$(TALLYMAN_OWNER=x TALLYMAN_STATE_DIR='' shown state_dir)" /var/lib/tallyman/state/x/memory
assert_eq "$(shown config)" None
printf 'state_dir: %s\n' "$TEST_TMP/by-file" >"$TALLYMAN_CONFIG"
# Options of the node may stand before the command, too; twice is a mistake.
assert_eq "$(shown owner --owner=joined)" joined
tm --owner before doctor --runtime memory -o json
is_json 'd["owner"] == "before"'
wrong "option --owner is given twice" doctor --owner a --owner b

# A relative directory is taken from where the command runs; a slash at the end says nothing.
tm_ok image ls --state-dir by-option/
assert_contains "$out" "a "

# A settings file: every mistake with its place; a missing one is fine unless an option names it.
cat >"$TALLYMAN_CONFIG" <<'EOT'
owner: x
statedir: /x
runtime: { oci: { path: /usr/bin/crun, pth: 1 } }
watch: [{ path: /x, prune: 7 }, {}]
EOT
tm image ls
assert_rc 1
assert_contains "$err" "config.yaml:2:1: error: statedir: there is no such setting"
assert_contains "$err" "did you mean 'state_dir'?"
assert_contains "$err" "config.yaml:3:"
assert_contains "$err" "config.yaml:4:"
assert_contains "$err" "tallyman: error: settings"
printf '# nothing is set\n' >"$TALLYMAN_CONFIG"
tm_ok image ls
printf 'owner: [a\n' >"$TALLYMAN_CONFIG"
tm image ls
assert_rc 1
head -c 2000000 /dev/zero >"$TALLYMAN_CONFIG"
tm image ls
assert_rc 1
rm "$TALLYMAN_CONFIG"
tm_ok image ls
tm image ls --config missing.yaml
assert_rc 1
assert_contains "$err" "missing.yaml: No such file"

# Values that cannot be used, said early and with the way out.
tm image ls --owner Big
assert_rc 1
assert_contains "$err" "owner 'Big'"
tm image ls --run-dir "/tmp/$(printf 'x%.0s' {1..120})"
assert_rc 1
assert_contains "$err" "the run directory is too long"
assert_contains "$err" "--run-dir"
tm image ls --log-level loud
assert_rc 1
assert_contains "$err" "log level 'loud'"
tm image ls --state-dir ''
assert_rc 1
tm image ls --runtime docker
assert_rc 1
assert_contains "$err" "runtime 'docker'"
for line in 'orphan_grace: soon' 'log_level: loud' 'runtime: { oci: { path: crun } }' 'owner: 1x'; do
	printf '%s\n' "$line" >"$TALLYMAN_CONFIG"
	TALLYMAN_OWNER= tm image ls
	assert_rc 1
	assert_contains "$err" "hint: "
done

# Slices: one for the node is shared, or each runtime has its own.
for line in 'slices: 10.220.99.0/29' 'slices: 10.220.99.5/28' 'slices: { wsl: 10.9.0.0/24 }' \
	'slices: { hcs: 10.9.0.0/24, youki: 10.9.0.0/16 }' 'slices: [1]'; do
	printf '%s\n' "$line" >"$TALLYMAN_CONFIG"
	tm image ls
	assert_rc 1
	assert_contains "$err" "slices"
done
for line in 'slices: 10.220.99.0/28' 'slices: { hcs: 10.9.0.0/24, youki: 10.9.1.0/24 }'; do
	printf '%s\n' "$line" >"$TALLYMAN_CONFIG"
	tm_ok image ls
done
