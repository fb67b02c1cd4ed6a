/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver and disk of the simulation: feeds one event, keeps the driver's law (persist, act,
 * report), and tells the oracle what the controller is told. Knows no weather and no chaos.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "specs/runtime_id.h"
#include "tests/sim/sim.h"

bool sim_chance(struct sim *s, unsigned percent)
{
	return rand_next(&s->rng) % 100 < percent;
}

unsigned sim_below(struct sim *s, unsigned n)
{
	return (unsigned)(rand_next(&s->rng) % n);
}

struct wall sim_wall(const struct sim *s)
{
	return (struct wall){ s->now_us + s->wall_us };
}

void sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	sim_story_tell(s->story, s->now_us, fmt, ap);
	va_end(ap);
}

void sim_die(struct sim *s, const char *what)
{
	sim_story_die(s->story, what);
}

/* --- slots --- */

int sim_slot_index(const char *service, uint32_t number)
{
	int i = wish_service_index(service);
	return i < 0 || number >= WISH_REPLICAS ? -1 : i * WISH_REPLICAS + (int)number;
}

const struct wish_service *sim_wanted(const struct sim *s, size_t slot)
{
	const struct wish_service *ws = &s->wish.services[slot / WISH_REPLICAS];
	return ws->is_there && slot % WISH_REPLICAS < ws->replicas ? ws : NULL;
}

const struct wish_service *sim_service(const struct sim *s, unsigned service)
{
	const struct wish_service *now = &s->wish.services[service];
	const struct wish_service *before = &s->wish_before.services[service];
	return now->is_there ? now : before->is_there ? before : NULL;
}

/* --- what the update asks for --- */

struct world_op sim_op(struct sim *s, const struct reconcile_run *run)
{
	const struct step *step = &run->step;
	struct world_op op;
	int service = wish_service_index(step->service);
	int runtime = wish_runtime_index(step->runtime);
	struct runtime_id id = { 0 };

	if (strcmp(step->deployment, WISH_DEPLOYMENT) != 0 || service < 0 ||
	    step->slot >= WISH_REPLICAS || runtime < 0 || !step->cause)
		sim_die(s, "a step about nothing that exists");
	op = (struct world_op){ .ticket = run->ticket,
				.kind = step->kind,
				.wish = s->n_wishes,
				.signal = step->signal,
				.what = { .service = (unsigned)service,
					  .slot = step->slot,
					  .runtime = (unsigned)runtime } };
	if (step->digest && wish_digest_index(step->digest) >= 0)
		op.what.image = (unsigned)wish_digest_index(step->digest);
	if (step->instance_id) {
		if (!runtime_id_parse(step->instance_id, &id) || id.slot != step->slot ||
		    strcmp(id.deployment, step->deployment) != 0 ||
		    strcmp(id.service, step->service) != 0)
			sim_die(s, "a step with an id that is not its slot's");
		snprintf(op.what.id, sizeof(op.what.id), "%s", step->instance_id);
		op.what.generation = id.generation;
	}
	if (step->spec && !wish_hash_parse(step->spec->config_hash, &op.what.config))
		sim_die(s, "a step with a hash nobody wished for");
	return op;
}

static void run_step(struct sim *s, const struct reconcile_run *run)
{
	struct world_op op = sim_op(s, run);
	sim_trace(s, "%s %s-rep-%u.%llu%s: %s", step_kind_to_string(op.kind), run->step.service,
		  op.what.slot, (unsigned long long)op.what.generation,
		  op.signal == 9 ? " KILL" : "", run->step.cause);
	sim_check_step(s, &op, &run->step);
	told_step(s, &op);
	s->n_steps++;
	s->n_in_flight[op.what.runtime]++;
	sim_carry_out(s, &op);
}

static void look(struct sim *s)
{
	s->is_looking = true;
	s->owes_look = false;
	s->look++;
	s->n_looks++;
	sim_trace(s, "look");
	(void)sim_push(s, SIM_TAKE, 1000 + sim_below(s, CLOCK_SEC));
}

/* Persist: all of it, or nothing and the end. How many of the steps are begun. */
static size_t commit(struct sim *s, const struct reconcile_update *up)
{
	enum sim_crash_due due = up->n_slots || up->n_steps ? s->crash_due : SIM_CRASH_NOT;

	s->disk->save(s, up);
	s->disk->intents(s, up);
	if (due == SIM_CRASH_BEFORE_WRITE && s->has_before) {
		memcpy(s->told, s->told_before, sizeof(s->told));
		s->is_crashed = true;
		return 0;
	}
	s->disk->commit(s);
	s->is_crashed = due == SIM_CRASH_AFTER_WRITE;
	if (!s->is_crashed)
		return up->n_steps;
	size_t n = up->n_steps ? sim_below(s, (unsigned)up->n_steps) : 0;
	for (size_t i = n; i < up->n_steps; i++) {
		struct world_op op = sim_op(s, &up->steps[i]);
		told_commit(s, &op);
	}
	return n;
}

static void act(struct sim *s, const struct reconcile_update *up)
{
	size_t n_steps;
	sim_check_update(s, up);
	n_steps = commit(s, up);
	for (size_t i = 0; i < up->n_notes; i++)
		sim_trace(s, "  %s", up->notes[i].text);
	for (size_t i = 0; i < n_steps; i++)
		run_step(s, &up->steps[i]);
	if (s->is_crashed)
		return;
	if (up->flags & RECONCILE_OBSERVE)
		look(s);
	s->wake = up->wake;
	s->overall = up->overall;
	sim_check_settled(s, up);
}

static void feed(struct sim *s, struct reconcile_event *ev)
{
	struct reconcile_capacity room[WISH_RUNTIMES];
	struct reconcile_update up;
	for (unsigned i = 0; i < WISH_RUNTIMES; i++) {
		unsigned taken = s->n_in_flight[i] + s->n_others[i];
		room[i].runtime = wish_runtime(i);
		room[i].n = taken < SIM_WORKERS ? SIM_WORKERS - taken : 0;
	}
	ev->now.us = s->now_us;
	ev->wall = sim_wall(s);
	ev->boot.us = s->now_us - s->boot_us + CLOCK_SEC;
	ev->capacity = room;
	ev->n_capacity = WISH_RUNTIMES;
	reconcile_step(s->r, ev, &up);
	act(s, &up);
	arena_reset(s->event);
	if (!s->is_crashed)
		return;
	s->is_crashed = false;
	sim_trace(s, "# at the write:");
	sim_crash(s, false);
}

/* A turn of the driver: what happened is written with what is decided about it. */
static void begin(struct sim *s)
{
	s->disk->begin(s);
}

void sim_tell(struct sim *s, struct reconcile_event *ev)
{
	begin(s);
	feed(s, ev);
}

void sim_edit(struct sim *s, struct slot *slot)
{
	const struct slot *list[] = { slot };
	const struct reconcile_update up = { .slots = list, .n_slots = 1 };
	s->disk->begin(s);
	s->disk->save(s, &up);
	s->disk->commit(s);
}

static void feed_wish(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_DESIRED, .desired = &s->desired };
	struct slot *slots = arena_array(s->event, SIM_SLOTS, sizeof(*slots));
	ev.n_slots = s->disk->load(s, slots);
	ev.slots = slots;
	told_wish(s);
	begin(s);
	feed(s, &ev);
}

/* A wish is kept until no step made from it is under way, as the driver promises, and no longer. */
static void retire(struct sim *s)
{
	if (s->n_retired == SIM_RETIRED)
		sim_die(s, "too many wishes at a time");
	s->retired[s->n_retired++] = s->home;
	s->home = arena_new();
	s->home_since = s->n_wishes;
}

static void free_retired(struct sim *s)
{
	for (size_t i = 0; i < s->n_events; i++)
		if (s->events[i].type == SIM_REPORT && s->events[i].op.wish < s->home_since)
			return;
	while (s->n_retired)
		arena_free(s->retired[--s->n_retired]);
}

/* --- the queue --- */

struct sim_event *sim_push(struct sim *s, enum sim_event_type type, int64_t delay_us)
{
	if (s->n_events == SIM_EVENTS)
		sim_die(s, "too many events under way");
	struct sim_event *e = &s->events[s->n_events++];
	*e = (struct sim_event){ .type = type,
				 .due_us = s->now_us + delay_us,
				 .sequence = ++s->sequence };
	return e;
}

static void on_report(struct sim *s, const struct sim_event *e)
{
	struct reconcile_event ev = { .type = RECONCILE_STEP_DONE };
	const struct world_instance *wi = NULL;
	struct instance is;

	ev.done = (struct reconcile_step_done){ .ticket = e->op.ticket, .code = e->code };
	s->n_in_flight[e->op.what.runtime]--;
	if (e->op.kind == STEP_CREATE && e->code >= 0)
		wi = world_find(&s->world, e->op.what.id);
	if (wi) {
		world_show(wi, &is);
		ev.done.instance = &is;
	}
	if (e->code < 0) {
		sim_trace(s, "%s %s-rep-%u.%llu -> %s", step_kind_to_string(e->op.kind),
			  wish_service(e->op.what.service), e->op.what.slot,
			  (unsigned long long)e->op.what.generation,
			  error_name((enum error_code) - e->code));
		ev.done.message = "injected";
	}
	begin(s);
	s->disk->report(s, &e->op, e->code, wi);
	told_report(s, &e->op, e->code, wi);
	feed(s, &ev);
	free_retired(s);
}

/* One that has no name may be any. */
static void read_silence(struct sim *s, const struct observed *seen)
{
	for (int i = 0; i < WISH_RUNTIMES; i++) {
		s->is_silent[i] = seen->partial && !seen->n_silent;
		for (size_t k = 0; seen->partial && k < seen->n_silent; k++)
			s->is_silent[i] = s->is_silent[i] || !seen->silent[k] ||
					  wish_runtime_index(seen->silent[k]) == i;
	}
}

/* What of it is ours, as the oracle reads it. */
static void read_look(struct sim *s, const struct observed *seen)
{
	s->seen.n = 0;
	s->snapshot_partial = seen->partial;
	read_silence(s, seen);
	for (size_t i = 0; i < seen->n; i++) {
		struct world_instance wi;
		if (world_read(&seen->instances[i], &wi) && !world_put(&s->seen, &wi))
			sim_die(s, "a look that sees more than there can be");
	}
}

static void on_look(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_OBSERVED, .message = "injected" };
	struct observed seen = { 0 };
	begin(s);
	s->is_looking = false;
	if (s->disk->look(s, &seen)) {
		read_look(s, &seen);
		told_look(s);
		ev.observed = &seen;
	}
	sim_trace(s, "look -> %s",
		  !ev.observed          ? "failed"
		  : s->snapshot_partial ? "in part"
					: "ok");
	s->no_look_us = 0;
	if (!ev.observed || s->snapshot_partial) {
		s->no_look_us = s->now_us + CLOCK_SEC;
		s->owes_look = false; /* it looks again anyway */
	}
	feed(s, &ev);
}

static void on_exit_of(struct sim *s, const struct sim_event *e)
{
	struct sim_event *told;
	if (!world_exit(&s->world, e->op.what.id, e->code, sim_wall(s)))
		return;
	sim_trace(s, "# %s ends with %d", e->op.what.id, e->code);
	told = sim_push(s, SIM_EXITED, 1000 + sim_below(s, CLOCK_SEC / 2));
	told->op = e->op;
	told->code = e->code;
}

static void on_exited(struct sim *s, const struct sim_event *e)
{
	struct reconcile_event ev = { .type = RECONCILE_EXITED,
				      .instance_id = e->op.what.id,
				      .has_exit_code = true,
				      .exit_code = e->code };
	if (sim_chance(s, s->weather.percent / 4)) /* the news is lost, and that is known */
		ev = (struct reconcile_event){ .type = RECONCILE_LOST };
	else
		told_exited(s, &e->op.what, e->code);
	begin(s);
	if (ev.type == RECONCILE_EXITED)
		s->disk->exited(s, &e->op.what, e->code);
	feed(s, &ev);
}

static void on_room(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_CAPACITY };
	for (unsigned i = 0; i < WISH_RUNTIMES; i++)
		s->n_others[i] = 0;
	sim_tell(s, &ev);
}

static void deliver(struct sim *s, const struct sim_event *e)
{
	switch (e->type) {
	case SIM_EFFECT:
		sim_effect(s, e);
		break;
	case SIM_REPORT:
		on_report(s, e);
		break;
	case SIM_TAKE:
		sim_take(s);
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
	case SIM_ROOM:
		on_room(s);
		break;
	}
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

static void on_wake(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_TIMER };
	s->n_idle = s->wake.us > s->now_us ? 0 : s->n_idle + 1;
	if (s->n_idle > 3)
		sim_die(s, "a timer that is always due");
	s->now_us = s->wake.us;
	sim_tell(s, &ev);
}

void sim_tick(struct sim *s)
{
	size_t i = earliest(s);
	s->has_before = s->crash_due == SIM_CRASH_BEFORE_WRITE;
	if (s->has_before)
		memcpy(s->told_before, s->told, sizeof(s->told));
	if (i < SIM_EVENTS && (s->wake.us == 0 || s->events[i].due_us <= s->wake.us)) {
		struct sim_event e = s->events[i];
		s->events[i] = s->events[--s->n_events];
		s->now_us = e.due_us;
		deliver(s, &e);
	} else if (s->wake.us) {
		on_wake(s);
	} else if (!sim_end_job(s)) { /* nothing at all is to come: let time pass */
		sim_check_asleep(s);
		s->now_us += CLOCK_SEC;
	}
	s->has_before = false;
}

/* --- events from outside --- */

void sim_submit(struct sim *s, const struct wish *w)
{
	s->wish_before = s->wish;
	s->wish = *w;
	s->n_wishes++;
	retire(s);
	wish_expand(&s->wish, &s->wish_before, s->home, &s->desired);
	s->disk->wish(s);
	sim_trace(s, "# a new wish, %zu slots", s->desired.n);
	for (size_t i = 0; i < SIM_SLOTS; i++) /* a new revision may try once more */
		s->told[i].has_failed = false;
	feed_wish(s);
	free_retired(s);
}

void sim_by_hand(struct sim *s, size_t first, size_t n, enum reconcile_event_type type)
{
	static const char *const words[] = { [RECONCILE_HOLD] = "stopped",
					     [RECONCILE_RELEASE] = "started",
					     [RECONCILE_RESTART] = "to be restarted" };
	struct scope_item *items = arena_array(s->event, n, sizeof(*items));
	const struct scope scope = { items, n };
	struct reconcile_event ev = { .type = type, .scope = &scope };

	for (size_t i = 0; i < n; i++) {
		size_t slot = first + i;
		items[i] = (struct scope_item){ wish_service((unsigned)(slot / WISH_REPLICAS)),
						true, (uint32_t)(slot % WISH_REPLICAS) };
		if (!sim_wanted(s, slot))
			continue;
		sim_trace(s, "# %s-rep-%u is %s by hand", items[i].service, items[i].slot,
			  words[type]);
		told_by_hand(s, slot, type);
	}
	sim_tell(s, &ev);
}

static void start_controller(struct sim *s)
{
	char boot_id[16];
	snprintf(boot_id, sizeof(boot_id), "b%u", s->n_boots);
	struct reconcile_options o = { .seed = rand_next(&s->rng),
				       .boot_id = boot_id,
				       .resync_us = s->resync_us };
	s->r = reconcile_new(&o);
	s->wake.us = 0;
	s->is_looking = s->has_before = false;
	s->crash_due = SIM_CRASH_NOT;
	s->look = 0;
	for (unsigned i = 0; i < WISH_RUNTIMES; i++)
		s->n_in_flight[i] = 0;
}

/* What is under way in a runtime goes on without the controller, and nobody hears of it. */
static void cut_off(struct sim *s, bool is_reboot)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_events; i++) {
		struct sim_event *e = &s->events[i];
		e->is_awaited = false;
		if (e->type == SIM_ROOM ||
		    (!is_reboot && (e->type == SIM_EFFECT || e->type == SIM_EXIT)))
			s->events[n++] = *e;
	}
	s->n_events = n;
}

static void reboot(struct sim *s)
{
	for (size_t i = 0; i < s->world.n; i++)
		if (world_lives(&s->world.items[i]))
			s->world.items[i].state = INSTANCE_EXITED;
	s->n_boots++;
	s->boot_us = s->now_us;
}

void sim_crash(struct sim *s, bool is_reboot)
{
	sim_trace(s, is_reboot ? "# reboot" : "# crash and restart");
	s->n_crashes++;
	cut_off(s, is_reboot);
	if (is_reboot)
		reboot(s);
	s->disk->close(s, true);
	reconcile_free(s->r);
	s->disk->open(s);
	start_controller(s);
	told_forget(s, is_reboot);
	s->has_jumped = s->has_jumped && !is_reboot;
	s->n_wishes++;
	feed_wish(s);
}

void sim_ask(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_TRY_AGAIN };
	sim_trace(s, "# try again");
	told_ask(s);
	sim_tell(s, &ev);
	sim_check_asked(s);
}

void sim_init(struct sim *s, const struct sim_disk_ops *disk, struct sim_story *story)
{
	memset(s, 0, sizeof(*s));
	s->disk = disk;
	s->story = story;
	s->rng = story->seed;
	s->now_us = s->boot_us = 1000 * CLOCK_SEC;
	s->wall_us = INT64_C(1700000000) * CLOCK_SEC;
	s->home = arena_new();
	s->event = arena_new();
	/* Without a second look every lost wake-up shows. */
	s->resync_us = sim_chance(s, 50) ? 60 * CLOCK_SEC : 0;
	s->weather.has_lasting = sim_chance(s, 50);
	s->pace = 1U << sim_below(s, 4); /* long stories beside wild ones */
	s->disk->open(s);
	start_controller(s);
}

void sim_done(struct sim *s)
{
	s->disk->close(s, false);
	reconcile_free(s->r);
	while (s->n_retired)
		arena_free(s->retired[--s->n_retired]);
	arena_free(s->home);
	arena_free(s->event);
}
