#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store that an older build has written: commands that only read show what is in it, and neither
# change nor make a file; one that changes upgrades it, also for who follows meanwhile.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"

state=$TALLYMAN_STATE_DIR/memory
shop=$files/shop.yaml

old() { # NUMBER: the store as the first NUMBER migrations made it
	rm -rf "$state"
	mkdir -p "$state"
	cp "$TEST_SOURCE_DIR/tests/store/old/$1.db" "$state/tallyman.db"
	# What was applied there is no deployment: a file of today takes its place.
	python3 - "$state/tallyman.db" "$shop" <<'EOT'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE revision SET bytes = ?", (open(sys.argv[2], "rb").read(),))
db.commit()
EOT
}
seen() { find "$TALLYMAN_STATE_DIR" -type f -exec sha256sum {} + | sort; }

reads() { # PART ARGS...: the command says PART of what is in the store, which stays as it is
	local before part=$1
	shift
	before=$(seen)
	tm "$@" "${memory[@]}"
	((rc <= 4)) || fail "$1 ended with $rc: $err"
	assert_lacks "$err" "older tallyman"
	assert_contains "$out$err" "$part"
	assert_eq "$(seen)" "$before" "files after $1"
}

for number in 0001 0002 0003 0004; do
	old $number
	reads "apply" events
	reads "REVISION" history shop
	reads "deployment: shop" history shop --show 1
	reads "create" plan "$shop"
	reads "" logs shop
	reads "REASON" orphans ls
	reads "web-rep-0" status
	reads "nothing to recover" recover
	tm doctor "${memory[@]}"
	assert_lacks "$err$out" "older tallyman"
done

# Who follows an older store sees what is done to it, before and after the upgrade.
old 0004
start events --follow "${memory[@]}"
wait_for 20 said "apply node: m"
tm apply "$shop" --timeout 1s "${memory[@]}" # one instance is a real runtime's: it cannot end
wait_for 20 said "revision 2"
kill -TERM "$pid"
wait "$pid" || true
