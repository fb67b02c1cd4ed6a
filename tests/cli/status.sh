#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# status and exec: names, what is shown of a slot, and what cannot be seen.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
rows() { tail -n +2 <<<"$out" | awk '{ print $1 "/" $2, $3 }'; }

# Nothing there: a table of nothing, and nothing made.
tm_ok status "${memory[@]}"
assert_eq "$(wc -l <<<"$out")" 1 "lines"
assert_contains "$err" "nothing is up here"
tm_ok status "${memory[@]}" -o json
is_json 'd["schema"] == "tallyman.status.v1" and d["instances"] == [] and not d["partial"]'
assert_eq "$err" "" "stderr"
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "status made the state directory"

tm_ok apply "${memory[@]}" "$shop"
tm_ok apply "${memory[@]}" "$files/top.yaml"
tm_ok status "${memory[@]}"
assert_eq "$(rows)" "shop/batch-rep-0 done
shop/db-rep-0 running
shop/web-rep-0 running
shop/web-rep-1 running
tops/web-rep-0 running"

# A name is a deployment, a service or a slot; several are put together; case does not count.
for row in "shop:4" "SHOP/web:2" "shop/web-rep-1:1" "shop/db tops:2" "tops shop/web-rep-0:2"; do
	# shellcheck disable=SC2086
	tm_ok status "${memory[@]}" ${row%:*}
	assert_eq "$(rows | wc -l)" "${row#*:}" "rows of ${row%:*}"
done
refused 1 "no deployment 'shp' was ever seen" status "${memory[@]}" shp
assert_contains "$err" "hint: did you mean 'shop'?"
refused 1 "deployment 'shop' has no 'wbe'" status "${memory[@]}" shop/wbe
assert_contains "$err" "hint: did you mean 'shop/web'?"
refused 1 "deployment 'shop' has no 'web-rep-9'" status "${memory[@]}" shop/web-rep-9
assert_contains "$err" "hint: did you mean 'shop/web-rep-0'?"
refused 1 "no deployment 'entirely-different'" status "${memory[@]}" entirely-different
assert_contains "$err" "hint: 'tallyman status' shows what there is"
for name in a/b/c 'x y' / shop/ /web '' shop/WEB; do
	refused 1 "names nothing that can be here" status "${memory[@]}" "$name"
	assert_contains "$err" "hint: a name is DEPLOYMENT, DEPLOYMENT/SERVICE or DEPLOYMENT/SERVICE-rep-N"
done
tm status "${memory[@]}" shp -o json
assert_rc 1
error_json 'd["code"] == "not-found" and d["hint"] == "did you mean '"'shop'"'?"'

# All that is promised of an instance, and nothing else.
tm_ok status "${memory[@]}" shop -o json
is_json 'all(set(i) == set("id deployment service replica generation state health runtime pid "
	"address image digest config_hash restarts healed exit_code since reason next_action "
	"next_at phase hint".split()) for i in d["instances"])'
is_json 'd["instances"][1]["id"] == "shop.db-rep-0.1" and d["instances"][1]["health"] == "unknown"'
is_json 'd["instances"][1]["exit_code"] is None and d["instances"][1]["next_action"] is None'
is_json 'd["instances"][0]["state"] == "done" and d["instances"][0]["exit_code"] == 0'
is_json 'd["looked"].endswith("Z") and d["instances"][1]["since"] <= d["looked"]'

# One that waits: why, what is next and when.
tm apply "${memory[@]}" "$files/restless.yaml" --timeout 1s
tm_ok status "${memory[@]}" restless -o json
is_json 'd["instances"][0]["state"] == "exited" and d["instances"][0]["exit_code"] == 1'
is_json 'd["instances"][0]["restarts"] >= 1 and d["instances"][0]["next_action"] in ("wait", "replace")'
is_json 'd["instances"][0]["next_at"] > d["instances"][0]["since"]'
tm_ok status "${memory[@]}" restless
assert_contains "$out" "ended with 1"

# Work for a peer, and what is not supported.
tm apply "${memory[@]}" "$files/odd.yaml"
tm_ok status "${memory[@]}" odd/nightly -o json
is_json 'd["instances"][0]["state"] == "unsupported" and "cron" in d["instances"][0]["reason"]'

# --- exec ---

tm_ok exec "${memory[@]}" shop/web -- echo -n --flag x
assert_eq "$out" "-n --flag x"
tm_ok exec "${memory[@]}" shop/web-rep-1 echo without dashes
assert_eq "$out" "without dashes"
tm exec "${memory[@]}" shop/db -- false
assert_rc 1
assert_eq "$out$err" "" "what false says"
tm exec "${memory[@]}" shop/web -- sh -c 'exit 7'
assert_rc 7
refused 125 "no program 'nope' in it" exec "${memory[@]}" shop/web -- nope
refused 125 "nothing of 'shop/batch' is running" exec "${memory[@]}" shop/batch -- true
assert_contains "$err" "hint: 'tallyman status shop' shows what there is"
refused 125 "deployment 'shop' has no 'wbe'" exec "${memory[@]}" shop/wbe -- true
refused 125 "no deployment 'shp'" exec "${memory[@]}" shp -- true
wrong "'exec' needs TARGET [--] COMMAND..." exec shop/web
wrong "'exec' needs TARGET [--] COMMAND..." exec shop/web --
wrong "unknown option '--nope'" exec --nope shop/web -- true
tm_ok down "${memory[@]}" shop
refused 125 "nothing of 'shop/web' is running" exec "${memory[@]}" shop/web -- true
