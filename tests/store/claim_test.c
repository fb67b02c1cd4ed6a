/* SPDX-License-Identifier: Apache-2.0 */
/* An owner's claim: whose it is, what a copy, a backup and a lost store make of it, who may act. */
#include "tests/store/fixture.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "store/claim.h"
#include "store/intent_store.h"

static int setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	ok(f, fixture_open(f, STORE_WRITE));
	return 0;
}

static const char *base_of(struct fixture *f)
{
	return fixture_path(f, "owners");
}

/* One session of the open store: the outcome of entering. */
static int enter(struct fixture *f, enum claim_way way)
{
	struct claim *c = NULL;
	int r;

	ok(f, claim_open(base_of(f), "tallyman", "test", &c, &f->err));
	r = ok(f, claim_enter(c, f->store, way, &f->err));
	claim_close(c);
	return r;
}

static struct node_row node_of(struct fixture *f)
{
	struct node_row row;

	ok(f, node_store_load(f->store, &row, &f->err));
	return row;
}

/* Another store, in <dir>/<name>, takes the place of the open one. */
static void change_to(struct fixture *f, const char *name)
{
	struct store_options opts = { .mode = STORE_WRITE, .now = f->now };

	fixture_close(f);
	opts.dir = *name ? fixture_path(f, name) : f->dir;
	ok(f, store_open(&opts, &f->store, &f->err));
}

static void copy_file(struct fixture *f, const char *from, const char *to)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

	ok(f, fs_read(AT_FDCWD, fixture_path(f, from), &bytes, &f->err));
	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, to), bytes.data, bytes.n, 0600, &f->err));
}

static int look(struct fixture *f, const char *dir, struct store *store, struct error *why)
{
	char theirs[LIMIT_PATH] = "?";
	const struct claim_place place = { base_of(f), "tallyman", dir, theirs };
	int r;

	*why = ERROR_INIT;
	r = ok(f, claim_look(&place, store, why, &f->err));
	if (r == CLAIM_FOREIGN && !strstr(why->msg, "cannot be read"))
		assert_string_equal(theirs, f->dir);
	else if (r == CLAIM_FOREIGN)
		assert_string_equal(theirs, "");
	return r;
}

static void test_sessions_count(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= 3; i++) {
		assert_int_equal(enter(f, CLAIM_NORMAL), 0);
		assert_int_equal(node_of(f).session, i);
	}
	assert_int_equal(node_of(f).epoch, 1);
	change_to(f, "");
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	assert_int_equal(node_of(f).session, 4);
	assert_int_equal(node_of(f).accept, NODE_ACCEPTED);
}

static void test_store_ahead_is_ours(void **state)
{
	struct fixture *f = *state;
	struct node_row row;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	row = node_of(f);
	row.session++; /* a crash between the store and the claim */
	struct store_txn *txn = fixture_begin(f);
	ok(f, node_store_save(f->store, &row, &f->err));
	ok(f, store_commit(&txn, &f->err));
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	assert_int_equal(node_of(f).session, 3);
}

static void test_backup_put_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	fixture_close(f);
	copy_file(f, "tallyman.db", "old");
	ok(f, fixture_open(f, STORE_WRITE));
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	fixture_close(f);
	copy_file(f, "old", "tallyman.db");
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-wal")), 0);
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-shm")), 0);

	ok(f, fixture_open(f, STORE_WRITE));
	assert_int_equal(node_of(f).session, 1);
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_NEW_EPOCH);
	assert_int_equal(node_of(f).session, 4);
	assert_int_equal(node_of(f).epoch, 2);
	assert_int_equal(node_of(f).accept, NODE_RESTORED);
	assert_int_equal(enter(f, CLAIM_NORMAL), 0); /* once; but still nobody has accepted */
	assert_int_equal(node_of(f).accept, NODE_RESTORED);
}

/* As a controller does that is about to make something. */
static void act(struct fixture *f, struct claim *c)
{
	struct intent_row row = { .runtime_id = "shop.web-rep-0.1",
				  .runtime = "memory",
				  .deployment = "shop",
				  .service = "web",
				  .step = STEP_CREATE,
				  .detail = "{}",
				  .opened = f->now };
	struct store_txn *txn = fixture_begin(f);

	ok(f, intent_store_put(f->store, &row, 1, &f->err));
	ok(f, intent_store_close(f->store, row.id, &f->err));
	ok(f, store_commit(&txn, &f->err));
	ok(f, claim_raise(c, row.id, &f->err));
}

/* Copied in the session that went on without the copy: the session's number is the same. */
static void test_copy_of_the_same_session(void **state)
{
	struct fixture *f = *state;
	struct claim *c = NULL;
	struct error why;

	ok(f, claim_open(base_of(f), "tallyman", "test", &c, &f->err));
	assert_int_equal(claim_enter(c, f->store, CLAIM_NORMAL, &f->err), 0);
	act(f, c);
	fixture_close(f);
	copy_file(f, "tallyman.db", "old");
	ok(f, fixture_open(f, STORE_WRITE));
	for (int i = 0; i < 12; i++)
		act(f, c);
	claim_close(c);
	assert_int_equal(look(f, f->dir, f->store, &why), 0);
	fixture_close(f);
	copy_file(f, "old", "tallyman.db");
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-wal")), 0);
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-shm")), 0);

	ok(f, fixture_open(f, STORE_WRITE));
	assert_int_equal(look(f, f->dir, f->store, &why), CLAIM_NEW_EPOCH);
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_NEW_EPOCH);
	assert_int_equal(node_of(f).accept, NODE_RESTORED);
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);

	/* In another directory it is a copy that stayed behind, and not the store that moved. */
	change_to(f, "other");
	fixture_close(f);
	copy_file(f, "old", "other/tallyman.db");
	assert_int_equal(unlink(fixture_path(f, "other/tallyman.db-wal")), 0);
	assert_int_equal(unlink(fixture_path(f, "other/tallyman.db-shm")), 0);
	change_to(f, "other");
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_FOREIGN);
}

/* A claim of before there was a number of steps is as it was. */
static void test_claim_without_steps(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	char *at;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	ok(f, fs_read(AT_FDCWD, fixture_path(f, "owners/tallyman"), &text, &f->err));
	at = strstr(text.data, ",\"step\":0");
	assert_non_null(at);
	memset(at, ' ', strlen(",\"step\":0"));
	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, "owners/tallyman"), text.data, text.n, 0600,
			      &f->err));
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	assert_int_equal(node_of(f).session, 2);
}

static void test_foreign(void **state)
{
	struct fixture *f = *state;
	struct claim *c;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	struct node_row first = node_of(f);
	change_to(f, "other");
	struct node_row second = node_of(f);
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_FOREIGN);
	assert_int_equal(node_of(f).session, 0);
	ok(f, claim_open(base_of(f), "tallyman", NULL, &c, &f->err));
	assert_int_equal(claim_refuse(c, f->store, &f->err), -ERR_LOCKED);
	claim_close(c);
	first.node_id[8] = second.node_id[8] = 0;
	assert_non_null(strstr(f->err.msg, first.node_id));
	assert_non_null(strstr(f->err.msg, second.node_id));
	assert_non_null(strstr(f->err.msg, "/other"));
	assert_non_null(strstr(f->err.hint, "--take-over"));

	assert_int_equal(enter(f, CLAIM_HOST_EMPTY), 0);
	assert_int_equal(node_of(f).accept, NODE_ACCEPTED);
	change_to(f, "");
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_FOREIGN);
}

static void test_take_over(void **state)
{
	struct fixture *f = *state;
	struct node_row first;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	first = node_of(f);
	change_to(f, "other");
	assert_int_equal(enter(f, CLAIM_TAKE_OVER), CLAIM_NEW_EPOCH);
	assert_string_equal(node_of(f).node_id,
			    first.node_id); /* what is on the host is ours now */
	assert_int_equal(node_of(f).accept, NODE_RESTORED);
	assert_int_equal(node_of(f).epoch, 2);
	change_to(f, ""); /* the loser has the same node id, and is behind */
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_FOREIGN);
}

static void test_take_over_keeps_own_instances(void **state)
{
	struct fixture *f = *state;
	struct instance i = fixture_instance(f, "shop", "web", 0, 1);
	struct node_row before;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	change_to(f, "other");
	before = node_of(f);
	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	ok(f, instance_store_save(f->store, &i, f->now, &f->err));
	ok(f, store_commit(&txn, &f->err));
	assert_int_equal(enter(f, CLAIM_TAKE_OVER), CLAIM_NEW_EPOCH);
	assert_string_equal(node_of(f).node_id, before.node_id);
}

static void test_rebuilt_store_gets_its_node_back(void **state)
{
	struct fixture *f = *state;
	struct node_row before;

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	before = node_of(f);
	fixture_close(f);
	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, "tallyman.db"), "rubbish rubbish!", 16,
			      0600, &f->err));
	ok(f, fixture_open(f, STORE_WRITE));
	assert_non_null(store_moved_to(f->store));
	assert_int_equal(node_of(f).accept, NODE_REBUILT);
	assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_NEW_EPOCH);
	assert_string_equal(node_of(f).node_id, before.node_id);
	assert_int_equal(node_of(f).session, 2);
	assert_int_equal(node_of(f).epoch, 2);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{}",
		"[1]",
		"{\"node_id\":\"x\",\"state_dir\":\"/\",\"epoch\":1,\"session\":1}",
		("{\"node_id\":\"00000000000000000000000000000000\",\"state_dir\":\"/"
		 "\",\"epoch\":0,"
		 "\"session\":1}"),
	};
	struct fixture *f = *state;
	struct claim *c;

	ok(f, fs_mkdirs(AT_FDCWD, base_of(f), 0700, &f->err));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, "owners/tallyman"), texts[i],
				      strlen(texts[i]), 0600, &f->err));
		assert_int_equal(enter(f, CLAIM_NORMAL), CLAIM_FOREIGN);
		ok(f, claim_open(base_of(f), "tallyman", NULL, &c, &f->err));
		assert_int_equal(claim_refuse(c, f->store, &f->err), -ERR_LOCKED);
		assert_non_null(strstr(f->err.msg, "cannot be read"));
		claim_close(c);
	}
	assert_int_equal(enter(f, CLAIM_TAKE_OVER), CLAIM_NEW_EPOCH);
	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
}

/* A look says what a session would be told, beside one that is under way, and makes nothing. */
static void test_look(void **state)
{
	struct fixture *f = *state;
	struct claim *c = NULL;
	struct error why;

	assert_int_equal(look(f, f->dir, f->store, &why), 0);
	assert_int_equal(look(f, f->dir, NULL, &why), 0);
	assert_int_equal(fs_exists(AT_FDCWD, base_of(f), NULL), 0);

	assert_int_equal(enter(f, CLAIM_NORMAL), 0);
	ok(f, claim_open(base_of(f), "tallyman", "acting", &c, &f->err));
	assert_int_equal(look(f, f->dir, f->store, &why), 0);
	claim_close(c);
	/* The store of the claim is gone. */
	assert_int_equal(look(f, f->dir, NULL, &why), CLAIM_FOREIGN);
	assert_non_null(strstr(why.msg, "is gone"));
	assert_non_null(strstr(why.hint, "--take-over"));
	assert_int_equal(look(f, "/elsewhere", NULL, &why), CLAIM_FOREIGN);
	assert_non_null(strstr(why.msg, "not to /elsewhere"));
	change_to(f, "other");
	assert_int_equal(look(f, store_dir(f->store), f->store, &why), CLAIM_FOREIGN);
	assert_non_null(strstr(why.msg, "this is node"));
	assert_int_equal(node_of(f).session, 0);
	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, "owners/tallyman"), "{", 1, 0600, &f->err));
	assert_int_equal(look(f, f->dir, f->store, &why), CLAIM_FOREIGN);
	assert_non_null(strstr(why.msg, "cannot be read"));
}

static void test_one_actor(void **state)
{
	struct fixture *f = *state;
	struct claim *c = NULL;
	struct claim *d = NULL;

	ok(f, claim_open(base_of(f), "tallyman", "first", &c, &f->err));
	assert_int_equal(claim_open(base_of(f), "tallyman", "second", &d, &f->err), -ERR_LOCKED);
	assert_non_null(strstr(f->err.msg, "(first)"));
	ok(f, claim_open(base_of(f), "tally", "another owner", &d, &f->err));
	claim_close(d);
	claim_close(c);
	ok(f, claim_open(base_of(f), "tallyman", "second", &c, &f->err));
	claim_close(c);
}

static void test_no_session_without_a_claim(void **state)
{
	struct fixture *f = *state;
	struct claim *c;

	ok(f, claim_open(base_of(f), "tallyman", NULL, &c, &f->err));
	/* A directory in its place: it can be neither read nor replaced. */
	assert_int_equal(mkdir(fixture_path(f, "owners/tallyman"), 0700), 0);
	assert_true(claim_enter(c, f->store, CLAIM_NORMAL, &f->err) < 0);
	claim_close(c);
	assert_true(claim_open(base_of(f), "tallyman", NULL, &c, &f->err) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sessions_count),
		TEST(test_store_ahead_is_ours),
		TEST(test_backup_put_back),
		TEST(test_copy_of_the_same_session),
		TEST(test_claim_without_steps),
		TEST(test_foreign),
		TEST(test_take_over),
		TEST(test_take_over_keeps_own_instances),
		TEST(test_rebuilt_store_gets_its_node_back),
		TEST(test_damaged),
		TEST(test_look),
		TEST(test_one_actor),
		TEST(test_no_session_without_a_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
