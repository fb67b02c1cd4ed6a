/* SPDX-License-Identifier: Apache-2.0 */
/* The dice. Every value that a rule of the core asks about comes up, good and bad. */
#include "tests/controller/core_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/rand.h"
#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"

#define SERVICES 5
#define BOOT_US  (5000 * CLOCK_SEC)
#define WALL_US  (INT64_C(1767225600) * CLOCK_SEC)

static uint64_t below(uint64_t *rng, uint64_t n)
{
	return rand_next(rng) % n;
}

static bool chance(uint64_t *rng, unsigned percent)
{
	return below(rng, 100) < percent;
}

#define PICK(rng, words) ((words)[below((rng), sizeof(words) / sizeof((words)[0]))])

/* --- files --- */

static void add_scale(struct buf *text, uint64_t *rng)
{
	unsigned n = (unsigned)below(rng, 5);

	if (chance(rng, 10))
		buf_puts(text, ", scale: {mode: manual}");
	else if (chance(rng, 15))
		buf_printf(text,
			   ", replica_groups: [{role: a, count: %u}, "
			   "{role: b, count: 1, env: {G: b}}]",
			   n + 1);
	else if (chance(rng, 80))
		buf_printf(text, ", scale: {mode: fixed, replicas: %u}", n);
}

static void add_kind(struct buf *text, uint64_t *rng, bool is_hard)
{
	static const char *const restarts[] = { "always", "'no'", "on_failure", "unless_stopped" };

	if (chance(rng, 20))
		buf_puts(text, ", rtype: job");
	else if (is_hard && chance(rng, 10))
		buf_puts(text, ", rtype: cron, schedule: '@daily'");
	if (chance(rng, 30))
		buf_printf(text, ", restart_policy: {kind: %s}", PICK(rng, restarts));
	if (is_hard && chance(rng, 10))
		buf_puts(text, ", platform: {os: windows, arch: amd64}");
	if (chance(rng, 30))
		buf_puts(text, ", tallyman: {update: {strategy: start-first}}");
}

static void add_config(struct buf *text, uint64_t *rng)
{
	static const char *const runtimes[] = { "youki", "youki", "youki", "hcs" };

	if (chance(rng, 60))
		buf_printf(text, ", env: {A: '%u'}", (unsigned)below(rng, 2));
	if (chance(rng, 40))
		buf_printf(text, ", resources: {memory: %uGi}", (unsigned)below(rng, 2) + 1);
	if (chance(rng, 30))
		buf_printf(text, ", stop_grace_period: %us", (unsigned)below(rng, 2) + 1);
	buf_printf(text, ", labels: {test.runtime: %s%s}", PICK(rng, runtimes),
		   chance(rng, 20) ? ", test.fixed: 'yes'" : "");
}

static void add_depends(struct buf *text, uint64_t *rng, const bool there[SERVICES], unsigned self)
{
	bool is_first = true;

	for (unsigned i = 0; i < self; i++) {
		if (!there[i] || !chance(rng, 25))
			continue;
		buf_printf(text, "%s{service: s%u}", is_first ? ", depends: [" : ", ", i);
		is_first = false;
	}
	buf_puts(text, is_first ? "" : "]");
}

/* @is_hard: some of it cannot be made here. */
static const char *make_services(struct arena *a, uint64_t *rng, bool is_hard)
{
	static const char *const images[] = { "app:1", "app:1", "app:2", "app:3" };
	static const char *const policies[] = { "if_not_present", "always", "newer", "never" };
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	bool there[SERVICES] = { false };

	for (unsigned i = 0; i < SERVICES; i++) {
		there[i] = chance(rng, 70);
		if (!there[i])
			continue;
		buf_printf(&text, "s%u: {image: {name: %s, pull_policy: %s}", i,
			   is_hard && chance(rng, 20) ? "missing/app" : PICK(rng, images),
			   PICK(rng, policies));
		add_scale(&text, rng);
		add_kind(&text, rng, is_hard);
		add_config(&text, rng);
		add_depends(&text, rng, there, i);
		buf_puts(&text, "}\n");
	}
	return text.n ? arena_strdup(a, text.data) : "s0: {image: {name: app:1}}\n";
}

/* --- a world that has been lived in --- */

static void spoil(struct core_case *c, struct instance *is, uint64_t *rng)
{
	static const enum instance_state states[] = { INSTANCE_RUNNING, INSTANCE_RUNNING,
						      INSTANCE_RUNNING, INSTANCE_EXITED,
						      INSTANCE_EXITED,  INSTANCE_CREATED,
						      INSTANCE_PAUSED,  INSTANCE_BROKEN,
						      INSTANCE_UNKNOWN };
	is->state = PICK(rng, states);
	if (is->state == INSTANCE_UNKNOWN && !c->is_hard)
		is->state = INSTANCE_RUNNING;
	if (is->state == INSTANCE_EXITED || is->state == INSTANCE_BROKEN)
		is->pid = 0;
	is->has_exit_code = is->state == INSTANCE_EXITED && chance(rng, 80);
	is->exit_code = is->has_exit_code ? (int)below(rng, 3) : 0;
	if (chance(rng, 5))
		is->config_hash = chance(rng, 50) ? NULL : "h0:of another version";
	if (chance(rng, 10))
		is->digest = chance(rng, 30) ? NULL : "moved";
	if (chance(rng, 5))
		is->runtime = arena_strdup(c->arena, "hcs");
}

/* A slot of @d has one instance, or none, two, three. */
static void live(struct core_case *c, const struct desired *d, const struct desired_slot *s,
		 uint64_t *rng)
{
	unsigned n = chance(rng, 15) ? 0 : chance(rng, 80) ? 1 : 2 + (unsigned)below(rng, 2);
	uint64_t generation = 0;

	if (s->group->route.kind != ROUTE_RUNTIME)
		return;
	for (unsigned i = 0; i < n; i++) {
		generation += 1 + below(rng, 3);
		const char *name = runtime_id_slot_name(c->arena, s->service, s->number);
		name = arena_printf(c->arena, "%s.%llu", name, (unsigned long long)generation);
		if (!core_world_find(&c->world, core_world_id(&c->world, name)))
			spoil(c, core_world_put(&c->world, d, name), rng);
	}
}

static void record(struct core_case *c, const char *service, uint32_t number, const char *done_hash,
		   uint64_t *rng)
{
	static const enum error_code faults[] = { ERR_OK, ERR_OK, ERR_IO, ERR_INVALID };
	struct slot *s = core_world_record(&c->world, service, number);

	s->generation = below(rng, 6);
	s->held = chance(rng, 5);
	s->fault = chance(rng, 20) ? PICK(rng, faults) : ERR_OK;
	if (chance(rng, 20)) {
		s->retry_at.us = BOOT_US + (int64_t)below(rng, 20) * CLOCK_SEC - 10 * CLOCK_SEC;
		s->retry_wall.us = WALL_US;
		s->retry_length_us = 60 * CLOCK_SEC;
		s->boot_id = chance(rng, 80) ? "boot-1" : "boot-0";
	}
	if (chance(rng, 15))
		s->done_hash = done_hash;
	s->has_exit_code = chance(rng, 50);
}

static void inhabit(struct core_case *c, uint64_t *rng)
{
	struct core_wish w = { .current = c->before };
	struct desired was = core_wish_expand(&w, c->arena);

	for (size_t i = 0; i < was.n; i++)
		live(c, &was, &was.slots[i], rng);
	for (size_t i = 0; i < was.n; i++)
		if (chance(rng, 70))
			record(c, was.slots[i].service, was.slots[i].number,
			       was.slots[i].group->config_hash, rng);
	/* Some of it is of the new file already: an update was cut short. */
	for (size_t i = 0; i < c->desired.n; i++)
		if (chance(rng, 30))
			live(c, &c->desired, &c->desired.slots[i], rng);
	for (size_t i = 0; i < c->desired.n; i++)
		if (chance(rng, 20))
			record(c, c->desired.slots[i].service, c->desired.slots[i].number,
			       c->desired.slots[i].group->config_hash, rng);
}

/* Manual scale keeps what is there, so the world comes before the wish that counts. */
static void wish_again(struct core_case *c)
{
	struct observed there = core_world_view(&c->world, c->arena);
	struct core_wish w = { .current = c->is_down ? NULL : c->now,
			       .previous = c->before,
			       .observed = &there };
	c->desired = core_wish_expand(&w, c->arena);
}

void core_case_init(struct core_case *c, uint64_t seed)
{
	uint64_t rng = seed;

	*c = (struct core_case){ .arena = arena_new(),
				 .time = { { BOOT_US }, { WALL_US }, "boot-1" } };
	core_world_init(&c->world);
	c->is_hard = chance(&rng, 50);
	c->before_text = make_services(c->arena, &rng, c->is_hard);
	c->now_text = chance(&rng, 10) ? c->before_text : make_services(c->arena, &rng, c->is_hard);
	c->before = core_wish_services(c->before_text, c->arena);
	c->now = core_wish_services(c->now_text, c->arena);
	c->is_down = chance(&rng, 5);
	wish_again(c);
	inhabit(c, &rng);
	wish_again(c);
}

void core_case_done(struct core_case *c)
{
	core_world_done(&c->world);
	arena_free(c->arena);
}

void core_case_print(const struct core_case *c)
{
	fprintf(stderr, "before:\n%snow%s:\n%sthere:\n", c->before_text,
		c->is_down ? " (down)" : "", c->now_text);
	for (size_t i = 0; i < c->world.n; i++)
		fprintf(stderr, "%s %s\n", c->world.items[i].id,
			instance_state_to_string(c->world.items[i].state));
}
