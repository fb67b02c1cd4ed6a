/* SPDX-License-Identifier: Apache-2.0 */
/* Puts diff's input together; asks nothing of the answer but what holds for every one. */
#include "tests/controller/core_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/runtime_id.h"

#define NOW_US  (5000 * CLOCK_SEC)
#define WALL_US (INT64_C(1767225600) * CLOCK_SEC)

static struct desired wish(struct arena *a, const char *image, const char *fields)
{
	const char *line =
		arena_printf(a, "web: {image: {name: %s}%s%s}", image, *fields ? ", " : "", fields);
	struct core_wish w = { .current = core_wish_services(line, a) };
	return core_wish_expand(&w, a);
}

void core_bench_init(struct core_bench *b, struct arena *a, const char *image, const char *fields)
{
	*b = (struct core_bench){ .a = a, .fields = fields, .desired = wish(a, image, fields) };
	b->in = (struct diff_input){
		.want = &b->desired.slots[0],
		.instances = b->list,
		.now = { { NOW_US }, { WALL_US }, "boot-1" },
	};
	b->record = (struct slot){ .deployment = "shop", .service = "web" };
}

const char *core_bench_hash(struct core_bench *b, const char *config)
{
	const struct expand_group *g = b->desired.slots[0].group;

	if (!config)
		return g->config_hash;
	if (strcmp(config, CORE_NO_HASH) == 0)
		return NULL;
	if (strcmp(config, CORE_JUNK) == 0)
		return "h0:0123456789abcdef";
	const char *fields =
		arena_printf(b->a, "%s%s%s", b->fields, *b->fields && *config ? ", " : "", config);
	struct desired d = wish(b->a, g->service->image.name, fields);
	return d.slots[0].group->config_hash;
}

struct instance *core_bench_add(struct core_bench *b, enum instance_state state, const char *config)
{
	const struct expand_group *g = b->desired.slots[0].group;
	struct instance *is = &b->items[b->in.n];

	assert_true(b->in.n < CORE_BENCH_MAX);
	*is = (struct instance){
		.id = runtime_id_format(b->a, "shop", "web", 0, b->in.n + 1),
		.deployment = "shop",
		.service = "web",
		.generation = b->in.n + 1,
		.runtime = "youki",
		.state = state,
		.config_hash = core_bench_hash(b, config),
		.image = g->service->image.name,
		.digest = g->digest,
	};
	b->list[b->in.n++] = is;
	return is;
}

struct instance *core_bench_add_ended(struct core_bench *b, const char *config, int code)
{
	struct instance *is = core_bench_add(b, INSTANCE_EXITED, config);
	is->has_exit_code = code >= 0;
	is->exit_code = code >= 0 ? code : 0;
	return is;
}

/* What diff.h promises of every answer. */
static void check(const struct core_bench *b)
{
	const struct diff_slot *d = &b->out;
	bool is_kept = false;

	assert_non_null(d->cause);
	for (size_t i = 0; i < b->in.n; i++)
		is_kept = is_kept || d->keep == b->list[i];
	assert_true(d->keep == NULL || is_kept);
	assert_int_equal(d->retry_at.us != 0, d->verdict == VERDICT_WAIT);
	assert_true(d->n_extra <= b->in.n);
	/* What is right has nothing beside it that must go. */
	if (verdict_is_right(d->verdict))
		assert_int_equal(d->n_extra, 0);
	if (d->verdict == VERDICT_CREATE)
		assert_null(d->keep);
	if (d->verdict == VERDICT_START || d->verdict == VERDICT_UPDATE ||
	    d->verdict == VERDICT_REPLACE)
		assert_non_null(d->keep);
	/* Who is asked to try again neither waits nor gives up. */
	if (b->in.is_asked)
		assert_true(d->verdict != VERDICT_WAIT && d->verdict != VERDICT_FAILED);
}

const char *core_bench_verdict(struct core_bench *b)
{
	diff_compute(&b->in, b->a, &b->out);
	check(b);
	return arena_printf(b->a, "%s: %s%s%s%s", verdict_to_string(b->out.verdict), b->out.cause,
			    b->out.fields ? " [" : "", b->out.fields ? b->out.fields : "",
			    b->out.fields ? "]" : "");
}
