/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver, disk and weather of the simulation. Three kinds of fault: fails before it takes
 * effect, takes effect and then reports failure, never answers (and may take effect late).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "specs/runtime_id.h"
#include "tests/sim/sim.h"

#define DEADLINE_US (30 * CLOCK_SEC)

bool sim_chance(struct sim *s, unsigned percent)
{
	return rand_next(&s->rng) % 100 < percent;
}

static int64_t up_to(struct sim *s, int64_t us)
{
	return 1000 + (int64_t)(rand_next(&s->rng) % (uint64_t)us);
}

void sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	size_t from = s->trace.n;
	buf_printf(&s->trace, "[%10.3f] ", (double)s->now_us / 1e6);
	va_start(ap, fmt);
	buf_vprintf(&s->trace, fmt, ap);
	va_end(ap);
	buf_putc(&s->trace, '\n');
	if (s->is_verbose)
		fputs(s->trace.data + from, stderr);
}

void sim_die(struct sim *s, const char *what)
{
	if (!s->is_verbose)
		fputs(s->trace.data + (s->trace.n > 6000 ? s->trace.n - 6000 : 0), stderr);
	fprintf(stderr, "FAIL seed=%llu: %s\n", (unsigned long long)s->seed, what);
	exit(1);
}

int sim_slot_index(const char *service, uint32_t number)
{
	int i = wish_service_index(service);
	return i < 0 || number >= WISH_REPLICAS ? -1 : i * WISH_REPLICAS + (int)number;
}

struct sim_event *sim_push(struct sim *s, enum sim_event_type type, int64_t delay_us)
{
	if (s->n_events == SIM_EVENTS)
		sim_die(s, "too many events under way");
	struct sim_event *e = &s->events[s->n_events++];
	*e = (struct sim_event){ .type = type,
				 .due_us = s->now_us + delay_us,
				 .sequence = ++s->sequence,
				 .partner = -1 };
	return e;
}

/* --- the disk --- */

static void persist(struct sim *s, const struct slot *from)
{
	struct sim_disk *to = &s->disk[sim_slot_index(from->service, from->number)];
	to->is_used = true;
	to->slot = *from;
	snprintf(to->service, sizeof(to->service), "%s", from->service);
	snprintf(to->boot_id, sizeof(to->boot_id), "%s", from->boot_id ? from->boot_id : "");
	snprintf(to->done_hash, sizeof(to->done_hash), "%s",
		 from->done_hash ? from->done_hash : "");
	snprintf(to->reason, sizeof(to->reason), "%s", from->reason ? from->reason : "");
	to->slot.deployment = WISH_DEPLOYMENT;
	to->slot.service = to->service;
	to->slot.boot_id = from->boot_id ? to->boot_id : NULL;
	to->slot.done_hash = from->done_hash ? to->done_hash : NULL;
	to->slot.reason = from->reason ? to->reason : NULL;
}

/* --- weather --- */

static void send_exit(struct sim *s, const struct world_op *op)
{
	/* Whether a process minds its stop signal is its own nature. */
	bool is_deaf = (op->what.generation * 7 + op->what.slot) % 4 == 0;
	struct sim_event *e;
	if (op->signal != 9 && is_deaf)
		return;
	e = sim_push(s, SIM_EXIT, op->signal == 9 ? 1000 : up_to(s, 3 * CLOCK_SEC));
	e->op = *op;
	e->code = 128 + op->signal;
}

static void on_effect(struct sim *s, const struct sim_event *e)
{
	struct wall now = { s->now_us };
	int code = world_apply(&s->world, &e->op, now);
	if (code == 0 && e->op.kind == STEP_SIGNAL)
		send_exit(s, &e->op);
	if (code == 0 && e->is_broken)
		world_find(&s->world, e->op.what.id)->state = INSTANCE_BROKEN;
	if (code == 0 && e->op.kind == STEP_START) {
		int i = wish_service_index(e->op.what.service);
		if (s->wish.services[i].is_job) {
			struct sim_event *end = sim_push(s, SIM_EXIT, up_to(s, 5 * CLOCK_SEC));
			end->op = e->op;
		}
	}
	for (size_t i = 0; i < s->n_events && e->partner == 0; i++)
		if (s->events[i].type == SIM_REPORT && s->events[i].op.ticket == e->op.ticket &&
		    s->events[i].code == 0)
			s->events[i].code = code;
}

static void carry_out(struct sim *s, const struct world_op *op)
{
	int64_t effect = up_to(s, CLOCK_SEC);
	int64_t report = effect + up_to(s, CLOCK_SEC);
	bool has_effect = true;
	bool is_broken = false;
	int code = 0;

	if (sim_chance(s, s->percent)) {
		s->n_faults++;
		switch (rand_next(&s->rng) % 8) {
		case 0: /* never answers; sometimes takes effect even after that was reported */
			code = -ERR_TIMEOUT;
			has_effect = sim_chance(s, 50);
			report = DEADLINE_US;
			effect = up_to(s, DEADLINE_US + 15 * CLOCK_SEC);
			break;
		case 1: /* no use trying again */
			code = -ERR_INVALID;
			has_effect = is_broken = op->kind == STEP_CREATE && sim_chance(s, 50);
			break;
		case 2:
		case 3:
		case 4:
			code = -ERR_IO;
			break;
		default:
			code = -ERR_UNAVAILABLE;
			has_effect = false;
			break;
		}
	}
	if (has_effect) {
		struct sim_event *e = sim_push(s, SIM_EFFECT, effect);
		e->op = *op;
		e->partner = code == 0 ? 0 : -1;
		e->is_broken = is_broken;
	}
	struct sim_event *e = sim_push(s, SIM_REPORT, report);
	e->op = *op;
	e->code = code;
}

/* --- what the update asks for --- */

static void make_op(struct sim *s, const struct reconcile_run *run, struct world_op *op)
{
	const struct step *step = &run->step;
	struct runtime_id id;
	*op = (struct world_op){ .ticket = run->ticket, .kind = step->kind };
	op->signal = step->signal;
	op->what.slot = step->slot;
	snprintf(op->what.service, sizeof(op->what.service), "%s", step->service);
	snprintf(op->what.runtime, sizeof(op->what.runtime), "%s", step->runtime);
	if (step->instance_id) {
		snprintf(op->what.id, sizeof(op->what.id), "%s", step->instance_id);
		if (!runtime_id_parse(step->instance_id, &id))
			sim_die(s, "a step with an id that is none");
		op->what.generation = id.generation;
	}
	if (step->kind == STEP_CREATE)
		snprintf(op->what.hash, sizeof(op->what.hash), "%s", step->spec->config_hash);
}

static unsigned runtime_of(const struct world_op *op)
{
	return strcmp(op->what.runtime, wish_runtime(1)) == 0;
}

static void run_step(struct sim *s, const struct reconcile_run *run)
{
	struct world_op op;
	make_op(s, run, &op);
	sim_trace(s, "%s %s-rep-%u.%llu", step_kind_to_string(op.kind), op.what.service,
		  op.what.slot, (unsigned long long)op.what.generation);
	sim_check_step(s, run);
	s->n_steps++;
	s->n_in_flight[runtime_of(&op)]++;
	s->n_staging[runtime_of(&op)] += op.kind == STEP_STAGE;
	if (op.kind == STEP_CREATE && !world_find(&s->rows, op.what.id)) {
		s->rows.items[s->rows.n] = op.what;
		s->rows.items[s->rows.n++].state = INSTANCE_UNKNOWN;
	}
	carry_out(s, &op);
}

static void act(struct sim *s, const struct reconcile_update *up)
{
	sim_check_update(s, up);
	for (size_t i = 0; i < up->n_slots; i++)
		persist(s, up->slots[i]);
	for (size_t i = 0; i < up->n_notes; i++)
		sim_trace(s, "  %s", up->notes[i].text);
	for (size_t i = 0; i < up->n_steps; i++)
		run_step(s, &up->steps[i]);
	if (up->flags & RECONCILE_OBSERVE) {
		s->is_looking = true;
		s->look++;
		s->n_looks++;
		sim_trace(s, "look");
		(void)sim_push(s, SIM_TAKE, up_to(s, CLOCK_SEC));
	}
	s->wake = up->wake;
	s->overall = up->overall;
}

static void feed(struct sim *s, struct reconcile_event *ev)
{
	struct reconcile_capacity room[SIM_RUNTIMES];
	struct reconcile_update up;
	for (unsigned i = 0; i < SIM_RUNTIMES; i++)
		room[i] = (struct reconcile_capacity){ wish_runtime(i),
						       SIM_WORKERS - s->n_in_flight[i] };
	ev->now.us = s->now_us;
	ev->wall.us = s->now_us;
	ev->boot.us = s->now_us - s->boot_us + CLOCK_SEC;
	ev->capacity = room;
	ev->n_capacity = SIM_RUNTIMES;
	reconcile_step(s->r, ev, &up);
	act(s, &up);
	arena_reset(s->event);
}

static void feed_wish(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_DESIRED, .desired = &s->desired };
	struct slot *slots = arena_array(s->event, SIM_SLOTS, sizeof(*slots));
	for (size_t i = 0; i < SIM_SLOTS; i++)
		if (s->disk[i].is_used)
			slots[ev.n_slots++] = s->disk[i].slot;
	ev.slots = slots;
	feed(s, &ev);
}

/* --- the queue --- */

static void on_report(struct sim *s, const struct sim_event *e)
{
	struct reconcile_event ev = { .type = RECONCILE_STEP_DONE };
	struct instance is;
	const struct world_instance *wi = world_find(&s->world, e->op.what.id);

	ev.done = (struct reconcile_step_done){ .ticket = e->op.ticket, .code = e->code };
	s->n_in_flight[runtime_of(&e->op)]--;
	s->n_staging[runtime_of(&e->op)] -= e->op.kind == STEP_STAGE;
	if (e->op.kind == STEP_CREATE && e->code >= 0 && wi) {
		world_show(wi, WISH_DEPLOYMENT, &is);
		ev.done.instance = &is;
	}
	if (e->code < 0) {
		sim_trace(s, "%s %s-rep-%u.%llu -> %s", step_kind_to_string(e->op.kind),
			  e->op.what.service, e->op.what.slot,
			  (unsigned long long)e->op.what.generation,
			  error_name((enum error_code) - e->code));
		ev.done.message = "injected";
	}
	if (e->op.kind == STEP_REMOVE && e->code >= 0)
		world_drop(&s->rows, e->op.what.id);
	sim_check_report(s, &e->op, e->code);
	feed(s, &ev);
}

static void on_take(struct sim *s)
{
	s->snapshot = s->world;
	s->snapshot_fails = sim_chance(s, s->percent / 2);
	s->snapshot_partial = !s->snapshot_fails && sim_chance(s, s->percent / 2);
	if (s->snapshot_partial) { /* runtime 1 does not answer: rows stand for what it has */
		struct world *w = &s->snapshot;
		for (size_t i = w->n; i-- > 0;)
			if (strcmp(w->items[i].runtime, wish_runtime(1)) == 0)
				w->items[i] = w->items[--w->n];
		for (size_t i = 0; i < s->rows.n; i++)
			if (strcmp(s->rows.items[i].runtime, wish_runtime(1)) == 0)
				w->items[w->n++] = s->rows.items[i];
	}
	(void)sim_push(s, SIM_LOOK, up_to(s, CLOCK_SEC));
}

static void on_look(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_OBSERVED, .message = "injected" };
	struct observed seen;
	s->is_looking = false;
	sim_trace(s, "look -> %s",
		  s->snapshot_fails     ? "failed"
		  : s->snapshot_partial ? "in part"
					: "ok");
	if (!s->snapshot_fails) {
		world_view(&s->snapshot, WISH_DEPLOYMENT, s->event, &seen);
		seen.partial = s->snapshot_partial;
		ev.observed = &seen;
		sim_check_look(s);
		s->is_asked = false;
	}
	feed(s, &ev);
}

static void on_exit_of(struct sim *s, const struct sim_event *e)
{
	struct wall now = { s->now_us };
	struct sim_event *told;
	if (!world_exit(&s->world, e->op.what.id, e->code, now))
		return;
	sim_trace(s, "# %s ends with %d", e->op.what.id, e->code);
	told = sim_push(s, SIM_EXITED, up_to(s, CLOCK_SEC / 2));
	told->op = e->op;
	told->code = e->code;
}

static void on_exited(struct sim *s, const struct sim_event *e)
{
	struct reconcile_event ev = { .type = RECONCILE_EXITED,
				      .instance_id = e->op.what.id,
				      .has_exit_code = true,
				      .exit_code = e->code };
	if (sim_chance(s, s->percent / 4)) /* the news is lost, and that is known */
		ev = (struct reconcile_event){ .type = RECONCILE_LOST };
	else
		sim_check_exited(s, &e->op);
	feed(s, &ev);
}

static size_t earliest(const struct sim *s)
{
	size_t best = SIM_EVENTS;
	for (size_t i = 0; i < s->n_events; i++)
		if (best == SIM_EVENTS || s->events[i].due_us < s->events[best].due_us ||
		    (s->events[i].due_us == s->events[best].due_us &&
		     s->events[i].sequence < s->events[best].sequence))
			best = i;
	return best;
}

static void deliver(struct sim *s, const struct sim_event *e)
{
	switch (e->type) {
	case SIM_EFFECT:
		on_effect(s, e);
		break;
	case SIM_REPORT:
		on_report(s, e);
		break;
	case SIM_TAKE:
		on_take(s);
		break;
	case SIM_LOOK:
		on_look(s);
		break;
	case SIM_EXIT:
		on_exit_of(s, e);
		break;
	case SIM_EXITED:
		on_exited(s, e);
		break;
	}
}

void sim_tick(struct sim *s)
{
	size_t i = earliest(s);
	if (i < SIM_EVENTS && (s->wake.us == 0 || s->events[i].due_us <= s->wake.us)) {
		struct sim_event e = s->events[i];
		s->events[i] = s->events[--s->n_events];
		s->now_us = e.due_us;
		deliver(s, &e);
		return;
	}
	if (s->wake.us == 0) { /* nothing at all is to come: let time pass */
		s->now_us += CLOCK_SEC;
		return;
	}
	s->now_us = s->wake.us;
	struct reconcile_event ev = { .type = RECONCILE_TIMER };
	feed(s, &ev);
}

/* --- events from outside --- */

void sim_submit(struct sim *s, const struct wish *w)
{
	s->wish = *w;
	wish_expand(&s->wish, s->deployment, s->arena, &s->desired, &s->deployment);
	sim_trace(s, "# a new wish, %zu slots", s->desired.n);
	for (size_t i = 0; i < SIM_SLOTS; i++)
		s->known[i].no_make_before_us = 0;
	feed_wish(s);
}

static void start_controller(struct sim *s)
{
	char boot_id[16];
	snprintf(boot_id, sizeof(boot_id), "b%u", s->n_boots);
	struct reconcile_options o = { .seed = rand_next(&s->rng),
				       .boot_id = boot_id,
				       .resync_us = 60 * CLOCK_SEC };
	s->r = reconcile_new(&o);
	s->wake.us = 0;
	s->is_looking = s->is_asked = false;
	s->look = 0;
	for (unsigned i = 0; i < SIM_RUNTIMES; i++)
		s->n_in_flight[i] = s->n_staging[i] = 0;
	sim_check_forget(s);
}

void sim_crash(struct sim *s, bool is_reboot)
{
	size_t n = 0;
	sim_trace(s, is_reboot ? "# reboot" : "# crash and restart");
	s->n_crashes++;
	for (size_t i = 0; i < s->n_events; i++)
		if (!is_reboot &&
		    (s->events[i].type == SIM_EFFECT || s->events[i].type == SIM_EXIT))
			s->events[n++] = s->events[i];
	s->n_events = n;
	for (size_t i = 0; is_reboot && i < s->world.n; i++) {
		struct world_instance *wi = &s->world.items[i];
		if (wi->state != INSTANCE_BROKEN && wi->state != INSTANCE_EXITED)
			wi->state = INSTANCE_EXITED;
	}
	if (is_reboot) {
		s->n_boots++;
		s->boot_us = s->now_us;
	}
	reconcile_free(s->r);
	start_controller(s);
	feed_wish(s);
}

void sim_ask(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_TRY_AGAIN };
	sim_trace(s, "# try again");
	s->is_asked = true;
	for (size_t i = 0; i < SIM_SLOTS; i++)
		s->known[i].no_make_before_us = 0;
	feed(s, &ev);
}

void sim_init(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = s->rng = seed;
	s->now_us = 1000 * CLOCK_SEC;
	s->percent = 20;
	s->arena = arena_new();
	s->event = arena_new();
	buf_init(&s->trace, 4 << 20);
	start_controller(s);
}

void sim_done(struct sim *s)
{
	reconcile_free(s->r);
	arena_free(s->arena);
	arena_free(s->event);
	buf_done(&s->trace);
}
