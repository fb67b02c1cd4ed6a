/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real driver over a model in which one call goes wrong: the first, the second, … until a whole
 * life of a deployment (up, changed, changed in place, down) no longer has that many. Whatever the
 * call and however it fails, each phase ends as wanted, nothing was there twice at any time, and at
 * the end nothing is left. The judge is the model's own journal, and what this file says is wanted.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "base/fs.h"
#include "base/json.h"
#include "specs/runtime_id.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "tests/support/node_world.h"

#define LIMIT_US (30 * CLOCK_SEC) /* only a run that never settles comes near */

/* db, two replicas of web that depend on it, and a job. Back-off of a millisecond, where the file
 * can say so. */
#define FILE_TEXT(value, memory)                                                                   \
	"version: v1\ndeployment: shop\nservices:\n"                                               \
	"  db:\n    image: {name: db:1}\n"                                                         \
	"    restart_policy: {kind: always, delay: 1ms}\n"                                         \
	"    resources: {memory: " memory "}\n"                                                    \
	"    scale: {mode: fixed, replicas: 1}\n"                                                  \
	"  web:\n    image: {name: web:1}\n"                                                       \
	"    restart_policy: {kind: always, delay: 1ms}\n"                                         \
	"    env: {VALUE: " value "}\n"                                                            \
	"    depends: [{service: db, condition: started}]\n"                                       \
	"    scale: {mode: fixed, replicas: 2}\n"                                                  \
	"  init:\n    image: {name: init:1}\n    rtype: job\n"                                     \
	"    restart_policy: {kind: \"no\", delay: 1ms}\n"                                         \
	"    scale: {mode: fixed, replicas: 1}\n"

enum { DB, WEB_0, WEB_1, INIT, N_SLOTS };

static const struct {
	const char *service;
	uint32_t number;
	enum instance_state state;
} wanted_slots[N_SLOTS] = {
	[DB] = { "db", 0, INSTANCE_RUNNING },
	[WEB_0] = { "web", 0, INSTANCE_RUNNING },
	[WEB_1] = { "web", 1, INSTANCE_RUNNING },
	[INIT] = { "init", 0, INSTANCE_EXITED },
};

/* One life, with one plan of faults. */
struct life {
	struct node_world *w;
	struct runtime *model, *fault; /* the node's; the first is what is really there */
	struct fault_rule rule;
	char ids[N_SLOTS][LIMIT_RUNTIME_ID]; /* as the last phase left them */
	char name[96];                       /* of the plan, for messages */
};

static const char *world_path(const struct life *l)
{
	return arena_printf(l->w->arena, "%s/world.json", l->w->dir);
}

static struct runtime *open_runtimes(struct node_world *w, const struct runtime_sink *sink)
{
	struct life *l = w->arg;
	const struct runtime_fault_options o = {
		.rules = &l->rule, .n_rules = 1, .seed = 1, .hang_us = 2 * CLOCK_MS
	};
	struct runtime_composite_options node = { .node = { .os = "linux", .arch = "amd64" } };

	l->w = w;
	node_world_ok(w, runtime_memory_open(world_path(l), sink, &l->model, &w->err));
	l->fault = node.primary = runtime_fault_new(l->model, &o);
	return runtime_composite_new(&node);
}

/* --- the judge ----------------------------------------------------------------------- */

static int slot_of(const struct life *l, const char *id)
{
	struct runtime_id parts;

	if (!runtime_id_parse(id, &parts))
		fail_msg("%s: %s is in the world", l->name, id);
	for (int i = 0; i < N_SLOTS; i++)
		if (strcmp(parts.service, wanted_slots[i].service) == 0 &&
		    parts.slot == wanted_slots[i].number)
			return i;
	fail_msg("%s: %s is nobody's", l->name, id);
	return 0;
}

/* Everything that is wanted, once, as it shall be, and nothing else. */
static void judge_world(struct life *l, const char *phase)
{
	struct observed seen = { 0 };
	bool has[N_SLOTS] = { false };

	node_world_ok(l->w, runtime_list(l->model, l->w->arena, &seen, &l->w->err));
	for (size_t i = 0; i < seen.n; i++) {
		const struct instance *in = &seen.instances[i];
		int slot = slot_of(l, in->id);

		if (has[slot] || in->state != wanted_slots[slot].state)
			fail_msg("%s: %s: %s is %s%s", l->name, phase, in->id,
				 instance_state_to_string(in->state), has[slot] ? ", again" : "");
		has[slot] = true;
		snprintf(l->ids[slot], sizeof(l->ids[slot]), "%s", in->id);
	}
	if (seen.n != N_SLOTS)
		fail_msg("%s: %s: %zu instances", l->name, phase, seen.n);
}

/* The store says the same as the world, and nothing is open in it. */
static void judge_store(struct life *l, const char *phase, size_t n)
{
	struct instance_rows rows = { 0 };
	struct intent_rows open = { 0 };
	struct store *s = l->w->session->store;

	node_world_ok(l->w, instance_store_list(s, NULL, l->w->arena, &rows, &l->w->err));
	node_world_ok(l->w, intent_store_list(s, l->w->arena, &open, &l->w->err));
	if (rows.n != n || open.n != 0)
		fail_msg("%s: %s: %zu rows, %zu open intents", l->name, phase, rows.n, open.n);
	for (size_t i = 0; i < rows.n; i++)
		if (strcmp(rows.items[i].id, l->ids[slot_of(l, rows.items[i].id)]) != 0)
			fail_msg("%s: %s: a row of %s", l->name, phase, rows.items[i].id);
}

/* What the world looked like after each change. */
struct history {
	const struct life *life;
	const char *living[N_SLOTS]; /* ids */
	const char **made;           /* every id that ever was */
	size_t n_made;
};

static void judge_line(struct history *h, struct json_object *line, struct arena *a)
{
	const char *id = "", *state = "gone";
	struct json_object *doc = NULL;
	int slot;

	(void)json_get_str(line, "id", &id, NULL);
	(void)json_get_obj(line, "doc", &doc, NULL);
	if (doc)
		(void)json_get_str(doc, "state", &state, NULL);
	slot = slot_of(h->life, id);
	if (strcmp(state, "created") == 0) {
		for (size_t i = 0; i < h->n_made; i++)
			if (strcmp(h->made[i], id) == 0)
				fail_msg("%s: %s was made twice", h->life->name, id);
		h->made = arena_grow(a, h->made, h->n_made, sizeof(*h->made));
		h->made[h->n_made++] = arena_strdup(a, id);
		if (h->living[slot])
			fail_msg("%s: %s was made beside %s", h->life->name, id, h->living[slot]);
		h->living[slot] = h->made[h->n_made - 1];
	} else if (strcmp(state, "running") != 0) {
		h->living[slot] = NULL;
	}
}

static void judge_history(struct life *l)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf text CLEAN(buf) = BUF_INIT(64 << 20);
	struct history h = { .life = l };
	char *line, *rest;

	node_world_ok(l->w, fs_read(AT_FDCWD, world_path(l), &text, &l->w->err));
	for (rest = text.data; (line = strsep(&rest, "\n")) && *line;) {
		struct json_object *o CLEAN(json) = NULL;

		node_world_ok(l->w, json_parse(line, strlen(line), &o, &l->w->err));
		judge_line(&h, o, a);
	}
	assert_true(h.n_made >= N_SLOTS);
}

/* --- a life -------------------------------------------------------------------------- */

/* What failed for good waits for somebody to ask again, and so we do. */
static void settle(struct life *l, const char *phase)
{
	enum driver_end end = node_world_run(l->w, LIMIT_US);

	for (int i = 0; end == DRIVER_STUCK && i < 3; i++) {
		node_world_again(l->w, "shop");
		end = node_world_run(l->w, LIMIT_US);
	}
	if (end != DRIVER_CONVERGED)
		fail_msg("%s: %s: ended %d: %s", l->name, phase, (int)end,
			 driver_partial(l->w->driver) ? driver_partial(l->w->driver)
						      : "the view is whole");
}

static void settle_as_wanted(struct life *l, const char *phase)
{
	settle(l, phase);
	judge_world(l, phase);
	judge_store(l, phase, N_SLOTS);
}

static void assert_kept(struct life *l, const char *phase, char before[][LIMIT_RUNTIME_ID],
			unsigned replaced)
{
	for (int i = 0; i < N_SLOTS; i++) {
		bool is_new = strcmp(before[i], l->ids[i]) != 0;

		if (is_new != ((replaced >> i & 1) != 0))
			fail_msg("%s: %s: %s became %s", l->name, phase, before[i], l->ids[i]);
	}
}

static void live(struct life *l)
{
	char before[N_SLOTS][LIMIT_RUNTIME_ID];
	struct observed left = { 0 };

	node_world_apply(l->w, FILE_TEXT("one", "64Mi"));
	settle_as_wanted(l, "up");
	memcpy(before, l->ids, sizeof(before));
	node_world_apply(l->w, FILE_TEXT("two", "64Mi"));
	settle_as_wanted(l, "changed");
	assert_kept(l, "changed", before, 1 << WEB_0 | 1 << WEB_1);
	memcpy(before, l->ids, sizeof(before));
	node_world_apply(l->w, FILE_TEXT("two", "32Mi"));
	settle_as_wanted(l, "changed in place");
	assert_kept(l, "changed in place", before, 0);
	node_world_down(l->w, "shop");
	settle(l, "down");
	node_world_ok(l->w, runtime_list(l->model, l->w->arena, &left, &l->w->err));
	if (left.n)
		fail_msg("%s: down: %s is left", l->name, left.instances[0].id);
	judge_store(l, "down", 0);
	judge_history(l);
}

/* The one at hand; a test that fails leaves it to its teardown, since a loop is alone in a process.
 */
static struct node_world *current;

static int teardown(void **state)
{
	(void)state;
	if (current)
		node_world_free(TAKE(current));
	return 0;
}

/* Lives until none has that many calls; how many were hit. */
static unsigned fail_each(struct fault_rule rule, const char *what)
{
	for (rule.first = 1;; rule.first++) {
		struct life l = { .rule = rule };
		bool was_hit;

		snprintf(l.name, sizeof(l.name), "%s, call %u of %s", what, (unsigned)rule.first,
			 runtime_fault_op_name(rule.op));
		current = node_world_new(open_runtimes, &l);
		live(&l);
		was_hit = runtime_fault_hits(l.fault) > 0;
		node_world_free(TAKE(current));
		if (!was_hit)
			return (unsigned)rule.first - 1;
	}
}

static void check(struct fault_rule rule, const char *what)
{
	unsigned n = fail_each(rule, what);

	printf("fault points, %s: %u\n", what, n);
	assert_true(n >= (rule.op == FAULT_OP_LIST ? 4 : 20));
}

static void test_error(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_ERROR, FAULT_OP_ANY, .n = 1 }, "error");
}

static void test_error_for_good(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_ERROR, FAULT_OP_ANY, .n = 1, .code = ERR_INVALID },
	      "error for good");
}

static void test_late(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_LATE, FAULT_OP_ANY, .n = 1 }, "late");
}

static void test_hang(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_HANG, FAULT_OP_ANY, .n = 1 }, "hang");
}

static void test_partial(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_PARTIAL, FAULT_OP_LIST, .n = 1 }, "partial list");
}

static void test_short(void **state)
{
	(void)state;
	check((struct fault_rule){ FAULT_SHORT, FAULT_OP_LIST, .n = 1 }, "short list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_error, teardown),
		cmocka_unit_test_teardown(test_error_for_good, teardown),
		cmocka_unit_test_teardown(test_late, teardown),
		cmocka_unit_test_teardown(test_hang, teardown),
		cmocka_unit_test_teardown(test_partial, teardown),
		cmocka_unit_test_teardown(test_short, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
