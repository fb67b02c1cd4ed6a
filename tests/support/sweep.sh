# SPDX-License-Identifier: Apache-2.0
# Shared by tests of sweeps, sourced after lib.sh: how containers become orphans, and what is there.
# shellcheck shell=bash

# forget DEPLOYMENT [STATE]: the store never heard of it
forget() {
	python3 - "${2:-$TALLYMAN_STATE_DIR}/tallyman.db" "$1" <<'EOT'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
(key,) = db.execute("SELECT id FROM deployment WHERE name = ?", sys.argv[2:]).fetchone()
db.execute("PRAGMA foreign_keys = OFF")
for table in ("instance", "address", "port", "slot", "service", "revision"):
    db.execute("DELETE FROM %s WHERE deployment = ?" % table, (key,))
db.execute("DELETE FROM deployment WHERE id = ?", (key,))
db.commit()
EOT
}

# things DEPLOYMENT: everything of it that a container leaves behind, a line each
things() {
	{
		find "$TALLYMAN_STATE_DIR/bundles" "$TALLYMAN_STATE_DIR/hcs" "$TALLYMAN_RUN_DIR/fifo" \
			"$TALLYMAN_RUN_DIR"/oci/* "$TALLYMAN_STATE_DIR/images/leases" \
			"$TALLYMAN_STATE_DIR/quarantine" -mindepth 1 -maxdepth 1 -name "$1.*" 2>/dev/null || true
		left_cgroups | grep "/$OWNER/$1\.[^/]*\$" || true
		left_mounts | grep "/$1\." || true
	} | sort
}

# orphans_in DATABASE: what it remembers of them
orphans_in() {
	python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT runtime_id, state FROM orphan ORDER BY 1"):
    print(*row)' "$1/tallyman.db"
}

# pids_of DEPLOYMENT [STATE]: of its containers' first processes
pids_of() {
	local f
	for f in "${2:-$TALLYMAN_STATE_DIR}"/bundles/"$1".*/pid; do
		[[ ! -e $f ]] || printf '%s ' "$(<"$f")"
	done
}
