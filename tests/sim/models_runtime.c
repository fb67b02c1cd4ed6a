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
	bool is_borrowed; /* inner is not closed with it */
	struct models *m;
	unsigned number;
	bool is_inside;
};

static struct seat *of(struct runtime *rt)
{
	return (struct seat *)rt;
}

static bool is_hcs(const struct models *m, unsigned runtime)
{
	return m->hcs && runtime == 1;
}

/* HCS's own, which waits for processes of this machine. */
static bool is_real(const struct seat *s)
{
	return s->is_inside && is_hcs(s->m, s->number);
}

/* Its shim knows who has gone; another one may be there already. */
static int refuse_late(const struct seat *s, struct error *err)
{
	if (!is_real(s) || !s->m->call || !models_pool_life(s->m)->is_dead)
		return 0;
	return error_set(err, ERR_UNAVAILABLE, 0, "who asked has gone");
}

static void enter(const struct seat *s)
{
	s->m->is_real = is_real(s);
}

static void leave(const struct seat *s)
{
	s->m->is_real = false;
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
	if (is_real(s))
		return RUNTIME_ALREADY; /* its host has one image */
	return s->inner->ops->stage(s->inner, digest, deadline, err);
}

static int seat_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct seat *s = of(rt);

	int r = refuse_late(s, err);

	s->m->n_looks += !s->is_inside;
	if (r < 0)
		return r;
	enter(s);
	r = s->inner->ops->list(s->inner, a, ret, err);
	leave(s);
	return r;
}

static int seat_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
			struct error *err)
{
	struct seat *s = of(rt);
	int r = refuse_late(s, err);

	if (r < 0)
		return r;
	enter(s);
	r = s->inner->ops->inspect(s->inner, id, a, ret, err);
	leave(s);
	return r;
}

/* Whether a process minds its stop signal is its own nature; HCS takes it away with its system. */
static int make(struct seat *s, const struct instance_spec *spec, struct mono deadline,
		struct arena *a, struct instance *ret, struct error *err)
{
	struct instance_spec own = *spec;
	int r;

	if (is_real(s))
		own = models_hcs_spec(s->m, spec, a);
	enter(s);
	r = s->inner->ops->create(s->inner, &own, deadline, a, ret, err);
	leave(s);
	if (r == 0 && !is_real(s) && (spec->generation * 7 + spec->slot) % 4 == 0)
		models_must(s->m, runtime_memory_deafen(s->inner, spec->id, err), err);
	return r;
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
	r = refuse_late(s, err);
	if (r < 0)
		return r;
	check_intent(s->m, STEP_CREATE, spec->id);
	models_law_create(s->m, s->number, spec);
	r = make(s, spec, deadline, a, ret, err);
	if (r == 0)
		models_law_created(s->m, s->number, spec);
	return r;
}

/* 0: it may be done. */
static int before(struct seat *s, enum step_kind kind, const char *id, int sig, struct error *err)
{
	int r = refuse_late(s, err);

	if (r < 0)
		return r;
	if (!s->is_inside) {
		models_law_asked(s->m, kind, id, sig);
		return 0;
	}
	check_intent(s->m, kind, id);
	models_law_step(s->m, kind, id, sig);
	enter(s);
	return 0;
}

/* An end that it brings comes by itself, in a real process' time. */
static bool brings_end(const struct seat *s, enum step_kind kind, const struct models_instance *mi)
{
	const struct wish_service *ws =
		&models_law_now(s->m, mi->deployment)->services[mi->service];

	if (kind == STEP_START)
		return mi->state == INSTANCE_CREATED && ws->is_job;
	return kind == STEP_SIGNAL && models_law_lives(mi);
}

static int after(struct seat *s, enum step_kind kind, const char *id, int r)
{
	const struct models_instance *mi = models_law_find(s->m, id);
	bool must_end;

	leave(s);
	if (!s->is_inside || r != 0)
		return r;
	must_end = is_real(s) && brings_end(s, kind, mi);
	models_law_stepped(s->m, kind, id);
	if (must_end)
		models_hcs_await(s->m, id);
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
	int r = before(s, STEP_START, id, 0, err);

	if (r < 0)
		return r;
	r = after(s, STEP_START, id, s->inner->ops->start(s->inner, id, deadline, err));
	if (s->is_inside && r == 0)
		fall_ill(s, id);
	return r;
}

static int seat_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct seat *s = of(rt);

	int r = before(s, STEP_SIGNAL, id, sig, err);

	return r < 0 ? r : after(s, STEP_SIGNAL, id, s->inner->ops->signal(s->inner, id, sig, err));
}

static int seat_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct seat *s = of(rt);

	int r = before(s, STEP_REMOVE, id, 0, err);

	return r < 0 ? r
		     : after(s, STEP_REMOVE, id,
			     s->inner->ops->remove(s->inner, id, deadline, err));
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
	if (!of(rt)->is_borrowed)
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

	static const unsigned caps[MODELS_RUNTIMES] = {
		RUNTIME_CAP_UPDATE | RUNTIME_CAP_LINUX | RUNTIME_CAP_ADDRESS,
		RUNTIME_CAP_WINDOWS | RUNTIME_CAP_ADDRESS,
	};

	s->base = (struct runtime){ &seat_ops, take->name, caps[i], NULL };
	s->inner = take;
	s->m = m;
	s->number = i;
	s->is_inside = is_inside;
	return &s->base;
}

void models_runtime_exited(struct models *m, const struct runtime_exit *e)
{
	struct models_event *news;

	models_law_exited(m, e->id, e->has_code, e->code);
	news = models_push(m, MODELS_EXIT, models_up_to(m, CLOCK_SEC / 2));
	snprintf(news->id, sizeof(news->id), "%s", e->id);
	news->has_code = e->has_code;
	news->code = e->code;
}

void models_runtime_end(struct models *m, const struct models_instance *mi, int code)
{
	struct error err = ERROR_INIT;

	if (is_hcs(m, mi->runtime))
		models_hcs_end(m, mi->id);
	else
		models_must(m, runtime_memory_exit(m->life->model[mi->runtime], mi->id, code, &err),
			    &err);
}

static void on_exited(void *arg, const struct runtime_exit *e)
{
	models_runtime_exited(arg, e);
}

static struct runtime *open_memory(struct models *m, unsigned i)
{
	const struct runtime_sink sink = { on_exited, NULL, m };
	struct buf path CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	struct error err = ERROR_INIT;
	struct runtime *rt = NULL;

	buf_printf(&path, "%s/%s.json", m->dir, models_wish_runtimes[i]);
	models_must(m, runtime_memory_open(path.data, &sink, &rt, &err), &err);
	rt->name = models_wish_runtimes[i];
	return rt;
}

struct runtime *models_runtime_open(struct models *m, struct models_life *life, unsigned i)
{
	const struct runtime_fault_options o = { .seed = rand_next(&m->rng) };
	struct runtime *inside;

	life->model[i] = is_hcs(m, i) ? models_hcs_open(m) : open_memory(m, i);
	inside = take_seat(m, i, life->model[i], true);
	((struct seat *)inside)->is_borrowed = is_hcs(m, i);
	life->fault[i] = runtime_fault_new(inside, &o);
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
		for (unsigned k = 0; !is_hcs(m, i) && k < MODELS_STRANGERS; k++)
			make_stranger(m, i, names[k]);
}
