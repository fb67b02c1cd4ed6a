#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plan: what it says and how it ends, what cannot be done here, and that it changes nothing.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml

# On a node where nothing ever was, nothing is made, and everything is to be created.
for runtime in "" "--runtime memory"; do
	# shellcheck disable=SC2086
	tm plan $runtime "$TEST_SOURCE_DIR/examples/hello.yaml"
	assert_eq "$err" "" "stderr"
done
tm plan "${memory[@]}" "$shop"
assert_rc 2
assert_eq "$out" "+ create batch-rep-0: not there
+ create db-rep-0: not there
+ create web-rep-0: not there
+ create web-rep-1: not there
Plan: 4 to create, 0 to replace, 0 to remove."
tm plan "${memory[@]}" "$shop" -o json
assert_rc 2
is_json 'd["schema"] == "tallyman.plan.v1" and d["deployment"] == "shop"'
is_json 'd["summary"]["create"] == 4 and len(d["changes"]) == 4 and d["orphans"] == []'
is_json '[s["kind"] for s in d["changes"][1]["steps"]] == ["stage", "create", "start"]'
[[ ! -e $TALLYMAN_STATE_DIR && -z $(ls -A "$TALLYMAN_RUN_DIR") ]] || fail "plan made something"

# Nothing to do; one value; two replicas fewer; a service out. The second time says the same.
tm_ok apply "${memory[@]}" "$shop"
before=$(find "$TALLYMAN_STATE_DIR" "$TALLYMAN_RUN_DIR" -type f -exec sha256sum {} + | grep -v -e -shm | sort)
tm_ok plan "${memory[@]}" "$shop"
assert_eq "$out" "Plan: nothing to do"
sed 's/red/blue/' "$shop" >blue.yaml
tm plan "${memory[@]}" blue.yaml
assert_rc 2
assert_contains "$out" "-/+ replace web-rep-0: "
assert_contains "$out" "env.COLOR"
assert_contains "$out" "Plan: 0 to create, 2 to replace, 0 to remove."
sed -e 's/replicas: 2/replicas: 1/' -e '/^  batch:/,$d' "$shop" >fewer.yaml
tm plan "${memory[@]}" fewer.yaml
assert_rc 2
assert_contains "$out" "- remove web-rep-1: "
assert_contains "$out" "- remove batch-rep-0: not in the file"
assert_contains "$out" "Plan: 0 to create, 0 to replace, 2 to remove."
tm plan "${memory[@]}" fewer.yaml -o json
first=$out
tm plan "${memory[@]}" fewer.yaml -o json
assert_eq "$out" "$first" "planned twice"
assert_eq "$(find "$TALLYMAN_STATE_DIR" "$TALLYMAN_RUN_DIR" -type f -exec sha256sum {} + |
	grep -v -e -shm | sort)" "$before" "files after plans"

# A name where a file is read.
refused 1 "open shop: No such file or directory" plan "${memory[@]}" shop
assert_contains "$err" "'tallyman drift shop' takes a name"
refused 1 "open shop.yml: No such file" plan "${memory[@]}" shop.yml
assert_lacks "$err" "hint:"

# What depends on something that can never come: told before anything is begun, as apply does.
cat >never.yaml <<'EOT'
version: v1
deployment: never
services:
  front: { image: { name: local/web:1 }, depends: [{ service: nightly }] }
  nightly: { rtype: cron, schedule: "0 0 3 * * *", image: { name: local/web:1 } }
EOT
tm_ok plan "${memory[@]}" never.yaml
assert_contains "$out" "  blocked front-rep-0: depends on nightly, which is not healthy"
assert_contains "$out" "Plan: nothing to do"
tm apply "${memory[@]}" never.yaml
assert_rc 4
assert_contains "$err" "depends on nightly, which is not healthy"
tm_ok completion names --state-dir "$TALLYMAN_STATE_DIR/memory"
assert_contains "$out" $'never\nnever/front\nnever/nightly'

# From stdin.
run bash -c '"$TALLYMAN" plan --runtime memory - <"$0"' blue.yaml
assert_rc 2

# What cannot be done here: shown behind the steps, and no step of it.
tm plan "${memory[@]}" "$files/odd.yaml"
assert_rc 2
assert_contains "$out" "+ create fine-rep-0"
assert_contains "$out" "unsupported nightly-rep-0: rtype: cron is not supported yet"
assert_contains "$out" "unsupported edge-rep-0: "
assert_contains "$out" "blocked secret-rep-0: env TOKEN: secret '\$S:token' cannot be resolved"
assert_contains "$out" "Plan: 1 to create, 0 to replace, 0 to remove."
tm plan "${memory[@]}" "$files/odd.yaml" -o json
is_json '{c["service"]: c["action"] for c in d["changes"]} == {"fine": "create",
	"nightly": "unsupported", "edge": "unsupported", "secret": "blocked"}'

# The node's own runtimes: Windows work needs a peer, an image that is not there is said for each
# slot with the way to get it. No step: 0.
tm_ok plan "$files/peer.yaml"
assert_contains "$out" "needs peer (windows) win-rep-0: "
for slot in 0 1; do assert_contains "$out" "blocked web-rep-$slot: image local/absent:1 is not on this node"; done
assert_eq "$(grep -c "hint: tallyman image import FILE --as local/absent:1" <<<"$out")" 2 "hints"
assert_eq "$(tail -n 1 <<<"$out")" "Plan: nothing to do"
tm_ok plan "$files/peer.yaml" -o json
is_json 'next(c for c in d["changes"] if c["service"] == "win")["required_os"] == "windows"'
is_json 'd["summary"]["needs_peer"] == 1 and d["summary"]["blocked"] == 2'

# A variable that is not set, all of them at once; one that is.
refused 1 "service more: env COLOR: the environment variable NOT_SET is not set; also not set: ALSO_NOT" \
	plan "${memory[@]}" "$files/env.yaml"
assert_contains "$err" "hint: set it: NOT_SET=..."
refused_json() { tm "$@" -o json; error_json 'd["code"] == "invalid"'; }
refused_json plan "${memory[@]}" "$files/env.yaml"
NOT_SET=x ALSO_NOT=y tm plan "${memory[@]}" "$files/env.yaml"
assert_rc 2

# What nobody does of a file's top is a warning; with --strict it is an error, and no plan comes.
tm plan "${memory[@]}" "$files/top.yaml"
assert_rc 2
assert_contains "$err" "tallyman: warning: externals: ignored: "
assert_contains "$err" "[E0507]"
assert_lacks "$out" "externals"
refused 1 "1 warning, and --strict makes them errors" plan --strict "${memory[@]}" "$files/top.yaml"

# A file with errors: all of them, then one line; for programs they are in the document.
refused 1 "bad.yaml has 2 errors; nothing was done" plan "${memory[@]}" "$files/bad.yaml"
assert_contains "$err" "bad.yaml:6:5: error: "
assert_contains "$err" "hint: 'tallyman explain E0201' says what a code means"
tm plan "${memory[@]}" "$files/bad.yaml" -o json
assert_rc 1
error_json '[f["line"] for f in d["findings"]] == [6, 8] and d["findings"][0]["code"] == "E0201"'

# While somebody else's change waits for its back-off, the plan is what an apply would do now.
tm apply "${memory[@]}" "$files/restless.yaml" --timeout 1s
tm plan "${memory[@]}" "$files/restless.yaml"
assert_rc 2
assert_contains "$out" "-/+ replace loop-rep-0: ended with 1"
