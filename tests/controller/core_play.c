/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the tests: persist, then act, then report, as the real one does. Every copy a
 * step needs outlives its update, as it would in a worker.
 */
#include "tests/controller/core_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"

#define SEED     42
#define LOOK_US  (5 * CLOCK_MS)
#define START_US (1000 * CLOCK_SEC)
#define WALL_US  (INT64_C(1767225600) * CLOCK_SEC) /* 2026-01-01 */

static void make_reconciler(struct core_play *p)
{
	const struct reconcile_options o = { .seed = SEED,
					     .boot_id = p->boot_id,
					     .resync_us = p->resync_us,
					     .keeps_all = p->keeps_all };
	p->r = reconcile_new(&o);
}

void core_play_init(struct core_play *p)
{
	*p = (struct core_play){
		.arena = arena_new(),
		.now = { START_US },
		.wall_us = WALL_US,
		.boot_us = 0,
		.boot_id = "boot-1",
		.n_workers = 4,
		.said = BUF_INIT(1 << 16),
	};
	core_world_init(&p->world);
	make_reconciler(p);
}

void core_play_done(struct core_play *p)
{
	reconcile_free(p->r);
	core_world_done(&p->world);
	buf_done(&p->said);
	arena_free(p->arena);
}

struct diff_now core_play_diff_now(const struct core_play *p)
{
	return (struct diff_now){ .boot = { p->now.us + p->boot_us },
				  .wall = { p->now.us + p->wall_us },
				  .boot_id = p->boot_id };
}

/* --- what came out of an event --- */

/* "web-rep-0.1" of "shop.web-rep-0.1". */
static const char *short_id(const char *id)
{
	return strchr(id, '.') + 1;
}

static const char *step_text(const struct core_play *p, const struct step *s)
{
	const char *kind = step_kind_to_string(s->kind);

	if (s->kind == STEP_STAGE)
		return arena_printf(p->arena, "stage %s", s->digest);
	if (s->kind == STEP_SIGNAL)
		return arena_printf(p->arena, "signal %d %s", s->signal, short_id(s->instance_id));
	return arena_printf(p->arena, "%s %s", kind, short_id(s->instance_id));
}

static struct reconcile_run copy_run(const struct core_play *p, const struct reconcile_run *run)
{
	struct reconcile_run copy = *run;
	struct step *s = &copy.step;

	s->runtime = arena_strdup(p->arena, s->runtime);
	s->service = arena_strdup(p->arena, s->service);
	s->instance_id = arena_strdup(p->arena, s->instance_id);
	s->digest = arena_strdup(p->arena, s->digest);
	s->cause = arena_strdup(p->arena, s->cause);
	if (s->spec) {
		struct instance_spec *spec = arena_alloc(p->arena, sizeof(*spec));
		*spec = *s->spec;
		spec->id = s->instance_id;
		spec->service_name = s->service;
		spec->config_hash = arena_strdup(p->arena, spec->config_hash);
		s->spec = spec;
	}
	return copy;
}

static int64_t step_us(enum step_kind kind)
{
	static const int64_t us[STEP_N_KINDS] = {
		[STEP_STAGE] = CLOCK_SEC,      [STEP_CREATE] = 100 * CLOCK_MS,
		[STEP_START] = 50 * CLOCK_MS,  [STEP_SIGNAL] = 10 * CLOCK_MS,
		[STEP_UPDATE] = 20 * CLOCK_MS, [STEP_REMOVE] = 30 * CLOCK_MS,
	};
	return us[kind];
}

__attribute__((format(printf, 2, 3))) static void tell(struct core_play *p, const char *fmt, ...)
{
	va_list ap;

	if (!p->story)
		return;
	buf_printf(p->story, "[%9.3f] ", (double)(p->now.us - START_US) / (double)CLOCK_SEC);
	va_start(ap, fmt);
	buf_vprintf(p->story, fmt, ap);
	va_end(ap);
	buf_putc(p->story, '\n');
}

static void take_steps(struct core_play *p)
{
	for (size_t i = 0; i < p->up.n_steps; i++) {
		const struct step *s = &p->up.steps[i].step;
		p->flights = arena_grow(p->arena, p->flights, p->n_flights, sizeof(*p->flights));
		p->flights[p->n_flights++] = (struct core_flight){
			.run = copy_run(p, &p->up.steps[i]),
			.text = step_text(p, s),
			.due = mono_add(p->now, step_us(s->kind)),
		};
		buf_printf(&p->said, "%s%s", p->said.n ? ", " : "", step_text(p, s));
		tell(p, "  %s", step_text(p, s));
	}
}

static void take_notes(struct core_play *p)
{
	for (size_t i = 0; i < p->up.n_notes; i++) {
		const struct reconcile_note *note = &p->up.notes[i];
		tell(p, "%s%s%s%s", note->is_problem ? "! " : "", note->text,
		     note->hint ? "; hint: " : "", note->hint ? note->hint : "");
	}
}

static void take_overall(struct core_play *p)
{
	static const char *const words[] = {
		[RECONCILE_BUSY] = "busy",
		[RECONCILE_PAUSING] = "waits",
		[RECONCILE_CONVERGED] = "converged",
		[RECONCILE_STUCK] = "stuck",
	};
	if (p->up.overall != p->told && p->up.overall != RECONCILE_BUSY)
		tell(p, "= %s", words[p->up.overall]);
	p->told = p->up.overall;
}

static unsigned count_flights(const struct core_play *p, const char *runtime)
{
	unsigned n = 0;
	for (size_t i = 0; i < p->n_flights; i++)
		n += strcmp(p->flights[i].run.step.runtime, runtime) == 0;
	return n;
}

static const char *feed(struct core_play *p, struct reconcile_event *ev)
{
	static const char *const runtimes[] = { "youki", "hcs" };
	struct reconcile_capacity room[2];

	for (size_t i = 0; i < 2; i++) {
		unsigned n = count_flights(p, runtimes[i]);
		room[i] = (struct reconcile_capacity){ runtimes[i],
						       n < p->n_workers ? p->n_workers - n : 0 };
	}
	struct diff_now now = core_play_diff_now(p);
	ev->now = p->now;
	ev->boot = now.boot;
	ev->wall = p->world.now = now.wall;
	ev->capacity = room;
	ev->n_capacity = 2;
	reconcile_step(p->r, ev, &p->up);

	buf_clear(&p->said);
	for (size_t i = 0; i < p->up.n_slots; i++)
		core_world_save(&p->world, p->up.slots[i]);
	take_notes(p);
	take_steps(p);
	if (p->up.flags & RECONCILE_OBSERVE) {
		assert_false(p->is_looking);
		p->is_looking = true;
		p->look_due = mono_add(p->now, LOOK_US);
		p->n_looks++;
		buf_printf(&p->said, "%slook", p->said.n ? ", " : "");
		tell(p, "  look");
	}
	core_laws_check(p);
	take_overall(p);
	return p->said.data;
}

static const char *feed_type(struct core_play *p, enum reconcile_event_type type)
{
	struct reconcile_event ev = { .type = type };
	return feed(p, &ev);
}

/* --- wishes --- */

static const char *send_desired(struct core_play *p)
{
	struct observed there = core_world_view(&p->world, p->arena);
	const struct core_wish w = { p->current, p->previous, &there, p->world.slots,
				     p->world.n_slots };

	p->desired = arena_alloc(p->arena, sizeof(*p->desired));
	*p->desired = core_wish_expand(&w, p->arena);
	struct reconcile_event ev = { .type = RECONCILE_DESIRED,
				      .desired = p->desired,
				      .slots = p->world.slots,
				      .n_slots = p->world.n_slots,
				      .scope = p->scope };
	return feed(p, &ev);
}

const char *core_play_wish_deployment(struct core_play *p, const struct deployment *d)
{
	if (p->current)
		p->previous = p->current;
	p->current = d;
	return send_desired(p);
}

const char *core_play_wish(struct core_play *p, const char *services)
{
	const struct deployment *d = services ? core_wish_services(services, p->arena) : NULL;
	return core_play_wish_deployment(p, d);
}

static const char *start_anew(struct core_play *p)
{
	reconcile_free(p->r);
	p->n_flights = 0;
	p->flights = NULL;
	p->is_looking = false;
	p->snapshot = NULL;
	core_laws_forget(p);
	make_reconciler(p);
	return send_desired(p);
}

const char *core_play_restart(struct core_play *p)
{
	/* What was handed to the runtimes happens all the same; nobody hears of it. */
	for (size_t i = 0; i < p->n_flights; i++)
		(void)core_world_step(&p->world, &p->flights[i].run.step);
	return start_anew(p);
}

const char *core_play_reboot(struct core_play *p)
{
	for (size_t i = 0; i < p->world.n; i++) {
		struct instance *is = &p->world.items[i];
		if (core_world_exit(&p->world, is->id, 0))
			is->has_exit_code = false;
	}
	p->n_ends = 0;
	p->now = mono_add(p->now, 60 * CLOCK_SEC);
	p->boot_us = -p->now.us; /* the boot clock begins anew */
	p->boot_id = "boot-2";
	return start_anew(p);
}

/* --- answers --- */

/* The world as a look shows it: where a runtime is hidden, the store stands in for it. */
static void see(struct core_play *p, struct observed *ret)
{
	*ret = core_world_view(&p->world, p->arena);
	if (p->hidden)
		observed_note_silent(ret, p->hidden, p->hidden, p->arena);
	ret->lost = p->lost;
	ret->n_lost = p->n_lost;
	for (size_t i = 0; i < ret->n; i++) {
		struct instance *is = &ret->instances[i];
		if (p->hidden && strcmp(is->runtime, p->hidden) == 0)
			is->state = INSTANCE_UNKNOWN;
		ret->partial = ret->partial || is->state == INSTANCE_UNKNOWN;
	}
}

void core_play_snapshot(struct core_play *p)
{
	assert_true(p->is_looking);
	p->snapshot = arena_alloc(p->arena, sizeof(*p->snapshot));
	see(p, p->snapshot);
}

const char *core_play_look(struct core_play *p)
{
	struct observed seen;
	struct reconcile_event ev = { .type = RECONCILE_OBSERVED,
				      .observed = p->snapshot ? p->snapshot : &seen };

	if (!p->is_looking)
		fail_msg("nobody asked for a look");
	see(p, &seen);
	p->is_looking = false;
	p->snapshot = NULL;
	core_laws_looked(p, p->n_looks);
	(void)feed(p, &ev);
	p->n_lost = 0;
	return p->said.data;
}

const char *core_play_look_failed(struct core_play *p, const char *why)
{
	struct reconcile_event ev = { .type = RECONCILE_OBSERVED, .message = why };

	assert_true(p->is_looking);
	p->is_looking = false;
	return feed(p, &ev);
}

static struct core_flight take_flight(struct core_play *p, const char *text)
{
	for (size_t i = 0; i < p->n_flights; i++) {
		struct core_flight f = p->flights[i];
		if (strcmp(f.text, text) != 0)
			continue;
		p->n_flights--;
		memmove(&p->flights[i], &p->flights[i + 1],
			(p->n_flights - i) * sizeof(*p->flights));
		return f;
	}
	fail_msg("no step '%s' is under way", text);
	return (struct core_flight){ 0 };
}

static const char *report(struct core_play *p, const struct core_flight *f, int code)
{
	struct instance *is = NULL;
	struct reconcile_event ev = {
		.type = RECONCILE_STEP_DONE,
		.done = { .ticket = f->run.ticket,
			  .code = code,
			  .message = code < 0 ? "it does not work" : NULL,
			  .hint = code < 0 ? "mend it" : NULL },
	};

	if (f->run.step.kind == STEP_CREATE)
		is = core_world_find(&p->world, f->run.step.instance_id);
	ev.done.instance = code >= 0 ? is : NULL;
	core_laws_answered(p, &f->run.step, code < 0);
	return feed(p, &ev);
}

const char *core_play_answer(struct core_play *p, const char *step)
{
	struct core_flight f = take_flight(p, step);
	int r = core_world_step(&p->world, &f.run.step);
	bool is_lost = r == -ERR_NOT_FOUND &&
		       (f.run.step.kind == STEP_START || f.run.step.kind == STEP_UPDATE);

	/* The world moved: somebody took away what was to be started or changed. */
	return report(p, &f, is_lost ? -ERR_CONFLICT : r);
}

const char *core_play_fail(struct core_play *p, const char *step, enum error_code code,
			   bool has_effect)
{
	struct core_flight f = take_flight(p, step);

	if (has_effect)
		(void)core_world_step(&p->world, &f.run.step);
	return report(p, &f, -(int)code);
}

const char *core_play_reply(struct core_play *p, const char *step, int code)
{
	struct core_flight f = take_flight(p, step);
	struct reconcile_event ev = { .type = RECONCILE_STEP_DONE,
				      .done = { .ticket = f.run.ticket, .code = code } };

	core_laws_answered(p, &f.run.step, code < 0);
	return feed(p, &ev);
}

static const char *send_exit(struct core_play *p, const char *id)
{
	const struct instance *is = core_world_find(&p->world, id);
	struct reconcile_event ev = { .type = RECONCILE_EXITED,
				      .instance_id = id,
				      .has_exit_code = is && is->has_exit_code,
				      .exit_code = is ? is->exit_code : 0 };
	return feed(p, &ev);
}

void core_play_take(struct core_play *p, const char *name)
{
	struct instance *is = core_world_get(&p->world, name);

	assert_true(p->n_lost < sizeof(p->lost) / sizeof(p->lost[0]));
	p->lost[p->n_lost++] = *is;
	core_world_drop(&p->world, is->id);
}

const char *core_play_exit(struct core_play *p, const char *name, int code)
{
	const char *id = core_world_id(&p->world, name);

	p->world.now = core_play_diff_now(p).wall;
	if (!core_world_exit(&p->world, id, code))
		fail_msg("%s does not run", name);
	return send_exit(p, id);
}

const char *core_play_ask(struct core_play *p)
{
	return feed_type(p, RECONCILE_TRY_AGAIN);
}

const struct scope *core_play_scope(struct core_play *p, const char *what)
{
	struct scope_item *item = arena_alloc(p->arena, sizeof(*item));
	struct scope *scope = arena_alloc(p->arena, sizeof(*scope));
	struct runtime_id id;

	*item = (struct scope_item){ .service = *what ? what : NULL };
	if (runtime_id_parse(arena_printf(p->arena, CORE_WISH_DEPLOYMENT ".%s.1", what), &id))
		*item = (struct scope_item){ arena_strdup(p->arena, id.service), true, id.slot };
	*scope = (struct scope){ item, 1 };
	return scope;
}

const char *core_play_by_hand(struct core_play *p, enum reconcile_event_type type, const char *what)
{
	struct reconcile_event ev = { .type = type, .scope = core_play_scope(p, what) };
	return feed(p, &ev);
}

const char *core_play_lose(struct core_play *p)
{
	return feed_type(p, RECONCILE_LOST);
}

const char *core_play_wait(struct core_play *p, int64_t us)
{
	p->now = mono_add(p->now, us);
	return feed_type(p, RECONCILE_TIMER);
}

const char *core_play_capacity(struct core_play *p, unsigned n_workers)
{
	p->n_workers = n_workers;
	return feed_type(p, RECONCILE_CAPACITY);
}

/* --- views --- */

const char *core_play_slot(struct core_play *p, const char *slot)
{
	for (size_t i = 0; i < reconcile_count(p->r); i++) {
		struct reconcile_view v;
		reconcile_view(p->r, i, &v);
		if (strcmp(runtime_id_slot_name(p->arena, v.service, v.number), slot) == 0)
			return arena_printf(p->arena, "%s: %s", reconcile_state_to_string(v.state),
					    v.cause);
	}
	return "";
}
