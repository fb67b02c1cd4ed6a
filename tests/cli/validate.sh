#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# validate and render: good and bad files, text and JSON, and that nothing is created.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

hello=$TEST_SOURCE_DIR/examples/hello.yaml

cat >bad.yaml <<'EOT'
version: v1
deployment: shop
services:
  web:
    imge: x
    image: { name: busybox }
    scale: { mode: fixed, replicas: two }
EOT
cat >warns.yaml <<'EOT'
version: v1
deployment: shop
services:
  web:
    image: { name: busybox }
    host_network: true
EOT

tm_ok validate "$hello"
assert_contains "$out" "valid (deployment hello, 2 services)"
assert_eq "$err" "" "stderr"

tm validate bad.yaml
assert_rc 1
assert_eq "$out" "" "stdout"
assert_contains "$err" "bad.yaml:5:5: error: "
assert_contains "$err" "hint: did you mean 'image'?"
assert_contains "$err" "bad.yaml:7:"
assert_contains "$err" "0 of 1 file valid; 2 errors"

# Several files: each is looked at, whatever the others are.
tm validate bad.yaml "$hello" missing.yaml
assert_rc 1
assert_contains "$out" "hello"
assert_contains "$err" "missing.yaml: No such file"
tm validate -o json bad.yaml "$hello" missing.yaml "$TEST_TMP" /dev/null
assert_rc 1
assert_eq "$err" "" "stderr"
is_json 'd["schema"] == "tallyman.validate.v1" and not d["valid"] and len(d["files"]) == 5'
is_json '[f["valid"] for f in d["files"]] == [False, True, False, False, False]'
is_json 'd["files"][0]["findings"][0]["line"] == 5 and d["files"][0]["findings"][0]["code"] == "E0201"'
is_json '"directory" in d["files"][3]["message"]'

# A circle of services, and all the other findings beside it.
cat >circle.yaml <<'EOT'
version: v1
deployment: shop
services:
  a: { image: { name: x }, depends: [{ service: b, condition: started }] }
  b: { image: { name: x }, depends: [{ service: a, condition: started }], scale: 3 }
  c: { image: { name: x }, depends: [{ service: c, condition: started }, { service: d, condition: x }] }
EOT
tm validate circle.yaml -o json
assert_rc 1
is_json '{"E0204", "E0206"} <= {f["code"] for f in d["files"][0]["findings"]}'
sed -i -e 's/, scale: 3//' -e 's/condition: x/condition: ready/' circle.yaml
tm validate circle.yaml -o json
assert_rc 1
is_json '{f["code"] for f in d["files"][0]["findings"]} == {"E0900", "E0901", "E0902"}'

# A warning is an error with --strict only.
tm_ok validate warns.yaml
assert_contains "$err" "warning"
tm validate --strict warns.yaml
assert_rc 1

# stdin, a directory, no permission, bytes that are no text, nothing, far too much.
run bash -c '"$TALLYMAN" validate - <"$0"' "$hello"
assert_rc 0
tm validate "$TEST_TMP"
assert_rc 1
assert_contains "$err" "is a directory"
run bash -c 'head -c 4000 "$TALLYMAN" | "$TALLYMAN" validate -'
assert_rc 1
assert_contains "$err" "E0101"
run bash -c '"$TALLYMAN" validate - </dev/null'
assert_rc 1
assert_contains "$err" "E0108"
run bash -c 'head -c 5000000 /dev/zero | tr "\0" a | "$TALLYMAN" validate -'
assert_rc 1
assert_contains "$err" "E0103"
if [[ $(id -u) != 0 ]]; then
	install -m 0 /dev/null closed.yaml
	tm validate closed.yaml
	assert_rc 1
	assert_contains "$err" "Permission denied"
fi

# render: a fixed point, in both forms; an error leaves stdout empty, also with -o json.
tm_ok render "$hello"
printf '%s\n' "$out" >once.yaml
tm_ok render once.yaml
assert_eq "$out" "$(<once.yaml)" "rendered twice"
tm_ok render -o json "$hello"
holds 'sorted(d["services"]) == ["clock", "greeter"] and "schema" not in d'
printf '%s\n' "$out" >once.json
tm_ok render once.json
assert_eq "$out" "$(<once.yaml)" "rendered from JSON"
for format in text json; do
	tm render -o "$format" bad.yaml
	assert_rc 1
	assert_eq "$out" "" "stdout"
	assert_contains "$err" "bad.yaml:5:5"
	tm render -o "$format" missing.yaml
	assert_rc 1
	assert_eq "$out" "" "stdout"
done

# References stand as written; the environment does not count.
cat >refs.yaml <<'EOT'
version: v1
deployment: shop
services:
  web:
    image: { name: busybox }
    env: { A: $E:NOT_SET, B: $S:secret }
EOT
tm_ok validate refs.yaml
tm_ok render refs.yaml
# shellcheck disable=SC2016
assert_contains "$out" '$E:NOT_SET'

[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "validate or render made the state directory"
