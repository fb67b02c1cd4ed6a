-- A file of a watched source. deployment and digest: what was accepted from it last, null when
-- nothing ever was. problem: why what lies there now was not accepted. waits: the hash of the plan
-- that waits for approval. gone_us: since when a complete look at its directory lacks it.
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

-- A plan that a person approved before the daemon carried it out; the row goes when it does.
CREATE TABLE approval (
	plan        TEXT PRIMARY KEY,
	approved_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
