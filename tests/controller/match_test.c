/* SPDX-License-Identifier: Apache-2.0 */
/* Three sorted lists become one: who is matched with whom, and the next generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "controller/match.h"
#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

static const char services[] = "db: {image: {name: db:1}}\n"
			       "web: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}";
static const char services_before[] = "old: {image: {name: app:1}}";

/* Lists as words: ids of instances, names of records. */
struct lists {
	struct instance instances[16];
	struct slot records[16];
	struct observed observed;
	struct match_input in;
	struct matches out;
};

static const char *next_word(const char **text, struct arena *a)
{
	const char *word = *text + strspn(*text, " ");
	size_t n = strcspn(word, " ");
	*text = word + n;
	return n ? arena_strndup(a, word, n) : NULL;
}

static void match(struct lists *l, const struct desired *d, const char *ids, const char *records,
		  struct arena *a)
{
	const char *word;
	*l = (struct lists){ 0 };
	while ((word = next_word(&ids, a))) {
		struct runtime_id *id = arena_alloc(a, sizeof(*id));
		assert_true(runtime_id_parse(word, id));
		l->instances[l->observed.n++] = (struct instance){
			.id = word,
			.deployment = id->deployment,
			.service = id->service,
			.slot = id->slot,
			.generation = id->generation,
			.runtime = "youki",
		};
	}
	while ((word = next_word(&records, a))) {
		const char *dash = strstr(word, "-rep-");
		uint64_t number;
		assert_true(number_u64(dash + strlen("-rep-"), UINT32_MAX, &number));
		l->records[l->in.n_slots++] = (struct slot){
			.service = arena_strndup(a, word, (size_t)(dash - word)),
			.number = (uint32_t)number,
		};
	}
	l->observed.instances = l->instances;
	l->in.desired = d;
	l->in.observed = &l->observed;
	l->in.slots = l->records;
	match_compute(&l->in, a, &l->out);
}

/* "web-rep-0 wanted known recorded 1 3": what a slot was matched with, and its generations. */
static const char *text_of(const struct match *m, struct arena *a)
{
	const char *text = runtime_id_slot_name(a, m->service, m->number);
	text = arena_printf(a, "%s%s%s%s", text, m->want ? " wanted" : "", m->known ? " known" : "",
			    m->record ? " recorded" : "");
	for (size_t i = 0; i < m->n; i++)
		text = arena_printf(a, "%s %llu", text,
				    (unsigned long long)m->instances[i]->generation);
	return text;
}

static const struct {
	const char *instances, *records;
	const char *expected; /* a line for each match */
} cases[] = {
	{ "", "", "db-rep-0 wanted known\nweb-rep-0 wanted known\nweb-rep-1 wanted known\n" },
	{ "shop.db-rep-0.1 shop.web-rep-0.1 shop.web-rep-1.1", "db-rep-0 web-rep-0 web-rep-1",
	  "db-rep-0 wanted known recorded 1\nweb-rep-0 wanted known recorded 1\n"
	  "web-rep-1 wanted known recorded 1\n" },
	/* Several generations, one not wanted by number, one by service, one by nobody. */
	{ "shop.alien-rep-0.9 shop.old-rep-0.4 shop.web-rep-0.1 shop.web-rep-0.3 shop.web-rep-2.1",
	  "",
	  "alien-rep-0 9\ndb-rep-0 wanted known\nold-rep-0 known 4\nweb-rep-0 wanted known 1 3\n"
	  "web-rep-1 wanted known\nweb-rep-2 known 1\n" },
	/* A record alone makes no slot; the next ones are found behind it. */
	{ "", "alien-rep-3 db-rep-0 db-rep-7 web-rep-1 zoo-rep-0",
	  "db-rep-0 wanted known recorded\nweb-rep-0 wanted known\n"
	  "web-rep-1 wanted known recorded\n" },
	/* Other deployments are skipped on both sides, also where names are alike. */
	{ "aaa.web-rep-0.1 shop.web-rep-1.2 shop2.web-rep-0.3 zzz.db-rep-0.1", "",
	  "db-rep-0 wanted known\nweb-rep-0 wanted known\nweb-rep-1 wanted known 2\n" },
	/* Numbers are numbers: 2 comes before 10. */
	{ "shop.web-rep-2.1 shop.web-rep-10.1", "web-rep-10",
	  "db-rep-0 wanted known\nweb-rep-0 wanted known\nweb-rep-1 wanted known\n"
	  "web-rep-2 known 1\nweb-rep-10 known recorded 1\n" },
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_wish w = { .current = core_wish_services(services, a),
				       .previous = core_wish_services(services_before, a) };
		struct desired d = core_wish_expand(&w, a);
		struct lists l;
		const char *text = "";

		match(&l, &d, cases[i].instances, cases[i].records, a);
		for (size_t k = 0; k < l.out.n; k++)
			text = arena_printf(a, "%s%s\n", text, text_of(&l.out.items[k], a));
		assert_string_equal(text, cases[i].expected);
		assert_true(l.out.n_compared <= 4 * (d.n + l.observed.n + l.in.n_slots));
	}
}

static void test_nothing(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct desired d = { .deployment = "shop" };
	struct match_input in = { .desired = &d };
	struct matches m;

	match_compute(&in, a, &m);
	assert_int_equal(m.n, 0);
	assert_int_equal(m.n_compared, 0);
}

static void test_remove_cause(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .current = core_wish_services(services, a),
			       .previous = core_wish_services(services_before, a) };
	struct desired d = core_wish_expand(&w, a);
	struct core_wish none = { .previous = w.current };
	struct desired down = core_wish_expand(&none, a);
	struct lists l;

	match(&l, &d, "shop.alien-rep-0.1 shop.old-rep-0.1 shop.web-rep-2.1", "", a);
	assert_string_equal(match_remove_cause(&l.out.items[0], &d, a), "not in the file");
	assert_string_equal(match_remove_cause(&l.out.items[2], &d, a), "not in the file");
	assert_string_equal(match_remove_cause(&l.out.items[5], &d, a), "scaled to 2");
	match(&l, &down, "shop.alien-rep-0.1 shop.web-rep-2.1", "", a);
	assert_string_equal(match_remove_cause(&l.out.items[0], &down, a), "down");
	assert_string_equal(match_remove_cause(&l.out.items[1], &down, a), "down");
}

/* max(record, seen) + 1: whoever knows of the higher one is right. */
static void test_generation(void **state)
{
	(void)state;
	static const struct {
		bool has_record;
		uint64_t record, seen[2];
		uint64_t next;
	} gen[] = {
		{ false, 0, { 0, 0 }, 1 },
		{ true, 0, { 0, 0 }, 1 },
		{ true, 7, { 0, 0 }, 8 },
		{ true, 7, { 3, 5 }, 8 },
		{ true, 7, { 9, 2 }, 10 },
		{ false, 0, { 2, 9 }, 10 },
		{ true, 1ULL << 40, { 1, 2 }, (1ULL << 40) + 1 },
	};
	for (size_t i = 0; i < ARRAY_N(gen); i++) {
		const struct slot record = { .generation = gen[i].record };
		const struct instance one = { .generation = gen[i].seen[0] };
		const struct instance two = { .generation = gen[i].seen[1] };
		const struct instance *const both[] = { &one, &two };
		size_t n = gen[i].seen[0] ? 2 : 0;
		assert_int_equal(match_generation(gen[i].has_record ? &record : NULL, both, n),
				 gen[i].next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_remove_cause),
		cmocka_unit_test(test_generation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
