#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Command lines: help, wrong ones, where options may stand, what goes to which stream.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

wrong "no command"
wrong "unknown command 'aply'" aply
wrong "did you mean 'version'?" verison
wrong "'image' needs one of" image
wrong "did you mean 'image import'?" image imprt x.tar
# As other programs have it.
for row in up:apply ps:status diff:plan "rm shop:down" "images:image ls" "delete x:down"; do
	# shellcheck disable=SC2086
	wrong "did you mean '${row#*:}'?" ${row%:*}
done
for command in apply plan validate render "image import"; do
	# shellcheck disable=SC2086
	wrong "the file is named alone: 'tallyman $command FILE'" $command -f shop.yaml
done
wrong "unknown option '--nope'" version --nope
wrong "did you mean '--output'?" version --outptu json
wrong "unknown option '-Z'" version -Z
wrong "--output is text or json" version -o xml
wrong "'version' has no option --owner" --owner x version
wrong "option --output needs a value" version -o
wrong "option --output is given twice" version -o text -o text
wrong "takes no value" logs shop --follow=yes
wrong "'logs' needs DEPLOYMENT" logs
wrong "one argument too many: 'b'" logs a b
wrong "'version' takes no argument" version x
wrong "--tail 'x'" logs shop --tail x
wrong "--tail '-1'" logs shop --tail -1
wrong "--since 'soon'" logs shop --since soon

# With -o json, wherever it stands, the document says it as well.
for line in "aply -o json" "-o json aply" "apply --output=json" "version -ojson x" "logs a b -o json" \
	"down --output json" "explain --nope -o json"; do
	# shellcheck disable=SC2086
	tm $line
	assert_rc 64
	error_json 'd["code"] == "invalid" and d["hint"]'
done
wrong "unknown option '--nope'" exec shop --nope -- -o json

# Help is no error, whatever else is on the line, and goes to stdout.
for words in --help -h help "version --help" "logs --help" "--help logs" "image import -h" "help image"; do
	# shellcheck disable=SC2086
	tm_ok $words
	assert_contains "$out" "tallyman"
	assert_eq "$err" "" "stderr"
done
tm help nonsense
assert_rc 1
assert_contains "$err" "there is no command 'nonsense'"

# Options before and behind the command, joined and apart, and behind `--` none at all.
tm_ok -o json version
assert_contains "$out" '"schema": "tallyman.version.v1"'
tm_ok version --output=json
tm_ok version -ojson
tm image rm -- --help
assert_rc 1
assert_contains "$err" "there is no image '--help'"

# Nobody reads: quiet. A full disk: an error.
run bash -c '"$TALLYMAN" help --help | true; exit ${PIPESTATUS[0]}'
assert_eq "$err" "" "stderr"
run bash -c '"$TALLYMAN" version >/dev/full'
assert_rc 1
assert_contains "$err" "No space left on device"
# stdout and stderr closed: nothing is written into a file that is opened later.
run bash -c '"$TALLYMAN" version >&- 2>&-'
assert_rc 0
