/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated service fails each call in turn: the first, the second … until none is left;
 * without effect, with effect, hanging, and hanging in the operation that was begun. A small driver
 * does what the real one does (look, then act), and every run must end with the instance running,
 * then with nothing left of it; on the host's kernel and in a utility VM of its own. The number of
 * points is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "specs/runtime_id.h"
#include "tests/support/hcs_node.h"

enum {
	MAX_POINTS = 1000,
	MAX_ROUNDS = 400,
	PAUSE_MS = 5,
	HANG_MS = 60,     /* how long a hang lasts before it is let go */
	DEADLINE_MS = 30, /* of a call whose operation hangs */
	PATIENCE_S = 60,  /* of all others */
};

static const struct {
	const char *name, *rule;
	int64_t deadline_us;
} kinds[] = {
	{ "error", "\"do\":\"error\"", PATIENCE_S *CLOCK_SEC },
	{ "late success", "\"do\":\"late\"", PATIENCE_S *CLOCK_SEC },
	{ "hang", "\"do\":\"hang\"", PATIENCE_S *CLOCK_SEC },
	{ "hanging operation", "\"do\":\"hang\",\"at\":\"operation\"", DEADLINE_MS *CLOCK_MS },
};

struct run {
	struct hcs_node *node;
	struct service service;
	uint64_t generation; /* of the last instance that was made */
	int64_t deadline_us;
	struct arena *a; /* of a round */
	atomic_bool done;
};

/* --- the service's weather ----------------------------------------------------------- */

static const char *fault_text(struct run *r, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	if (fs_read(AT_FDCWD, arena_printf(a, "%s/faults.json", r->node->host->host), &text, NULL) <
	    0)
		return "";
	return arena_strndup(a, text.data, text.n);
}

static bool was_hit(struct run *r)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *hits = strstr(fault_text(r, a), "\"hits\"");

	hits = hits ? strpbrk(hits, "0123456789") : NULL;
	return hits && *hits != '0';
}

static bool has_rule(struct run *r)
{
	struct arena *a CLEAN(arena) = arena_new();

	return strstr(fault_text(r, a), "\"nth\"") != NULL;
}

static void write_rules(struct run *r, const char *rules)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *text = arena_printf(a, "{\"rules\":[%s]}", rules);

	assert_int_equal(fs_write_atomic(AT_FDCWD,
					 arena_printf(a, "%s/faults.json", r->node->host->host),
					 text, strlen(text), 0600, NULL),
			 0);
}

/* Lets go what hangs: a while after it began to. The keeper writes its counts into the same file
 * and may win, so this goes on until it has seen the rule gone. */
static void *let_go(void *arg)
{
	struct run *r = arg;

	while (!atomic_load(&r->done)) {
		if (was_hit(r)) {
			clock_sleep(HANG_MS * CLOCK_MS);
			write_rules(r, "");
		}
		clock_sleep(PAUSE_MS * CLOCK_MS);
	}
	return NULL;
}

/* --- the driver ---------------------------------------------------------------------- */

static struct mono soon(const struct run *r)
{
	return mono_add(clock_mono(), r->deadline_us);
}

static void create(struct run *r)
{
	const struct hcs_node *n = r->node;
	struct instance_spec spec = {
		.id = runtime_id_format(r->a, "test", "web", 0, ++r->generation),
		.deployment = "test",
		.service_name = "web",
		.generation = r->generation,
		.owner = n->layout.owner,
		.node_id = "node-1",
		.config_hash = "h1:x",
		.image = n->image,
		.digest = n->digest,
		.address = "10.71.9.2",
		.slice = "10.71.9.0/29",
		.service = &r->service,
	};
	struct instance made;

	(void)runtime_create(n->rt, &spec, soon(r), r->a, &made, NULL); /* the next look tells */
}

static void end(struct run *r, const char *id)
{
	if (runtime_signal(r->node->rt, id, SIGKILL, NULL) >= 0)
		(void)runtime_remove(r->node->rt, id, soon(r), NULL);
}

/* One look and what follows from it; true when the world is as wanted. */
static bool step(struct run *r, bool is_wanted)
{
	struct observed seen = { 0 };
	bool is_right = !is_wanted;

	if (runtime_list(r->node->rt, r->a, &seen, NULL) < 0 || seen.partial)
		return false;
	if (seen.n == 0 && is_wanted)
		create(r);
	for (size_t i = 0; i < seen.n; i++) {
		const struct instance *is = &seen.instances[i];
		bool is_last = is_wanted && i + 1 == seen.n;

		is_right = is_last && seen.n == 1 && is->state == INSTANCE_RUNNING;
		if (is->state == INSTANCE_UNKNOWN || is_right)
			continue;
		if (is_last && is->state == INSTANCE_CREATED)
			(void)runtime_start(r->node->rt, is->id, soon(r), NULL);
		else
			end(r, is->id);
	}
	return is_right;
}

static void converge(struct run *r, bool is_wanted, const char *what)
{
	for (int i = 0; i < MAX_ROUNDS; i++) {
		bool is_right = step(r, is_wanted);

		arena_reset(r->a);
		if (is_right)
			return;
		clock_sleep(PAUSE_MS * CLOCK_MS);
	}
	fail_msg("%s: not %s after %d rounds", what, is_wanted ? "running" : "gone", MAX_ROUNDS);
}

static void run_scenario(struct run *r, const char *what)
{
	pthread_t thread;

	atomic_store(&r->done, false);
	assert_int_equal(pthread_create(&thread, NULL, let_go, r), 0);
	converge(r, true, what);
	converge(r, false, what);
	atomic_store(&r->done, true);
	pthread_join(thread, NULL);
}

/* --- the loop ------------------------------------------------------------------------ */

/* FAULT_STRIDE: only every so many points. FAULT_TRACE=1 names each that is tried. */
static unsigned stride(void)
{
	const char *text = getenv("FAULT_STRIDE");

	return text && *text > '0' && *text <= '9' ? (unsigned)(*text - '0') : 1;
}

static unsigned run_kind(struct run *r, size_t kind)
{
	char what[128], rule[256];
	unsigned n = 1, points = 0;
	bool hit = true;

	for (; hit && n < MAX_POINTS; n += stride()) {
		snprintf(what, sizeof(what), "%s at call %u", kinds[kind].name, n);
		snprintf(rule, sizeof(rule), "{\"call\":\"*\",\"nth\":%u,%s}", n, kinds[kind].rule);
		if (getenv("FAULT_TRACE"))
			fprintf(stderr, "%s\n", what);
		write_rules(r, rule);
		run_scenario(r, what);
		hit = was_hit(r) || !has_rule(r); /* a hang that was let go has none any more */
		points += hit;
		write_rules(r, "");
		hcs_node_assert_empty(r->node);
	}
	assert_true(n < MAX_POINTS);
	return points;
}

static void run_all(enum isolation isolation, const char *name)
{
	static const char *words[] = { "/bin/sh", "-c", "sleep 1000" };
	const struct runtime_sink nobody = { NULL, NULL, NULL };
	struct run r = { .node = hcs_node_new(&nobody), .a = arena_new() };
	unsigned total = 0;

	(void)hcs_world_tool(r.node->host, "switch", "hyperv=installed", NULL);
	r.service.command.args = (struct strings){ words, 3 };
	r.service.isolation = isolation;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned points;

		r.deadline_us = kinds[i].deadline_us;
		points = run_kind(&r, i);
		assert_true(points * stride() > 50);
		printf("FAULT POINTS %s, %s: %u\n", name, kinds[i].name, points);
		total += points;
	}
	printf("FAULT POINTS %s, in all: %u\n", name, total);
	hcs_node_free(r.node);
	arena_free(r.a);
}

static void test_each_call_in_turn(void **state)
{
	(void)state;
	run_all(ISOLATION_PROCESS, "process");
}

static void test_each_call_in_turn_with_a_machine(void **state)
{
	(void)state;
	run_all(ISOLATION_HYPERV, "hyperv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_call_in_turn),
		cmocka_unit_test(test_each_call_in_turn_with_a_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
