/* SPDX-License-Identifier: Apache-2.0 */
/* The model. Knows the core's value types and the words of its plan, none of its rules. */
#include "tests/controller/core_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"

enum { ABSENT = 1, ALREADY = 2, GONE = 3 }; /* outcomes, as backends/runtime.h has them */

void core_world_init(struct core_world *w)
{
	*w = (struct core_world){ .arena = arena_new(), .last_pid = 100 };
}

void core_world_done(struct core_world *w)
{
	arena_free(w->arena);
}

const char *core_world_id(struct core_world *w, const char *name)
{
	return arena_printf(w->arena, CORE_WISH_DEPLOYMENT ".%s", name);
}

struct instance *core_world_find(struct core_world *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->items[i].id, id) == 0)
			return &w->items[i];
	return NULL;
}

struct instance *core_world_get(struct core_world *w, const char *name)
{
	struct instance *is = core_world_find(w, core_world_id(w, name));
	if (!is)
		fail_msg("%s is not there", name);
	return is;
}

static bool is_alive(const struct instance *is)
{
	return is->state == INSTANCE_RUNNING || is->state == INSTANCE_PAUSED ||
	       is->state == INSTANCE_CREATED || (is->state == INSTANCE_BROKEN && is->pid > 0);
}

/* --- images and generations --- */

static bool is_staged(const struct core_world *w, const char *runtime, const char *digest)
{
	for (size_t i = 0; i < w->n_staged; i++)
		if (strcmp(w->staged[i].runtime, runtime) == 0 &&
		    strcmp(w->staged[i].digest, digest) == 0)
			return true;
	return false;
}

static int stage(struct core_world *w, const struct step *s)
{
	if (is_staged(w, s->runtime, s->digest))
		return ALREADY;
	w->staged = arena_grow(w->arena, w->staged, w->n_staged, sizeof(*w->staged));
	w->staged[w->n_staged++] = (struct core_staged){
		arena_strdup(w->arena, s->runtime),
		arena_strdup(w->arena, s->digest),
	};
	return 0;
}

static struct core_used *find_used(struct core_world *w, const char *service, uint32_t slot)
{
	for (size_t i = 0; i < w->n_used; i++)
		if (w->used[i].slot == slot && strcmp(w->used[i].service, service) == 0)
			return &w->used[i];
	w->used = arena_grow(w->arena, w->used, w->n_used, sizeof(*w->used));
	w->used[w->n_used] = (struct core_used){ arena_strdup(w->arena, service), slot, 0 };
	return &w->used[w->n_used++];
}

static struct instance *add(struct core_world *w, const struct instance_spec *spec,
			    const char *runtime)
{
	struct core_used *used = find_used(w, spec->service_name, spec->slot);

	w->items = arena_grow(w->arena, w->items, w->n, sizeof(*w->items));
	w->items[w->n] = (struct instance){
		.id = arena_strdup(w->arena, spec->id),
		.deployment = arena_strdup(w->arena, spec->deployment),
		.service = arena_strdup(w->arena, spec->service_name),
		.slot = spec->slot,
		.generation = spec->generation,
		.runtime = arena_strdup(w->arena, runtime),
		.state = INSTANCE_CREATED,
		.pid = ++w->last_pid,
		.boot_id = "boot-1",
		.config_hash = arena_strdup(w->arena, spec->config_hash),
		.image = arena_strdup(w->arena, spec->image),
		.digest = arena_strdup(w->arena, spec->digest),
		.created = w->now,
	};
	if (used->generation < spec->generation)
		used->generation = spec->generation;
	return &w->items[w->n++];
}

/* --- steps --- */

static int create(struct core_world *w, const struct step *s)
{
	const struct instance_spec *spec = s->spec;

	if (!spec || !spec->service || !spec->config_hash || !spec->digest)
		fail_msg("create of %s without what it is made of", s->instance_id);
	if (core_world_find(w, spec->id))
		return ALREADY;
	if (!is_staged(w, s->runtime, spec->digest))
		fail_msg("%s is made of %s, which was not staged on %s", spec->id, spec->digest,
			 s->runtime);
	if (find_used(w, spec->service_name, spec->slot)->generation >= spec->generation)
		fail_msg("%s: a generation is used twice", spec->id);
	add(w, spec, s->runtime);
	return 0;
}

static int start(struct core_world *w, struct instance *is)
{
	if (!is)
		return -ERR_NOT_FOUND;
	if (is->state == INSTANCE_BROKEN)
		return -ERR_INVALID;
	if (is->state != INSTANCE_CREATED)
		return ALREADY;
	is->state = INSTANCE_RUNNING;
	is->started = w->now;
	return 0;
}

static int deliver(struct instance *is)
{
	if (!is)
		return ABSENT;
	if (!is_alive(is))
		return GONE;
	if (is->state == INSTANCE_PAUSED)
		is->state = INSTANCE_RUNNING;
	return 0;
}

static int update(struct core_world *w, const struct step *s, struct instance *is)
{
	if (!is)
		return -ERR_NOT_FOUND;
	if (!s->spec)
		fail_msg("update of %s without what it shall be", s->instance_id);
	if (is->state == INSTANCE_PAUSED)
		is->state = INSTANCE_RUNNING;
	is->altered = NULL;
	is->config_hash = arena_strdup(w->arena, s->spec->config_hash);
	return 0;
}

static int take_away(struct core_world *w, const struct instance *is)
{
	if (!is)
		return ABSENT;
	if (is_alive(is))
		return -ERR_CONFLICT;
	core_world_drop(w, is->id);
	return 0;
}

int core_world_step(struct core_world *w, const struct step *s)
{
	struct instance *is = s->instance_id ? core_world_find(w, s->instance_id) : NULL;

	switch (s->kind) {
	case STEP_STAGE:
		return stage(w, s);
	case STEP_CREATE:
		return create(w, s);
	case STEP_START:
		return start(w, is);
	case STEP_SIGNAL:
		return deliver(is);
	case STEP_UPDATE:
		return update(w, s, is);
	case STEP_REMOVE:
		return take_away(w, is);
	case STEP_N_KINDS:
		break;
	}
	return -ERR_INVALID;
}

bool core_world_exit(struct core_world *w, const char *id, int code)
{
	struct instance *is = core_world_find(w, id);

	if (!is || !is_alive(is))
		return false;
	is->state = INSTANCE_EXITED;
	is->pid = 0;
	is->has_exit_code = true;
	is->exit_code = code;
	is->finished = w->now;
	return true;
}

void core_world_drop(struct core_world *w, const char *id)
{
	struct instance *is = core_world_find(w, id);
	if (is)
		*is = w->items[--w->n];
}

struct observed core_world_view(const struct core_world *w, struct arena *a)
{
	struct observed o = { .instances = arena_array(a, w->n, sizeof(*o.instances)), .n = w->n };

	for (size_t i = 0; i < w->n; i++)
		o.instances[i] = w->items[i];
	observed_sort(&o);
	return o;
}

/* --- records --- */

static int compare_slots(const struct slot *s, const char *service, uint32_t number)
{
	int order = strcmp(s->service, service);
	return order ? order : (s->number > number) - (s->number < number);
}

struct slot *core_world_record(struct core_world *w, const char *service, uint32_t number)
{
	size_t i = 0;

	while (i < w->n_slots && compare_slots(&w->slots[i], service, number) < 0)
		i++;
	if (i < w->n_slots && compare_slots(&w->slots[i], service, number) == 0)
		return &w->slots[i];
	w->slots = arena_grow(w->arena, w->slots, w->n_slots, sizeof(*w->slots));
	memmove(&w->slots[i + 1], &w->slots[i], (w->n_slots++ - i) * sizeof(*w->slots));
	w->slots[i] = (struct slot){ .deployment = CORE_WISH_DEPLOYMENT,
				     .service = arena_strdup(w->arena, service),
				     .number = number };
	return &w->slots[i];
}

void core_world_save(struct core_world *w, const struct slot *record)
{
	struct slot *to = core_world_record(w, record->service, record->number);
	const char *service = to->service;

	*to = *record;
	to->deployment = CORE_WISH_DEPLOYMENT;
	to->service = service;
	to->boot_id = arena_strdup(w->arena, record->boot_id);
	to->done_hash = arena_strdup(w->arena, record->done_hash);
	to->reason = arena_strdup(w->arena, record->reason);
	to->hint = arena_strdup(w->arena, record->hint);
}

/* --- plans --- */

static struct instance_spec make_spec(const struct desired *d, const struct step *s,
				      struct arena *a)
{
	const char *slot = runtime_id_slot_name(a, s->service, s->slot);
	const struct expand_group *g = core_wish_slot(d, slot)->group;
	struct instance_spec spec = {
		.id = s->instance_id,
		.deployment = d->deployment,
		.service_name = s->service,
		.slot = s->slot,
		.config_hash = g->config_hash,
		.image = g->service->image.name,
		.digest = g->digest,
		.service = g->service,
	};
	struct runtime_id id;

	if (!runtime_id_parse(s->instance_id, &id))
		fail_msg("'%s' is no runtime id", s->instance_id);
	spec.generation = id.generation;
	return spec;
}

struct instance *core_world_put(struct core_world *w, const struct desired *d, const char *name)
{
	struct runtime_id id;
	struct step s = { .instance_id = core_world_id(w, name) };

	if (!runtime_id_parse(s.instance_id, &id))
		fail_msg("'%s' is no runtime id", s.instance_id);
	s.service = id.service;
	s.slot = id.slot;
	const char *slot = runtime_id_slot_name(w->arena, id.service, id.slot);
	struct instance_spec spec = make_spec(d, &s, w->arena);
	struct instance *is = add(w, &spec, core_wish_slot(d, slot)->group->route.runtime);
	(void)start(w, is); /* it was just made */
	return is;
}

struct plan core_world_plan(const struct core_world *w, const struct desired *d,
			    const struct core_asker *by, struct arena *a)
{
	struct observed *seen = arena_alloc(a, sizeof(*seen));
	struct plan_input in = {
		.desired = d,
		.observed = seen,
		.slots = w->slots,
		.n_slots = w->n_slots,
		.now = by->now,
		.is_asked = by->is_asked,
	};
	struct plan p;
	struct error err = ERROR_INIT;

	*seen = core_world_view(w, a);
	if (plan_compute(&in, a, &p, &err) < 0)
		fail_msg("plan: %s", err.msg);
	return p;
}

static void carry_out(struct core_world *w, const struct step *s)
{
	int r = core_world_step(w, s);

	if (r < 0 || (r > 0 && s->kind != STEP_STAGE))
		fail_msg("%s of %s is not possible: %s", step_kind_to_string(s->kind),
			 s->instance_id ? s->instance_id : s->digest,
			 r < 0 ? error_name((enum error_code) - r) : "it is so already");
	if (s->kind == STEP_SIGNAL)
		core_world_exit(w, s->instance_id, 128 + s->signal);
}

void core_world_carry_out(struct core_world *w, const struct plan *p, const struct desired *d)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		struct step s = p->steps[i];
		struct instance_spec spec;

		if (s.kind == STEP_CREATE || s.kind == STEP_UPDATE) {
			spec = make_spec(d, &s, w->arena);
			s.spec = &spec;
		}
		if (s.kind == STEP_CREATE)
			core_world_record(w, s.service, s.slot)->generation = spec.generation;
		carry_out(w, &s);
	}
}

void core_world_expect(const struct core_world *w, const struct desired *d, const char *when)
{
	if (w->n != d->n)
		fail_msg("%s: %zu instances for %zu slots", when, w->n, d->n);
	for (size_t i = 0; i < d->n; i++) {
		const struct desired_slot *s = &d->slots[i];
		const struct instance *is = NULL;
		for (size_t k = 0; k < w->n; k++)
			if (w->items[k].slot == s->number &&
			    strcmp(w->items[k].service, s->service) == 0)
				is = &w->items[k];
		if (!is)
			fail_msg("%s: %s-rep-%u is not there", when, s->service, s->number);
		if (is->state != INSTANCE_RUNNING)
			fail_msg("%s: %s is %s", when, is->id, instance_state_to_string(is->state));
		if (strcmp(is->config_hash, s->group->config_hash) != 0 ||
		    strcmp(is->runtime, s->group->route.runtime) != 0)
			fail_msg("%s: %s is of another configuration", when, is->id);
	}
}
