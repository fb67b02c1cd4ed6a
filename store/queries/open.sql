-- What runs around the schema: settings of a connection, checks, transactions, migrations.

-- exec: pragma_busy_timeout
PRAGMA busy_timeout = 5000;

-- exec: pragma_foreign_keys
PRAGMA foreign_keys = ON;

-- exec: pragma_wal
PRAGMA journal_mode = WAL;

-- exec: pragma_synchronous
PRAGMA synchronous = FULL;

-- Overwriting a log that keeps its size is cheaper to sync than growing one; with a limit, any, the
-- space is given back when the store is closed.
-- exec: pragma_journal_size
PRAGMA journal_size_limit = 8388608;

-- exec: pragma_trusted_schema
PRAGMA trusted_schema = OFF;

-- exec: pragma_query_only
PRAGMA query_only = ON;

-- exec: application_id_get
PRAGMA application_id;

-- "tlly"
-- exec: application_id_set
PRAGMA application_id = 1953262713;

-- exec: integrity_check
PRAGMA integrity_check(10);

-- exec: schema_count
SELECT count(*) AS n
FROM sqlite_schema;

-- exec: has_migration_table
SELECT count(*) AS n
FROM sqlite_schema
WHERE type = 'table' AND name = 'schema_migration';

-- exec: migration_highest
SELECT coalesce(max(version), 0) AS version
FROM schema_migration;

-- exec: migration_list
SELECT version, name, sha256
FROM schema_migration
ORDER BY version;

-- exec: migration_record
INSERT INTO schema_migration (version, name, sha256, applied_us)
VALUES (:version, :name, :sha256, :applied_us);

-- exec: begin
BEGIN IMMEDIATE;

-- exec: begin_read
BEGIN;

-- exec: commit
COMMIT;

-- exec: rollback
ROLLBACK;
