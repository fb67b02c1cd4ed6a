#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sweep and orphans over the model: what they print, in text and JSON, and how they end.
. "$(dirname "$0")/../support/lib.sh"
. "$TEST_SOURCE_DIR/tests/support/cli.sh"
. "$TEST_SOURCE_DIR/tests/support/sweep.sh"
state=$TALLYMAN_STATE_DIR/memory

wrong "--mode is report, quarantine or delete" sweep --mode all
wrong "--mode is report, quarantine or delete" sweep --mode auto
wrong "'orphans' needs one of ls" orphans
wrong "" orphans delete
refused 1 "is no runtime id" orphans delete "${memory[@]}" ../etc

# Before there is anything: nothing is left over, and asking makes no store.
tm_ok orphans ls "${memory[@]}"
[[ ! -e $TALLYMAN_STATE_DIR ]] || fail "orphans ls made the state directory"
tm_ok sweep "${memory[@]}"
assert_eq "$out" "Sweep: nothing left over"

gone() {
	cat >gone.yaml <<-'EOT'
		version: v1
		deployment: gone
		services:
		  web:
		    image: { name: local/busybox:1 }
		    scale: { mode: fixed, replicas: 2 }
		  job:
		    image: { name: local/busybox:1 }
		    rtype: job
		    command: { entrypoint: ["true"] }
	EOT
	tm_ok apply "${memory[@]}" gone.yaml
	forget gone "$state"
}
gone
tm sweep "${memory[@]}"
assert_rc 2
assert_contains "$out" "? orphan gone.web-rep-0.1 on memory: running (instance): left: nothing is done: report only"
assert_contains "$out" "? orphan gone.job-rep-0.1 on memory: exited (instance): left"
assert_contains "$out" "Sweep: 0 removed, 0 kept, 3 left, 0 stuck, 0 foreign."
tm sweep "${memory[@]}" -o json
assert_rc 2
is_json 'd["schema"] == "tallyman.sweep.v1" and d["mode"] == "report" and d["held"] is None' \
	'[o["id"] for o in d["orphans"]] == ["gone.job-rep-0.1", "gone.web-rep-0.1", "gone.web-rep-1.1"]' \
	'all(o["runtime"] == "memory" and o["kinds"] == ["instance"] and o["outcome"] == "left" for o in d["orphans"])' \
	'd["orphans"][0]["instance"] == "exited" and d["orphans"][0]["sightings"] == 2' \
	'd["foreign"] == [] and d["failures"] == []'
tm_ok orphans ls "${memory[@]}"
assert_contains "$out" "gone.web-rep-0.1  memory   seen   2x"
tm_ok orphans ls "${memory[@]}" -o json
is_json 'len(d["orphans"]) == 3 and d["orphans"][0]["first"].endswith("Z")'

# Too young; the grace is a setting.
tm sweep "${memory[@]}" --mode delete
assert_rc 4
assert_contains "$out" "younger than the grace"
echo 'orphan_grace: 0s' >"$TALLYMAN_CONFIG"
tm_ok sweep "${memory[@]}" --mode delete -o json
is_json 'all(o["outcome"] == "removed" for o in d["orphans"])'
tm_ok orphans ls "${memory[@]}"
lines 1 "$out"
tm_ok events "${memory[@]}"
assert_contains "$out" "orphans: 3 removed, 0 put aside, 0 stuck"

# Quarantine, and by name.
gone
tm sweep "${memory[@]}" --now --mode quarantine
assert_rc 4
assert_contains "$out" "? orphan gone.web-rep-0.1 on memory: in quarantine (kept): kept"
assert_contains "$out" "0 removed, 3 kept"
tm sweep "${memory[@]}" --now --mode delete
assert_rc 4
assert_contains "$out" "its layer is kept for 1440 more minutes"
refused 1 "there is no orphan 'gone.web-rep-7.1'" orphans delete "${memory[@]}" gone.web-rep-7.1
tm_ok orphans delete "${memory[@]}" gone.web-rep-0.1 gone.web-rep-1.1
assert_contains "$out" "Sweep: 2 removed"
tm_ok orphans ls "${memory[@]}" -o json
is_json '[o["id"] for o in d["orphans"]] == ["gone.job-rep-0.1"]' 'd["orphans"][0]["state"] == "quarantined"'
# A day later the next sweep deletes it.
python3 - "$state/tallyman.db" <<'EOT'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE orphan SET since_us = since_us - 86400000001")
db.commit()
EOT
tm_ok sweep "${memory[@]}" --mode delete
assert_contains "$out" "1 removed"

# Right after whatever was done there is nothing to be swept.
echo >"$TALLYMAN_CONFIG"
nothing_after() {
	tm_ok "$1" "${memory[@]}" "${@:2}"
	tm_ok sweep "${memory[@]}" --now --mode delete
	assert_eq "$out" "Sweep: nothing left over" "a sweep after $*"
}
sed 's/replicas: 2/replicas: 4/' gone.yaml >more.yaml
nothing_after apply gone.yaml
nothing_after apply more.yaml
nothing_after apply gone.yaml
nothing_after stop gone/web-rep-0
nothing_after start gone/web-rep-0
nothing_after restart gone/web
nothing_after down gone
nothing_after apply gone.yaml
tm_ok plan "${memory[@]}" gone.yaml
nothing_after down --all

# A store that waits for a person deletes nothing.
gone
python3 - "$state/tallyman.db" <<'EOT'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE node SET accept = 'restored'")
db.commit()
EOT
tm sweep "${memory[@]}" --now --mode delete
assert_rc 3
assert_contains "$err" "nothing is deleted before 'tallyman recover --accept'"
assert_contains "$out" " left, 0 stuck"
tm_ok recover "${memory[@]}" --accept
tm_ok sweep "${memory[@]}" --now --mode delete
