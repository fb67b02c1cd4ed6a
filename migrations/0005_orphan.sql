-- An owned thing on a runtime that no row explains, with how often it was seen, what was done to it
-- and, where it did not go, when it is tried again. Nothing wrote to the table before this version.
DROP TABLE orphan;
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
