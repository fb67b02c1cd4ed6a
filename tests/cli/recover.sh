#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store that is broken, lost, another's or from another program: what every command says of it,
# and how recover goes on.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

shop=$files/shop.yaml
state=$TALLYMAN_STATE_DIR/memory

# Nothing to recover, and nothing made by asking.
tm_ok recover "${memory[@]}"
assert_eq "$out" "nothing to recover"
tm_ok recover "${memory[@]}" -o json
is_json 'd["schema"] == "tallyman.recover.v1" and not d["must_accept"] and not d["accepted"]'
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "recover made the state directory"

# A broken file: readers say so and touch nothing, an apply moves it aside and goes on. What it
# finds is kept as it is until a person accepts it.
tm_ok apply "${memory[@]}" "$shop"
cp -r "$TALLYMAN_STATE_DIR" saved
head -c 20000 /dev/urandom >"$state/tallyman.db"
rm -f "$state"/tallyman.db-*
for command in status "plan $shop" "events" "history shop" "logs shop"; do
	# shellcheck disable=SC2086
	refused 1 "$state" $command "${memory[@]}"
	assert_contains "$err" "hint: any changing command, for example apply, moves the file aside"
done
assert_eq "$(find "$state" -name '*.broken-*' | wc -l)" 0 "files moved by readers"
sed 's/red/blue/' "$shop" >blue.yaml
tm apply "${memory[@]}" blue.yaml
assert_rc 3
assert_contains "$err" "tallyman: warning: the database was damaged: it lies aside as $state/tallyman.db.broken-"
assert_contains "$err" "nothing is deleted before 'tallyman recover --accept'"
tm recover "${memory[@]}"
assert_rc 3
assert_contains "$out" "nothing is deleted until it is accepted"
tm recover "${memory[@]}" -o json
assert_rc 3
is_json 'd["must_accept"]'
tm plan "${memory[@]}" blue.yaml
assert_rc 3
tm down "${memory[@]}" shop
assert_rc 3
tm_ok recover "${memory[@]}" --accept
assert_contains "$out" "accepted: deleting is allowed again"
tm_ok recover "${memory[@]}"
tm_ok apply "${memory[@]}" blue.yaml
tm_ok down "${memory[@]}" shop

# Another program's file, a newer tallyman's: neither is touched.
rm -rf "$TALLYMAN_STATE_DIR"
mkdir -p "$state"
python3 - "$state/tallyman.db" <<'EOT'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("create table theirs (x)")
c.commit()
EOT
sum=$(sha256sum "$state/tallyman.db")
for command in status "apply $shop" "down --all" "recover --accept"; do
	# shellcheck disable=SC2086
	refused 6 "the database is another program's" $command "${memory[@]}"
	assert_contains "$err" "hint: move it away, or choose another directory with --state-dir"
done
assert_eq "$(sha256sum "$state/tallyman.db")" "$sum" "the other program's file"
rm -rf "$TALLYMAN_STATE_DIR"
cp -r saved "$TALLYMAN_STATE_DIR"
python3 - "$state/tallyman.db" <<'EOT'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("insert into schema_migration select 999, name, sha256, applied_us from schema_migration limit 1")
c.commit()
EOT
refused 1 "the store has schema 999" apply "${memory[@]}" "$shop"
assert_contains "$err" "hint: run the newer tallyman that made it"

# A state directory that cannot be one.
touch file
refused 1 "$TEST_TMP/file" apply "${memory[@]}" "$shop" --state-dir "$TEST_TMP/file"
assert_contains "$err" "hint: choose"
refused 1 "/proc/none" apply "${memory[@]}" "$shop" --state-dir /proc/none
assert_contains "$err" "hint: choose"
if [[ $(id -u) != 0 ]]; then
	mkdir -m 500 readonly
	refused 1 "Permission denied" apply "${memory[@]}" "$shop" --state-dir readonly/state
	assert_contains "$err" "hint: choose"
fi

# The owner is another store's: every changing command ends with 6 and names both.
mkdir claims
printf 'claims_dir: %s\n' "$TEST_TMP/claims" >"$TALLYMAN_CONFIG"
rm -rf "$TALLYMAN_STATE_DIR"
mkdir -p elsewhere/bundles/thing
printf '{"epoch":1,"node_id":"%s","session":3,"state_dir":"%s"}\n' \
	0123456789abcdef0123456789abcdef "$TEST_TMP/elsewhere" >"claims/$OWNER"
for command in "apply $shop" "down --all" "recover --accept"; do
	# shellcheck disable=SC2086
	refused 6 "the owner belongs to node 01234567 in $TEST_TMP/elsewhere" $command
	assert_contains "$err" "$TALLYMAN_STATE_DIR"
	assert_contains "$err" "recover --take-over"
done
tm recover --take-over -o json
assert_rc 3
is_json 'd["must_accept"]'
tm_ok recover --accept
