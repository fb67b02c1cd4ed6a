CREATE TABLE address (
	runtime    TEXT NOT NULL,
	address    TEXT NOT NULL,
	deployment INTEGER,
	service    TEXT,
	number     INTEGER,
	free_us    INTEGER,
	PRIMARY KEY (runtime, address),
	FOREIGN KEY (deployment, service, number)
		REFERENCES slot (deployment, service, number) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
	plan        TEXT PRIMARY KEY,
	approved_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deployment (
	id             INTEGER PRIMARY KEY,
	name           TEXT NOT NULL COLLATE NOCASE UNIQUE,
	revision       INTEGER CHECK (revision >= 1),
	wish           TEXT NOT NULL CHECK (wish IN ('present', 'nothing')),
	wish_by_person INTEGER NOT NULL CHECK (wish_by_person IN (0, 1)),
	wish_us        INTEGER NOT NULL,
	settings       TEXT NOT NULL,
	FOREIGN KEY (id, revision) REFERENCES revision (deployment, number)
		DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE endpoint (
	name       TEXT PRIMARY KEY,
	runtime_id TEXT NOT NULL,
	runtime    TEXT NOT NULL,
	endpoint   TEXT NOT NULL,
	namespace  TEXT,
	created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	first_us   INTEGER NOT NULL,
	last_us    INTEGER NOT NULL,
	count      INTEGER NOT NULL CHECK (count >= 1),
	level      TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
	kind       TEXT NOT NULL,
	deployment TEXT,
	service    TEXT,
	number     INTEGER,
	runtime_id TEXT,
	message    TEXT NOT NULL,
	by_person  INTEGER NOT NULL CHECK (by_person IN (0, 1))
) STRICT;

CREATE TABLE instance (
	runtime_id      TEXT PRIMARY KEY,
	deployment      INTEGER NOT NULL,
	service         TEXT NOT NULL,
	number          INTEGER NOT NULL,
	generation      INTEGER NOT NULL CHECK (generation >= 1),
	runtime         TEXT NOT NULL,
	program         TEXT,
	program_path    TEXT,
	program_version TEXT,
	state           TEXT NOT NULL CHECK (state IN
		('broken', 'created', 'running', 'paused', 'exited', 'unknown')),
	pid             INTEGER CHECK (pid > 0),
	start_time      INTEGER CHECK (start_time > 0),
	boot_id         TEXT,
	hcs_id          TEXT,
	config_hash     TEXT,
	image           TEXT,
	digest          TEXT,
	address         TEXT,
	exit_code       INTEGER CHECK (exit_code BETWEEN 0 AND 4294967295),
	created_us      INTEGER,
	started_us      INTEGER,
	finished_us     INTEGER,
	since_us        INTEGER NOT NULL,
	UNIQUE (deployment, service, number, generation),
	FOREIGN KEY (deployment, service, number)
		REFERENCES slot (deployment, service, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	runtime_id TEXT,
	runtime    TEXT NOT NULL,
	deployment TEXT NOT NULL,
	step       TEXT NOT NULL CHECK (step IN
		('stage', 'create', 'start', 'signal', 'update', 'remove')),
	service    TEXT NOT NULL,
	number     INTEGER NOT NULL,
	detail     TEXT NOT NULL,
	session    INTEGER NOT NULL,
	opened_us  INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	node_id    TEXT NOT NULL CHECK (length(node_id) = 32),
	epoch      INTEGER NOT NULL CHECK (epoch >= 1),
	session    INTEGER NOT NULL CHECK (session >= 0),
	created_us INTEGER NOT NULL,
	accept     TEXT CHECK (accept IN ('rebuilt', 'restored'))
) STRICT;

CREATE TABLE orphan (
	runtime    TEXT NOT NULL,
	runtime_id TEXT NOT NULL,
	kinds      TEXT NOT NULL,
	sightings  INTEGER NOT NULL CHECK (sightings >= 1),
	first_us   INTEGER NOT NULL,
	last_us    INTEGER NOT NULL,
	state      TEXT NOT NULL CHECK (state IN
		('seen', 'going', 'quarantined', 'restoring', 'stuck')),
	since_us   INTEGER NOT NULL,
	tries      INTEGER NOT NULL CHECK (tries >= 0),
	retry_us   INTEGER,
	reason     TEXT,
	PRIMARY KEY (runtime, runtime_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE port (
	host_ip        TEXT NOT NULL,
	port           INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	protocol       TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp')),
	container_port INTEGER NOT NULL CHECK (container_port BETWEEN 1 AND 65535),
	deployment     INTEGER NOT NULL,
	service        TEXT NOT NULL,
	number         INTEGER NOT NULL,
	PRIMARY KEY (host_ip, port, protocol),
	FOREIGN KEY (deployment, service, number)
		REFERENCES slot (deployment, service, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE resolved_image (
	reference   TEXT PRIMARY KEY,
	digest      TEXT NOT NULL,
	os          TEXT NOT NULL,
	arch        TEXT NOT NULL,
	os_version  TEXT NOT NULL,
	resolved_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (
	deployment INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
	number     INTEGER NOT NULL CHECK (number >= 1),
	digest     TEXT NOT NULL CHECK (length(digest) = 64),
	bytes      BLOB NOT NULL,
	env        TEXT NOT NULL,
	source     TEXT NOT NULL,
	author     TEXT NOT NULL,
	created_us INTEGER NOT NULL,
	PRIMARY KEY (deployment, number)
) STRICT;

CREATE TABLE runtime_boot (
	runtime TEXT PRIMARY KEY,
	boot_id TEXT NOT NULL,
	seen_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE schema_migration (
	version    INTEGER PRIMARY KEY CHECK (version > 0),
	name       TEXT NOT NULL,
	sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
	applied_us INTEGER NOT NULL
) STRICT;

CREATE TABLE service (
	deployment   INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
	name         TEXT NOT NULL,
	manual_scale INTEGER CHECK (manual_scale >= 0),
	PRIMARY KEY (deployment, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE slot (
	deployment    INTEGER NOT NULL,
	service       TEXT NOT NULL,
	number        INTEGER NOT NULL CHECK (number >= 0),
	generation    INTEGER NOT NULL CHECK (generation >= 0),
	held          INTEGER NOT NULL CHECK (held IN (0, 1)),
	restarts      INTEGER NOT NULL CHECK (restarts >= 0),
	fails         INTEGER NOT NULL CHECK (fails >= 0),
	retry_boot_id TEXT,
	retry_boot_us INTEGER,
	retry_wall_us INTEGER,
	retry_len_us  INTEGER CHECK (retry_len_us >= 0),
	exit_code     INTEGER CHECK (exit_code BETWEEN 0 AND 4294967295),
	done_hash     TEXT,
	health        TEXT NOT NULL CHECK (health IN
		('unknown', 'starting', 'healthy', 'unhealthy')),
	fault         TEXT,
	reason        TEXT, restart_upto INTEGER NOT NULL DEFAULT 0 CHECK (restart_upto >= 0), healed INTEGER NOT NULL DEFAULT 0 CHECK (healed >= 0), fights INTEGER NOT NULL DEFAULT 0 CHECK (fights >= 0), fight_since_us INTEGER NOT NULL DEFAULT 0, hint TEXT,
	PRIMARY KEY (deployment, service, number),
	FOREIGN KEY (deployment, service) REFERENCES service (deployment, name)
		ON DELETE CASCADE,
	CHECK ((retry_boot_id IS NULL) = (retry_boot_us IS NULL)
		AND (retry_boot_id IS NULL) = (retry_wall_us IS NULL)
		AND (retry_boot_id IS NULL) = (retry_len_us IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE source (
	path       TEXT PRIMARY KEY,
	watched    TEXT NOT NULL,
	deployment TEXT COLLATE NOCASE,
	digest     TEXT CHECK (length(digest) = 64),
	problem    TEXT,
	waits      TEXT,
	gone_us    INTEGER,
	CHECK ((deployment IS NULL) = (digest IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE sqlite_sequence(name,seq);

CREATE INDEX address_slot ON address (deployment, service, number);

CREATE INDEX endpoint_runtime_id ON endpoint (runtime_id);

CREATE INDEX event_slot ON event (deployment, service, number, seq);

CREATE INDEX instance_address ON instance (runtime, address) WHERE address IS NOT NULL;

CREATE INDEX port_slot ON port (deployment, service, number);

CREATE INDEX resolved_image_digest ON resolved_image (digest);

