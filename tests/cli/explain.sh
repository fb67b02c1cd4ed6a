#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# explain: fields by every way of naming them, codes, and what is neither.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

# One field: what it is, its values, what a change does, and every runtime.
tm_ok explain 'services.*.ulimits'
assert_contains "$out" "services.*.ulimits"
assert_contains "$out" "value: map of maps"
assert_contains "$out" "a change makes a new instance"
for line in "youki    honoured" "hcs      impossible: " "wsl2     honoured" "memory   emulated: "; do
	assert_contains "$out" "$line"
done
assert_contains "$out" "services.*.ulimits.*.soft"
whole=$out
# By its own name, and by one of a real service.
tm_ok explain ulimits
assert_eq "$out" "$whole"
tm_ok explain services.web.ulimits
assert_eq "$(tail -n +2 <<<"$out")" "$(tail -n +2 <<<"$whole")"
tm_ok explain 'services.web.storage[0].size'
assert_contains "$out" "beside type named: ignored, volumes have no quota"
assert_lacks "$out" "WHAT IT IS"
tm_ok explain image.pull_policy
assert_contains "$out" "one of always, newer, if_not_present, never"
assert_contains "$out" "a change touches no running instance"
tm_ok explain resources.memory
assert_contains "$out" "a change is made in place where the runtime can"
tm_ok explain network_mode
assert_contains "$out" "bridge:*: impossible, "
tm_ok explain rtype
assert_eq "$(grep -c "cron: impossible, " <<<"$out")" 4 "runtimes that do not start cron"
tm_ok explain externals # of the file, not of a service
assert_eq "$(grep -c "ignored: there is no proxy" <<<"$out")" 4 "runtimes"
tm_ok explain 'services.*.ulimits' -o json
is_json 'd["schema"] == "tallyman.explain.v1" and d["field"]["path"] == "services.*.ulimits"'
is_json 'd["field"]["runtimes"]["hcs"]["support"] == "impossible" and d["field"]["runtimes"]["hcs"]["why"]'
is_json '[f["path"] for f in d["fields"]][1:] == ["services.*.ulimits.*.soft", "services.*.ulimits.*.hard"]'

# All of them, each once, and what completion offers can all be asked for.
tm_ok explain
assert_eq "$(awk '{ print $1 }' <<<"$out" | sort | uniq -d)" "" "fields listed twice"
[[ $(wc -l <<<"$out") -gt 300 ]] || fail "too few fields"
tm_ok explain -o json
is_json 'd["field"] is None and len(d["fields"]) > 300'
is_json 'all(f["doc"] and f["value"] and len(f["runtimes"]) == 4 for f in d["fields"])'
tm_ok completion fields
for field in $(shuf -n 10 --random-source="$TALLYMAN" <<<"$out"); do tm_ok explain "$field"; done

# Codes, however they are written.
for code in E0201 e0201 E201 0201 201; do
	tm_ok explain $code
	assert_contains "$out" "E0201 (error): the format has no such field here"
done
tm_ok explain E0507
assert_contains "$out" "(warning)"
assert_contains "$out" "--strict"
tm_ok explain E0900 -o json
is_json 'd["code"]["code"] == "E0900" and d["code"]["severity"] == "error" and d["code"]["about"]'
tm_ok explain --codes
assert_contains "$out" "E0101  error"
assert_contains "$out" "E0510  warning"
tm_ok explain --codes -o json
is_json 'all(c["meaning"] and c["about"] for c in d["codes"]) and len(d["codes"]) > 50'
# Every code that FORMAT.md has is explained.
for code in $(grep -o '^| E0[0-9]* | \(error\|warning\)' "$TEST_SOURCE_DIR/specs/FORMAT.md" | cut -c3-7 | sort -u); do
	grep -q "\"code\": \"$code\"" <<<"$out" || fail "$code is not explained"
done

# Neither: the nearest one, or where to look.
refused 1 "the format has no field 'services.web.ulimts'" explain services.web.ulimts
assert_contains "$err" "hint: did you mean 'services.*.ulimits'?"
refused 1 "the format has no field 'ulimts'" explain ulimts
assert_contains "$err" "hint: did you mean 'services.*.ulimits'?"
refused 1 "there is no code 'E9999'" explain E9999
assert_contains "$err" "explain --codes"
for odd in '' . .. '[' 'services[' 'services.*.' 'services.*.storage[' "$(printf 'x%.0s' {1..5000})"; do
	tm explain "$odd"
	assert_rc 1
	assert_contains "$err" "the format has no field"
	assert_contains "$err" "hint: "
done
tm explain nothing-like-it -o json
assert_rc 1
error_json 'd["code"] == "not-found" and d["hint"]'
wrong "one argument too many" explain a b
wrong "--codes lists all codes" explain --codes E0201
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "explain made the state directory"
