/* SPDX-License-Identifier: Apache-2.0 */
/* Each aggregate: what is saved is what is loaded, and the rules of its header. */
#include "tests/store/fixture.h"

#include "base/limits.h"
#include "store/image_store.h"

static int setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	ok(f, fixture_open(f, STORE_WRITE));
	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	ok(f, store_commit(&txn, &f->err));
	return 0;
}

static void test_revisions(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct revision_row rev = fixture_revision("two", f->now);
	struct revision_row got;
	struct revision_rows history;
	int64_t n = 0;

	assert_int_equal(deployment_store_put(f->store, "shop", &rev, true, &n, &f->err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(deployment_store_put(f->store, "shop", &rev, true, &n, &f->err),
			 DEPLOYMENT_UNCHANGED);
	assert_int_equal(n, 2);
	rev.env = "{\"A\":\"1\"}";
	assert_int_equal(deployment_store_put(f->store, "shop", &rev, true, &n, &f->err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(deployment_store_put(f->store, "Shop", &rev, true, &n, &f->err),
			 -ERR_EXISTS);
	assert_non_null(strstr(f->err.msg, "only in case from shop"));

	ok(f, deployment_store_revision(f->store, "shop", 0, f->arena, &got, &f->err));
	assert_int_equal(got.number, 3);
	assert_string_equal(got.env, rev.env);
	ok(f, deployment_store_revision(f->store, "shop", 1, f->arena, &got, &f->err));
	assert_string_equal(got.bytes, "one");
	assert_int_equal(got.n_bytes, 3);
	assert_string_equal(got.digest,
			    "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
	assert_int_equal(deployment_store_revision(f->store, "shop", 9, f->arena, &got, &f->err),
			 DEPLOYMENT_ABSENT);
	ok(f, deployment_store_history(f->store, "shop", f->arena, &history, &f->err));
	assert_int_equal(history.n, 3);
	assert_int_equal(history.items[0].number, 3);
	assert_null(history.items[0].bytes);
	ok(f, store_commit(&txn, &f->err));
}

static void test_revisions_are_pruned(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct revision_rows history;
	struct revision_row got;

	for (int i = 0; i < DEPLOYMENT_REVISIONS_KEPT + 5; i++)
		fixture_put(f, "shop", arena_printf(f->arena, "v%d", i));
	ok(f, deployment_store_history(f->store, "shop", f->arena, &history, &f->err));
	assert_int_equal(history.n, DEPLOYMENT_REVISIONS_KEPT);
	ok(f, deployment_store_revision(f->store, "shop", 0, f->arena, &got, &f->err));
	assert_int_equal(got.number, DEPLOYMENT_REVISIONS_KEPT + 6);
	ok(f, store_commit(&txn, &f->err));
}

static void test_wish(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct deployment_rows rows;
	struct deployment_row row;

	ok(f, deployment_store_ensure(f->store, "found", f->now, &f->err));
	ok(f, deployment_store_wish(f->store, "SHOP", DEPLOYMENT_NOTHING, true, f->now, &f->err));
	ok(f, deployment_store_settings(f->store, "shop", "{\"a\":1}", &f->err));
	assert_int_equal(
		deployment_store_wish(f->store, "none", DEPLOYMENT_NOTHING, true, f->now, &f->err),
		-ERR_NOT_FOUND);
	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.items[0].name, "found");
	assert_int_equal(rows.items[0].revision, 0);
	assert_string_equal(rows.items[1].name, "shop");
	assert_int_equal(rows.items[1].wish, DEPLOYMENT_NOTHING);
	assert_true(rows.items[1].wish_by_person);
	assert_string_equal(rows.items[1].settings, "{\"a\":1}");
	fixture_put(f, "shop", "one"); /* the same again: wanted again */
	ok(f, deployment_store_find(f->store, "shop", f->arena, &row, &f->err));
	assert_int_equal(row.wish, DEPLOYMENT_PRESENT);
	assert_int_equal(row.revision, 1);
	ok(f, store_commit(&txn, &f->err));
}

static void test_slots(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct slot slot = {
		.deployment = "shop",
		.service = "web",
		.number = 1,
		.generation = 7,
		.held = true,
		.restarts = 3,
		.fails = 2,
		.retry_at = { 10 },
		.retry_wall = { 20 },
		.retry_length_us = 30,
		.boot_id = "b00t",
		.done_hash = "h1:x",
		.has_exit_code = true,
		.exit_code = (int)0xc0000135, /* as Windows says it */
		.fault = ERR_NOT_FOUND,
		.reason = "no such image",
		.hint = "import it",
		.restart_upto = 6,
		.healed = 5,
		.fights = 4,
		.fight_since = { 40 },
	};
	struct slot plain = { .deployment = "shop", .service = "web", .number = 0 };
	struct slot_rows rows;

	ok(f, slot_store_save(f->store, &slot, &f->err));
	ok(f, slot_store_save(f->store, &plain, &f->err));
	slot.generation = 2; /* an older look */
	ok(f, slot_store_save(f->store, &slot, &f->err));
	ok(f, slot_store_list(f->store, "shop", f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_int_equal(rows.items[0].number, 0);
	assert_false(rows.items[0].has_exit_code);
	assert_null(rows.items[0].boot_id);
	assert_null(rows.items[0].done_hash);
	assert_int_equal(rows.items[0].fault, ERR_OK);
	slot.generation = 7;
	assert_int_equal(rows.items[1].generation, 7);
	assert_int_equal(rows.items[1].restarts, 3);
	assert_int_equal(rows.items[1].fails, 2);
	assert_true(rows.items[1].held);
	assert_int_equal(rows.items[1].retry_at.us, 10);
	assert_int_equal(rows.items[1].retry_wall.us, 20);
	assert_int_equal(rows.items[1].retry_length_us, 30);
	assert_string_equal(rows.items[1].boot_id, "b00t");
	assert_string_equal(rows.items[1].done_hash, "h1:x");
	assert_true(rows.items[1].has_exit_code);
	assert_int_equal(rows.items[1].exit_code, (int)0xc0000135);
	assert_int_equal(rows.items[1].fault, ERR_NOT_FOUND);
	assert_string_equal(rows.items[1].reason, "no such image");
	assert_string_equal(rows.items[1].hint, "import it");
	assert_int_equal(rows.items[1].restart_upto, 6);
	assert_int_equal(rows.items[1].healed, 5);
	assert_int_equal(rows.items[1].fights, 4);
	assert_int_equal(rows.items[1].fight_since.us, 40);
	slot.deployment = "none";
	assert_int_equal(slot_store_save(f->store, &slot, &f->err), -ERR_NOT_FOUND);
	ok(f, slot_store_list(f->store, NULL, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	ok(f, store_commit(&txn, &f->err));
}

static void test_generations(void **state)
{
	static const struct {
		uint64_t seen, want;
	} rows[] = { { 0, 1 }, { 0, 2 }, { 9, 10 }, { 3, 11 }, { 11, 12 } };
	struct fixture *f = *state;
	struct slot slot = { .deployment = "shop", .service = "web", .number = 4 };
	struct store_txn *txn = fixture_begin(f);
	struct instance i = fixture_instance(f, "shop", "web", 4, 40);
	uint64_t got = 0;

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		ok(f, slot_store_next_generation(f->store, &slot, rows[n].seen, &got, &f->err));
		assert_int_equal(got, rows[n].want);
	}
	ok(f, instance_store_save(f->store, &i, f->now, &f->err));
	ok(f, instance_store_delete(f->store, i.id, &f->err));
	ok(f, slot_store_next_generation(f->store, &slot, 0, &got, &f->err));
	assert_int_equal(got, 41);
	ok(f, store_commit(&txn, &f->err));
}

static void test_instances(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct instance a = fixture_instance(f, "shop", "web", 10, 2);
	struct instance b = fixture_instance(f, "shop", "web", 9, 1);
	struct instance got;
	struct instance_rows rows;

	ok(f, instance_store_save(f->store, &a, f->now, &f->err));
	ok(f, instance_store_save(f->store, &b, f->now, &f->err));
	f->now.us += 5;
	a.image = "busybox:2";
	a.program = "crun";
	a.program_path = "/usr/bin/crun";
	a.program_version = "1.8";
	ok(f, instance_store_save(f->store, &a, f->now, &f->err));
	b.state = INSTANCE_EXITED;
	b.pid = 0;
	b.has_exit_code = true;
	b.exit_code = (int)0xc0000005; /* as Windows says it */
	b.finished = f->now;
	ok(f, instance_store_save(f->store, &b, f->now, &f->err));
	ok(f, instance_store_list(f->store, "shop", f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.items[0].id, "shop.web-rep-9.1");
	assert_int_equal(rows.since[0].us, f->now.us);
	assert_int_equal(rows.items[0].state, INSTANCE_EXITED);
	assert_true(rows.items[0].has_exit_code);
	assert_int_equal(rows.items[0].exit_code, (int)0xc0000005);
	assert_int_equal(rows.items[0].finished.us, f->now.us);
	assert_int_equal(rows.since[1].us, f->now.us - 5); /* its state has not changed */
	assert_string_equal(rows.items[1].image, "busybox:2");
	assert_string_equal(rows.items[1].program_path, "/usr/bin/crun");
	assert_int_equal(rows.items[1].pid, 4711);
	assert_false(rows.items[1].has_exit_code);

	a.runtime = "hcs";
	assert_int_equal(instance_store_save(f->store, &a, f->now, &f->err), -ERR_CONFLICT);
	ok(f, instance_store_find(f->store, a.id, f->arena, &got, &f->err));
	assert_string_equal(got.runtime, "youki");
	a.deployment = "none";
	assert_int_equal(instance_store_save(f->store, &a, f->now, &f->err), -ERR_NOT_FOUND);
	ok(f, instance_store_delete(f->store, b.id, &f->err));
	ok(f, instance_store_delete(f->store, b.id, &f->err));
	assert_int_equal(instance_store_find(f->store, b.id, f->arena, &got, &f->err),
			 INSTANCE_ABSENT);
	ok(f, store_commit(&txn, &f->err));
}

static void test_intents(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct intent_row wave[3] = { 0 };
	struct intent_rows rows;

	for (int i = 0; i < 3; i++) {
		wave[i] = (struct intent_row){ .runtime_id = i ? "shop.web-rep-0.1" : NULL,
					       .runtime = "youki",
					       .deployment = "shop",
					       .service = "web",
					       .step = i ? STEP_CREATE : STEP_STAGE,
					       .detail = "{}",
					       .opened = f->now };
	}
	ok(f, intent_store_put(f->store, wave, 3, &f->err));
	assert_true(wave[0].id < wave[1].id && wave[1].id < wave[2].id);
	ok(f, intent_store_close(f->store, wave[1].id, &f->err));
	ok(f, intent_store_close(f->store, wave[1].id, &f->err));
	ok(f, intent_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_int_equal(rows.items[0].step, STEP_STAGE);
	assert_null(rows.items[0].runtime_id);
	assert_int_equal(rows.items[1].step, STEP_CREATE);
	assert_int_equal(rows.items[1].id, wave[2].id);
	assert_string_equal(rows.items[1].detail, "{}");
	ok(f, store_commit(&txn, &f->err));
}

static struct event_row event(const char *service, const char *message, struct wall at)
{
	return (struct event_row){ .last = at,
				   .level = EVENT_WARNING,
				   .kind = "exited",
				   .deployment = "shop",
				   .service = service,
				   .slot = 0,
				   .message = message };
}

static void test_events_are_counted(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct event_row a = event("web", "exit 1", f->now);
	struct event_row b = event("db", "exit 1", f->now);
	struct event_filter filter = { .deployment = "Shop" };
	struct event_rows rows;

	ok(f, event_store_append(f->store, &a, &f->err));
	ok(f, event_store_append(f->store, &b, &f->err));
	a.last.us += EVENT_REPEAT_US;
	ok(f, event_store_append(f->store, &a, &f->err));
	a.last.us += EVENT_REPEAT_US + 1; /* too late to be the same story */
	a.by_person = true;
	ok(f, event_store_append(f->store, &a, &f->err));
	ok(f, event_store_list(f->store, &filter, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 3);
	assert_string_equal(rows.items[0].service, "db"); /* by the last time of each */
	assert_int_equal(rows.items[1].count, 2);
	assert_int_equal(rows.items[1].first.us, f->now.us);
	assert_int_equal(rows.items[1].last.us, f->now.us + EVENT_REPEAT_US);
	assert_int_equal(rows.items[1].level, EVENT_WARNING);
	assert_int_equal(rows.items[2].count, 1);
	assert_true(rows.items[2].by_person);
	filter.service = "web";
	filter.after = rows.items[1].seq;
	ok(f, event_store_list(f->store, &filter, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 1);
	assert_string_equal(rows.items[0].service, "web");
	ok(f, store_commit(&txn, &f->err));
}

/* A clock that was years ahead, and was set: what happens now is what a person is shown first. */
static void test_events_after_the_clock_was_set_back(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct wall ahead = { f->now.us + 315360000 * CLOCK_SEC };
	struct event_row items[] = { event("web", "before", f->now), event("web", "ahead", ahead),
				     event("db", "ahead", ahead), event("web", "now", f->now),
				     event("web", "now", f->now) };
	struct event_filter newest = { .limit = 2 };
	struct event_rows rows;

	items[4].last.us += CLOCK_SEC;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		ok(f, event_store_append(f->store, &items[i], &f->err));
	ok(f, event_store_list(f->store, &newest, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.items[0].service, "db");
	assert_string_equal(rows.items[1].message, "now");
	assert_int_equal(rows.items[1].count, 2);
	newest.limit = 0;
	ok(f, event_store_list(f->store, &newest, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 4);
	assert_string_equal(rows.items[0].message, "before");
	ok(f, store_commit(&txn, &f->err));
}

static void test_events_are_a_ring(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct event_filter all = { 0 };
	struct event_filter newest = { .limit = 2 };
	struct event_row node = { .last = f->now, .kind = "start", .slot = -1 };
	struct event_rows rows;

	for (int i = 0; i < LIMIT_EVENTS + 20; i++) {
		node.message = arena_printf(f->arena, "%d", i);
		ok(f, event_store_append(f->store, &node, &f->err));
	}
	ok(f, event_store_list(f->store, &all, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, LIMIT_EVENTS);
	assert_int_equal(rows.items[0].seq, 21);
	assert_null(rows.items[0].deployment);
	assert_int_equal(rows.items[0].slot, -1);
	ok(f, event_store_list(f->store, &newest, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_int_equal(rows.items[1].seq, LIMIT_EVENTS + 20);
	ok(f, store_commit(&txn, &f->err));
}

static void test_images(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct image_row row = { .reference = "docker.io/local/busybox:1",
				 .digest = "sha256:a",
				 .os = "linux",
				 .arch = "amd64",
				 .os_version = "",
				 .resolved = f->now };
	struct image_rows rows;
	struct image_row got;

	ok(f, image_store_save(f->store, &row, &f->err));
	row.reference = "docker.io/local/busybox:latest";
	row.resolved.us++;
	ok(f, image_store_save(f->store, &row, &f->err));
	ok(f, image_store_find_digest(f->store, "sha256:a", f->arena, &got, &f->err));
	assert_string_equal(got.reference, row.reference);
	row.digest = "sha256:b"; /* the name moves */
	row.os = "windows";
	row.os_version = "10.0.20348";
	ok(f, image_store_save(f->store, &row, &f->err));
	ok(f, image_store_find(f->store, row.reference, f->arena, &got, &f->err));
	assert_string_equal(got.digest, "sha256:b");
	assert_string_equal(got.os, "windows");
	assert_string_equal(got.os_version, "10.0.20348");
	ok(f, image_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	ok(f, image_store_delete(f->store, row.reference, &f->err));
	ok(f, image_store_delete(f->store, row.reference, &f->err));
	assert_int_equal(image_store_find(f->store, row.reference, f->arena, &got, &f->err),
			 IMAGE_ABSENT);
	assert_int_equal(image_store_find_digest(f->store, "sha256:b", f->arena, &got, &f->err),
			 IMAGE_ABSENT);
	ok(f, store_commit(&txn, &f->err));
}

static void test_node(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct node_row row;
	const char *boot = NULL;
	struct wall seen;

	ok(f, node_store_load(f->store, &row, &f->err));
	row.epoch = 5;
	row.session = 6;
	row.accept = NODE_RESTORED;
	ok(f, node_store_save(f->store, &row, &f->err));
	memset(&row, 0, sizeof(row));
	ok(f, node_store_load(f->store, &row, &f->err));
	assert_int_equal(row.epoch, 5);
	assert_int_equal(row.session, 6);
	assert_int_equal(row.accept, NODE_RESTORED);
	ok(f, node_store_accept(f->store, &f->err));
	ok(f, node_store_load(f->store, &row, &f->err));
	assert_int_equal(row.accept, NODE_ACCEPTED);

	assert_int_equal(node_store_boot(f->store, "youki", f->arena, &boot, &seen, &f->err),
			 NODE_BOOT_UNKNOWN);
	ok(f, node_store_save_boot(f->store, "youki", "one", f->now, &f->err));
	ok(f, node_store_save_boot(f->store, "youki", "two", f->now, &f->err));
	ok(f, node_store_boot(f->store, "youki", f->arena, &boot, &seen, &f->err));
	assert_string_equal(boot, "two");
	assert_int_equal(seen.us, f->now.us);
	ok(f, store_commit(&txn, &f->err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_revisions),
		TEST(test_revisions_are_pruned),
		TEST(test_wish),
		TEST(test_slots),
		TEST(test_generations),
		TEST(test_instances),
		TEST(test_intents),
		TEST(test_events_are_counted),
		TEST(test_events_are_a_ring),
		TEST(test_events_after_the_clock_was_set_back),
		TEST(test_node),
		TEST(test_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
