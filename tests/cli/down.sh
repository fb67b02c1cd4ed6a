#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# down: by name, by file, all; what was never there; what stays; and how it is undone.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
up() { tm_ok apply "${memory[@]}" "$shop" --progress quiet; }
left() {
	tm_ok status "${memory[@]}" -o json
	is_json "len(d['instances']) == $1"
}

# Neither name nor file nor --all, and both: usage.
wrong "name the deployments or files, or give --all" down
wrong "name the deployments or files, or give --all" down --all shop

# A name never seen is an error, with the nearest one; nothing is done for the others either.
refused 1 "no deployment 'shop' was ever seen on this node" down "${memory[@]}" shop
up
refused 1 "no deployment 'shpo' was ever seen" down "${memory[@]}" shop shpo
assert_contains "$err" "hint: did you mean 'shop'?"
left 4
refused 1 "no deployment 'odd' was ever seen" down "${memory[@]}" "$files/odd.yaml"
refused 1 "open missing.yaml: No such file or directory" down "${memory[@]}" missing.yaml
refused 1 "down takes whole deployments, and 'shop/web' is a part of one" down "${memory[@]}" shop/web
refused 1 "bad.yaml has 2 errors; nothing was done" down "${memory[@]}" "$files/bad.yaml"
tm down "${memory[@]}" shpo -o json
assert_rc 1
error_json 'd["code"] == "not-found" and "shop" in d["hint"]'
left 4

# By name, whatever its case: those that depend on others first; again: nothing to do, and fine.
tm_ok down "${memory[@]}" SHOP
assert_eq "$(head -n 4 <<<"$out")" "- remove web-rep-1: down
- remove web-rep-0: down
- remove batch-rep-0: down
- remove db-rep-0: down"
assert_contains "$out" "Plan: 0 to create, 0 to replace, 4 to remove."
assert_eq "$(tail -n 1 <<<"$out")" "shop: nothing left"
left 0
tm_ok down "${memory[@]}" shop
assert_eq "$out" $'Plan: nothing to do\nshop: nothing left'
tm_ok down "${memory[@]}" shop -o json
is_json 'd["schema"] == "tallyman.down.v1" and d["outcome"] == "converged"'

# That nothing is wanted is remembered; history stays; apply undoes it.
tm_ok history shop "${memory[@]}"
assert_contains "$out" "current, taken down"
tm_ok history shop "${memory[@]}" -o json
is_json 'd["wish"] == "nothing" and len(d["revisions"]) == 1'
tm_ok events shop "${memory[@]}"
assert_contains "$out" "down: nothing of it is wanted"
tm plan "${memory[@]}" "$shop"
assert_rc 2
up
tm_ok history shop "${memory[@]}" -o json
is_json 'd["wish"] == "present"'

# By file, twice the same, and a file beside a name: each once.
tm_ok down "${memory[@]}" "$shop" shop
assert_eq "$(grep -c "nothing left" <<<"$out")" 1 "deployments told"
left 0

# A word that is a deployment's name and a file's: the deployment counts.
up
echo "no: deployment" >shop
tm_ok down "${memory[@]}" shop
left 0

# All of them, also when there are none.
up
tm_ok apply "${memory[@]}" "$files/top.yaml"
tm_ok down "${memory[@]}" --all
assert_contains "$out" "shop: nothing left"
assert_contains "$out" "tops: nothing left"
left 0
tm_ok down "${memory[@]}" --all
tm_ok down "${memory[@]}" --all --state-dir elsewhere
assert_eq "$out" "" "stdout"
assert_contains "$err" "no deployment was ever seen on this node"

# What has run to its end runs again when the deployment comes back, whoever noted its end.
printf '%s\n' 'version: v1' 'deployment: jobs' 'services:' '  once: { rtype: job,' \
	'    image: { name: local/batch:1 }, command: { entrypoint: ["false"] } }' >jobs.yaml
tm_ok apply "${memory[@]}" jobs.yaml
tm_ok apply "${memory[@]}" jobs.yaml
assert_eq "$out" $'Plan: nothing to do\njobs: 1 done'
tm_ok down "${memory[@]}" jobs
tm plan "${memory[@]}" jobs.yaml
assert_rc 2
tm_ok apply "${memory[@]}" jobs.yaml
assert_contains "$out" "+ create once-rep-0: not there"
tm_ok status jobs "${memory[@]}" -o json
is_json '[(i["generation"], i["state"], i["exit_code"]) for i in d["instances"]] == [(2, "done", 1)]'
