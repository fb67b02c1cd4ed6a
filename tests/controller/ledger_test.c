/* SPDX-License-Identifier: Apache-2.0 */
/* What a turn writes about a change in place: of which limits nobody knows the row says so. */
#include "controller/ledger.h"

#include "base/json.h"
#include "specs/hash.h"
#include "specs/parse.h"
#include "store/instance_store.h"
#include "tests/store/fixture.h"

#define ID "shop.web-rep-0.1"

struct scene {
	struct fixture *f;
	struct runtime rt;
	char small[HASH_SIZE], large[HASH_SIZE]; /* of two limits */
};

static void hash_of(struct fixture *f, const char *memory, char ret[HASH_SIZE])
{
	const char *text = arena_printf(
		f->arena, "{\"image\":{\"name\":\"app\"},\"resources\":{\"memory\":\"%s\"}}",
		memory);
	struct json_object *json CLEAN(json) = NULL;
	struct service *s = NULL;

	ok(f, json_parse(text, strlen(text), &json, &f->err));
	ok(f, parse_service_json("web", json, f->arena, &s, &f->err));
	hash_service(s, NULL, ret);
}

/* One that runs, with the small limit. */
static void set_scene(struct scene *s, struct fixture *f)
{
	struct instance row = fixture_instance(f, "shop", "web", 0, 1);
	struct store_txn *txn;

	*s = (struct scene){ .f = f, .rt = { .name = "youki" } };
	hash_of(f, "64Mi", s->small);
	hash_of(f, "128Mi", s->large);
	ok(f, fixture_open(f, STORE_WRITE));
	txn = fixture_begin(f);
	fixture_put(f, "shop", "services: {}");
	row.config_hash = s->small;
	ok(f, instance_store_save(f->store, &row, f->now, &f->err));
	ok(f, store_commit(&txn, &f->err));
}

/* A change to the limits of @hash is announced, and ends with @result. */
static void change(struct scene *s, const char *hash, int result)
{
	struct fixture *f = s->f;
	const struct instance_spec spec = { .id = ID, .deployment = "shop", .config_hash = hash };
	const struct step step = { .kind = STEP_UPDATE,
				   .runtime = "youki",
				   .deployment = "shop",
				   .service = "web",
				   .instance_id = ID,
				   .spec = &spec };
	const struct ledger l = {
		.store = f->store, .session = 1, .now = f->now, .arena = f->arena
	};
	struct work_step *w = work_step_new(&s->rt, &step, (struct mono){ 0 });
	struct store_txn *txn = fixture_begin(f);

	ok(f, ledger_intents(&l, &w, 1, &f->err));
	ok(f, store_commit(&txn, &f->err));
	w->result = result;
	txn = fixture_begin(f);
	ok(f, ledger_result(&l, w, &f->err));
	ok(f, store_commit(&txn, &f->err));
	w->job.drop(&w->job);
}

static const char *row_hash(struct scene *s)
{
	struct instance row;

	assert_int_equal(
		ok(s->f, instance_store_find(s->f->store, ID, s->f->arena, &row, &s->f->err)), 0);
	return row.config_hash;
}

static bool differs(const char *a, const char *b)
{
	return hash_compare(a, b).changed != 0;
}

static void test_refused(void **state)
{
	struct scene s;

	set_scene(&s, *state);
	change(&s, s.large, -ERR_UNSUPPORTED);
	assert_string_equal(row_hash(&s), s.small);
	change(&s, s.large, 0);
	assert_string_equal(row_hash(&s), s.large);
}

/* That the second one was refused says nothing of the first, whose answer was lost. */
static void test_refused_after_lost(void **state)
{
	struct scene s;

	set_scene(&s, *state);
	change(&s, s.large, -ERR_TIMEOUT);
	assert_true(differs(row_hash(&s), s.small));
	change(&s, s.small, -ERR_UNSUPPORTED);
	assert_true(differs(row_hash(&s), s.small));
	assert_true(differs(row_hash(&s), s.large));
	change(&s, s.small, 0);
	assert_string_equal(row_hash(&s), s.small);
}

/* It ended meanwhile: no limit holds any more, and nothing is in doubt. */
static void test_ended_in_doubt(void **state)
{
	struct scene s;
	const struct inbox_exit e = { .id = ID, .has_code = true };
	struct store_txn *txn;

	set_scene(&s, *state);
	const struct ledger l = {
		.store = s.f->store, .session = 1, .now = s.f->now, .arena = s.f->arena
	};
	change(&s, s.large, -ERR_TIMEOUT);
	txn = fixture_begin(s.f);
	ok(s.f, ledger_exit(&l, &e, &s.f->err));
	ok(s.f, store_commit(&txn, &s.f->err));
	assert_string_equal(row_hash(&s), s.small);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_refused),
		T(test_refused_after_lost),
		T(test_ended_in_doubt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
