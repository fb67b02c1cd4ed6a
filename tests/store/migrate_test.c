/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: the schema they make (golden), the order and the records, what is refused, and that
 * every store kept in tests/store/old/ becomes the same as a fresh one.
 * UPDATE_GOLDEN=1 rewrites the golden schema, UPDATE_OLD=1 the old store of the newest migration.
 */
#include "tests/store/fixture.h"

#include <sqlite3.h>

#include "base/digest.h"
#include "store/migrate.h"

#define HERE TEST_SOURCE_DIR "/tests/"

static const char *script(struct fixture *f, const char *name)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);

	ok(f, fs_read(AT_FDCWD, arena_printf(f->arena, HERE "store/sql/%s", name), &text, &f->err));
	return arena_strdup(f->arena, text.data);
}

/* The schema of a database as text, one statement a paragraph. */
static const char *schema_of(struct fixture *f, sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	const char *text = "";

	assert_int_equal(sqlite3_prepare_v2(db, script(f, "schema.sql"), -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		text = arena_printf(f->arena, "%s%s;\n\n", text,
				    (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return text;
}

static sqlite3 *memory(void)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	return db;
}

static const char *fresh_schema(struct fixture *f)
{
	sqlite3 *db = memory();
	const char *text;

	assert_int_equal(migrate_check(db, migrate_embedded(), &f->err), MIGRATE_EMPTY);
	ok(f, migrate_run(db, migrate_embedded(), f->now, &f->err));
	assert_int_equal(migrate_check(db, migrate_embedded(), &f->err), 0);
	text = schema_of(f, db);
	sqlite3_close(db);
	return text;
}

static void test_golden(void **state)
{
	struct fixture *f = *state;
	struct buf want CLEAN(buf) = BUF_INIT(1 << 20);
	const char *path = HERE "golden/schema.sql";
	const char *got = fresh_schema(f);

	if (getenv("UPDATE_GOLDEN"))
		ok(f, fs_write_atomic(AT_FDCWD, path, got, strlen(got), 0644, &f->err));
	ok(f, fs_read(AT_FDCWD, path, &want, &f->err));
	assert_string_equal(got, want.data);
}

/* Numbers without a gap, and hashes that are those of the files. */
static void test_embedded(void **state)
{
	struct fixture *f = *state;
	struct migrate_list list = migrate_embedded();

	assert_true(list.n >= 1);
	for (size_t i = 0; i < list.n; i++) {
		const struct migration *m = &list.items[i];
		struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
		uint8_t sum[DIGEST_BYTES];
		char hex[DIGEST_HEX_SIZE];

		assert_int_equal(m->version, i + 1);
		ok(f, fs_read(AT_FDCWD,
			      arena_printf(f->arena, TEST_SOURCE_DIR "/migrations/%04d_%s.sql",
					   m->version, m->name),
			      &text, &f->err));
		assert_string_equal(text.data, m->sql);
		digest_sha256(text.data, text.n, sum);
		assert_string_equal(digest_hex(sum, hex), m->sha256);
	}
}

/* The embedded ones and one more. */
static struct migrate_list longer(struct fixture *f, const char *name, const char *sha)
{
	struct migrate_list known = migrate_embedded();
	struct migration *items = arena_array(f->arena, known.n + 1, sizeof(*items));

	memcpy(items, known.items, known.n * sizeof(*items));
	items[known.n] = (struct migration){
		.version = (int)known.n + 1, .name = "more", .sha256 = sha, .sql = script(f, name)
	};
	return (struct migrate_list){ items, known.n + 1 };
}

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_upgrade(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = memory();
	struct migrate_list more = longer(f, "second.sql", SHA_A);

	ok(f, migrate_run(db, migrate_embedded(), f->now, &f->err));
	assert_int_equal(migrate_check(db, more, &f->err), MIGRATE_OLDER);
	ok(f, migrate_run(db, more, f->now, &f->err));
	assert_int_equal(migrate_check(db, more, &f->err), 0);
	ok(f, migrate_run(db, more, f->now, &f->err)); /* nothing is left */
	assert_non_null(strstr(schema_of(f, db), "TABLE second"));
	/* The program from before refuses it now; so does one whose second differs. */
	assert_int_equal(migrate_check(db, migrate_embedded(), &f->err), -ERR_UNSUPPORTED);
	assert_int_equal(migrate_check(db, longer(f, "second.sql", SHA_B), &f->err), -ERR_LOCKED);
	sqlite3_close(db);
}

/* One that fails leaves the schema and the record of before. */
static void test_failing(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = memory();
	const char *before;

	ok(f, migrate_run(db, migrate_embedded(), f->now, &f->err));
	before = schema_of(f, db);
	assert_true(migrate_run(db, longer(f, "failing.sql", SHA_A), f->now, &f->err) < 0);
	assert_non_null(strstr(f->err.msg, "(more)"));
	assert_true(sqlite3_get_autocommit(db));
	assert_string_equal(schema_of(f, db), before);
	assert_int_equal(migrate_check(db, migrate_embedded(), &f->err), 0);
	sqlite3_close(db);
}

static void copy(struct fixture *f, const char *from, const char *to)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 22);

	ok(f, fs_read(AT_FDCWD, from, &bytes, &f->err));
	ok(f, fs_write_atomic(AT_FDCWD, to, bytes.data, bytes.n, 0600, &f->err));
}

static void add_event(struct fixture *f, const char *kind)
{
	struct event_row event = { .last = f->now, .kind = kind, .message = "m", .slot = -1 };
	struct store_txn *txn = fixture_begin(f);

	ok(f, event_store_append(f->store, &event, &f->err));
	ok(f, store_commit(&txn, &f->err));
}

struct meanwhile {
	struct fixture *f;
	sqlite3 *writer;
	bool is_done;
};

/* A statement of the reader has ended: once it has seen whose the file is, the writer makes it. */
static int on_ended(unsigned type, void *arg, void *stmt, void *unused)
{
	struct meanwhile *m = arg;

	(void)type, (void)unused;
	if (!m->is_done && strstr(sqlite3_sql(stmt), "application_id")) {
		m->is_done = true;
		ok(m->f, migrate_run(m->writer, migrate_embedded(), m->f->now, &m->f->err));
	}
	return 0;
}

/* A reader that looks while a writer makes the file sees nothing, or all of it: never another
 * program's. */
static void test_check_while_it_is_made(void **state)
{
	struct fixture *f = *state;
	struct meanwhile m = { .f = f };
	sqlite3 *reader = NULL;

	assert_int_equal(sqlite3_open(fixture_path(f, "tallyman.db"), &m.writer), SQLITE_OK);
	assert_int_equal(sqlite3_exec(m.writer, script(f, "wal.sql"), NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_open(fixture_path(f, "tallyman.db"), &reader), SQLITE_OK);
	assert_int_equal(sqlite3_trace_v2(reader, SQLITE_TRACE_PROFILE, on_ended, &m), SQLITE_OK);
	assert_int_equal(ok(f, migrate_check(reader, migrate_embedded(), &f->err)), MIGRATE_EMPTY);
	assert_true(m.is_done);
	assert_int_equal(ok(f, migrate_check(reader, migrate_embedded(), &f->err)), 0);
	sqlite3_close(reader);
	sqlite3_close(m.writer);
}

/* A store with a row of most kinds, as the newest migration has them. */
static void write_old(struct fixture *f)
{
	struct instance i = fixture_instance(f, "shop", "web", 0, 7);
	struct intent_row intent = { .runtime_id = i.id,
				     .runtime = "youki",
				     .deployment = "shop",
				     .service = "web",
				     .step = STEP_START,
				     .detail = "{}",
				     .opened = f->now };

	ok(f, fixture_open(f, STORE_WRITE));
	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	ok(f, instance_store_save(f->store, &i, f->now, &f->err));
	ok(f, intent_store_put(f->store, &intent, 1, &f->err));
	ok(f, store_commit(&txn, &f->err));
	add_event(f, "apply");
	fixture_close(f);
	copy(f, fixture_path(f, "tallyman.db"),
	     arena_printf(f->arena, HERE "store/old/%04zu.db", migrate_embedded().n));
}

/* What write_old() put there is still there. */
static void check_old(struct fixture *f)
{
	struct revision_row rev;
	struct instance i;
	struct intent_rows intents;
	struct event_rows events;
	struct event_filter all = { 0 };

	ok(f, deployment_store_revision(f->store, "shop", 0, f->arena, &rev, &f->err));
	assert_string_equal(rev.bytes, "one");
	assert_int_equal(instance_store_find(f->store, "shop.web-rep-0.7", f->arena, &i, &f->err),
			 0);
	assert_int_equal(i.state, INSTANCE_RUNNING);
	ok(f, intent_store_list(f->store, f->arena, &intents, &f->err));
	assert_int_equal(intents.n, 1);
	ok(f, event_store_list(f->store, &all, f->arena, &events, &f->err));
	assert_int_equal(events.n, 1);
}

/* The store that the first @version migrations made is the test's now. */
static void put_old(struct fixture *f, size_t version)
{
	copy(f, arena_printf(f->arena, HERE "store/old/%04zu.db", version),
	     fixture_path(f, "tallyman.db"));
	unlink(fixture_path(f, "tallyman.db-wal"));
	unlink(fixture_path(f, "tallyman.db-shm"));
}

static void test_old_stores(void **state)
{
	struct fixture *f = *state;
	const char *want = fresh_schema(f);

	if (getenv("UPDATE_OLD"))
		write_old(f);
	for (size_t version = 1; version <= migrate_embedded().n; version++) {
		sqlite3 *db = NULL;

		put_old(f, version);
		ok(f, fixture_open(f, STORE_WRITE));
		assert_null(store_moved_to(f->store));
		check_old(f);
		fixture_close(f);
		assert_int_equal(sqlite3_open(fixture_path(f, "tallyman.db"), &db), SQLITE_OK);
		assert_string_equal(schema_of(f, db), want);
		sqlite3_close(db);
	}
}

/* A reader sees the same in a file that it leaves as it is, and where it goes on reading, what a
 * writer of this build has made of it. */
static void test_old_stores_read(void **state)
{
	struct fixture *f = *state;
	struct store *reader;

	for (size_t version = 1; version < migrate_embedded().n; version++) {
		struct buf before CLEAN(buf) = BUF_INIT(1 << 22);
		struct buf after CLEAN(buf) = BUF_INIT(1 << 22);
		struct event_filter all = { 0 };
		struct event_rows events;

		put_old(f, version);
		ok(f, fs_read(AT_FDCWD, fixture_path(f, "tallyman.db"), &before, &f->err));
		assert_int_equal(ok(f, fixture_open(f, STORE_READ)), 0);
		check_old(f);
		ok(f, store_renew(&f->store, f->now, &f->err));
		check_old(f);
		ok(f, fs_read(AT_FDCWD, fixture_path(f, "tallyman.db"), &after, &f->err));
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.data, after.data, before.n);
		assert_int_not_equal(access(fixture_path(f, "tallyman.db-wal"), F_OK), 0);

		reader = TAKE(f->store);
		ok(f, fixture_open(f, STORE_WRITE));
		add_event(f, "stop");
		ok(f, store_renew(&reader, f->now, &f->err));
		ok(f, event_store_list(reader, &all, f->arena, &events, &f->err));
		assert_int_equal(events.n, 2);
		store_close(reader);
		fixture_close(f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_golden),
		TEST(test_embedded),
		TEST(test_upgrade),
		TEST(test_failing),
		TEST(test_old_stores),
		TEST(test_old_stores_read),
		TEST(test_check_while_it_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
