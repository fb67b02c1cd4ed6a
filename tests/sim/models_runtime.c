/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two seats of the oracle around `fault`, one table for both: outside it hears what is asked,
 * inside it judges what takes effect, and writes down what came of it. And the models themselves.
 */
#include <string.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "base/rand.h"
#include "specs/runtime_id.h"
#include "specs/spec_service.h"
#include "store/intent_store.h"
#include "tests/sim/models.h"

struct seat {
	struct runtime base; /* first */
	struct runtime *inner;
	struct models *m;
	unsigned number;
	bool is_inside;
};

static struct seat *of(struct runtime *rt)
{
	return (struct seat *)rt;
}

/* --- the law of the driver --- */

/* Persist, then act: nothing happens to an instance that no open intent announces. */
static void check_intent(struct models *m, enum step_kind kind, const char *id)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct models_life *life = models_pool_life(m);
	struct intent_rows open = { 0 };
	struct error err = ERROR_INIT;

	if (life->is_dead)
		return; /* its connection is cut */
	models_must(m, intent_store_list(life->node.session->store, a, &open, &err), &err);
	for (size_t i = 0; i < open.n; i++)
		if (open.items[i].step == kind && open.items[i].runtime_id &&
		    strcmp(open.items[i].runtime_id, id) == 0)
			return;
	models_die(m, "does something that it has not written down before");
}

/* --- operations --- */

static int seat_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
		      struct error *err)
{
	return of(rt)->inner->ops->probe(of(rt)->inner, a, ret, err);
}

static int seat_stage(struct runtime *rt, const char *digest, struct mono deadline,
		      struct error *err)
{
	struct seat *s = of(rt);

	if (s->is_inside)
		models_law_stage(s->m, s->number, digest);
	return s->inner->ops->stage(s->inner, digest, deadline, err);
}

static int seat_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct seat *s = of(rt);

	s->m->n_looks += !s->is_inside;
	return s->inner->ops->list(s->inner, a, ret, err);
}

static int seat_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
			struct error *err)
{
	return of(rt)->inner->ops->inspect(of(rt)->inner, id, a, ret, err);
}

/* Whether a process minds its stop signal is its own nature. */
static void give_nature(struct seat *s, const struct instance_spec *spec)
{
	struct error err = ERROR_INIT;

	if ((spec->generation * 7 + spec->slot) % 4 == 0)
		models_must(s->m, runtime_memory_deafen(s->inner, spec->id, &err), &err);
}

static int seat_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		       struct arena *a, struct instance *ret, struct error *err)
{
	struct seat *s = of(rt);
	int r;

	if (!s->is_inside) {
		models_law_asked(s->m, STEP_CREATE, spec->id, 0);
		r = s->inner->ops->create(s->inner, spec, deadline, a, ret, err);
		if (r >= 0)
			models_law_answered(s->m, spec->id);
		return r;
	}
	check_intent(s->m, STEP_CREATE, spec->id);
	models_law_create(s->m, s->number, spec);
	r = s->inner->ops->create(s->inner, spec, deadline, a, ret, err);
	if (r == 0) {
		models_law_created(s->m, s->number, spec);
		give_nature(s, spec);
	}
	return r;
}

static void before(struct seat *s, enum step_kind kind, const char *id, int sig)
{
	if (!s->is_inside) {
		models_law_asked(s->m, kind, id, sig);
		return;
	}
	check_intent(s->m, kind, id);
	models_law_step(s->m, kind, id, sig);
}

static int after(struct seat *s, enum step_kind kind, const char *id, int r)
{
	if (s->is_inside && r == 0)
		models_law_stepped(s->m, kind, id);
	return r;
}

/* What a sick service runs dies soon, while the weather is bad. */
static void fall_ill(struct seat *s, const char *id)
{
	const struct models_instance *mi = models_law_find(s->m, id);
	const struct wish_service *ws =
		&models_law_now(s->m, mi->deployment)->services[mi->service];
	struct models_event *e;

	if (!ws->is_sick || s->m->is_calm || mi->state != INSTANCE_RUNNING)
		return;
	e = models_push(s->m, MODELS_END, models_up_to(s->m, 3 * CLOCK_SEC));
	snprintf(e->id, sizeof(e->id), "%s", id);
	e->code = 1;
}

static int seat_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct seat *s = of(rt);
	int r;

	before(s, STEP_START, id, 0);
	r = after(s, STEP_START, id, s->inner->ops->start(s->inner, id, deadline, err));
	if (s->is_inside && r == 0)
		fall_ill(s, id);
	return r;
}

static int seat_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct seat *s = of(rt);

	before(s, STEP_SIGNAL, id, sig);
	return after(s, STEP_SIGNAL, id, s->inner->ops->signal(s->inner, id, sig, err));
}

static int seat_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct seat *s = of(rt);

	before(s, STEP_REMOVE, id, 0);
	return after(s, STEP_REMOVE, id, s->inner->ops->remove(s->inner, id, deadline, err));
}

static int seat_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct seat *s = of(rt);
	int r;

	if (!s->is_inside)
		models_law_asked(s->m, STEP_UPDATE, spec->id, 0);
	if (!s->is_inside)
		return s->inner->ops->update(s->inner, spec, err);
	/* Of two changes the later one stays: one that comes after its life is refused. */
	if (models_pool_life(s->m)->is_dead)
		return error_set(err, ERR_UNAVAILABLE, 0, "who asked has gone");
	check_intent(s->m, STEP_UPDATE, spec->id);
	models_law_update(s->m, spec);
	r = s->inner->ops->update(s->inner, spec, err);
	if (r == 0)
		models_law_updated(s->m, spec);
	return r;
}

static int seat_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		     struct error *err)
{
	(void)x, (void)ret_code;
	return runtime_unsupported(rt, "exec", err);
}

static int seat_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		      struct error *err)
{
	return of(rt)->inner->ops->stats(of(rt)->inner, id, ret, err);
}

static void seat_close(struct runtime *rt)
{
	runtime_close(of(rt)->inner);
	free(rt);
}

static const struct runtime_ops seat_ops = {
	.name = "seat",
	.probe = seat_probe,
	.stage = seat_stage,
	.list = seat_list,
	.inspect = seat_inspect,
	.create = seat_create,
	.start = seat_start,
	.signal = seat_signal,
	.remove = seat_remove,
	.exec = seat_exec,
	.update = seat_update,
	.stats = seat_stats,
	.close = seat_close,
};

/* --- from the outside in --- */

static struct runtime *take_seat(struct models *m, unsigned i, struct runtime *take, bool is_inside)
{
	struct seat *s = xcalloc(1, sizeof(*s));

	s->base = (struct runtime){ &seat_ops, take->name, take->caps, NULL };
	s->inner = take;
	s->m = m;
	s->number = i;
	s->is_inside = is_inside;
	return &s->base;
}

/* An end, as its runtime tells it at that moment; the news of it take their time. */
static void on_exited(void *arg, const struct runtime_exit *e)
{
	struct models *m = arg;
	struct models_event *news;

	models_law_exited(m, e->id, e->has_code, e->code);
	news = models_push(m, MODELS_EXIT, models_up_to(m, CLOCK_SEC / 2));
	snprintf(news->id, sizeof(news->id), "%s", e->id);
	news->has_code = e->has_code;
	news->code = e->code;
}

static struct runtime *open_memory(struct models *m, unsigned i)
{
	static const unsigned caps[MODELS_RUNTIMES] = {
		RUNTIME_CAP_UPDATE | RUNTIME_CAP_LINUX | RUNTIME_CAP_ADDRESS,
		RUNTIME_CAP_WINDOWS | RUNTIME_CAP_ADDRESS,
	};
	const struct runtime_sink sink = { on_exited, NULL, m };
	struct buf path CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	struct error err = ERROR_INIT;
	struct runtime *rt = NULL;

	buf_printf(&path, "%s/%s.json", m->dir, models_wish_runtimes[i]);
	models_must(m, runtime_memory_open(path.data, &sink, &rt, &err), &err);
	rt->name = models_wish_runtimes[i];
	rt->caps = caps[i];
	return rt;
}

struct runtime *models_runtime_open(struct models *m, struct models_life *life, unsigned i)
{
	const struct runtime_fault_options o = { .seed = rand_next(&m->rng) };

	life->model[i] = open_memory(m, i);
	life->fault[i] = runtime_fault_new(take_seat(m, i, life->model[i], true), &o);
	return take_seat(m, i, life->fault[i], false);
}

/* --- strangers --- */

static void make_stranger(struct models *m, unsigned i, const char *deployment)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct service service = { .name = "s0" };
	const struct instance_spec spec = {
		.id = runtime_id_format(a, deployment, "s0", i, 1),
		.deployment = deployment,
		.service_name = "s0",
		.slot = i,
		.generation = 1,
		.owner = "somebody",
		.node_id = "somewhere",
		.config_hash = "h1:x",
		.image = "local/app:0",
		.digest = "memory:local/app:0",
		.service = &service,
	};
	struct error err = ERROR_INIT;
	struct instance made;

	models_must(m, runtime_create(m->life->model[i], &spec, (struct mono){ 0 }, a, &made, &err),
		    &err);
	models_must(m, runtime_start(m->life->model[i], spec.id, (struct mono){ 0 }, &err), &err);
}

void models_runtime_add_strangers(struct models *m)
{
	/* Names that begin as ours do. */
	static const char *const names[MODELS_STRANGERS] = { "simple", "sim-20" };

	for (unsigned i = 0; i < MODELS_RUNTIMES; i++)
		for (unsigned k = 0; k < MODELS_STRANGERS; k++)
			make_stranger(m, i, names[k]);
}
