/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweep as a chain of stages: what uses the store is done in a turn of the loop, what blocks in
 * the worker; the next stage begins when the one before has ended.
 */
#include "controller/run_sweep.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "controller/run_body.h"
#include "controller/sweep_json.h"

#define SHORTEST_US (5 * CLOCK_SEC) /* between sweeps, whatever the grace */

enum stage {
	STAGE_IDLE,
	STAGE_LOOK,      /* worker */
	STAGE_ACT,       /* worker */
	STAGE_LAST_LOOK, /* worker */
};

/* Somebody who asked for one. */
struct asker {
	struct asker *next;
	struct api_request *rq;
	struct arena *arena;
	struct sweep_options options;
};

struct sweeper {
	struct job job; /* first: the pool hands this back */
	struct run *run;
	struct pool *pool;
	struct arena *arena; /* of the one under way */
	struct sweep *sweep; /* the one under way; NULL: none */
	enum stage stage;
	bool is_working;       /* the worker has it */
	struct asker *current; /* who asked for it; NULL: nobody */
	struct asker *first, **last;
	struct mono due; /* of the next by itself; 0: not before everything was seen */
};

static void work(struct job *j)
{
	struct sweeper *s = (struct sweeper *)j;

	if (s->stage == STAGE_ACT)
		sweep_act(s->sweep);
	else
		sweep_look(s->sweep);
}

/* The job is the sweeper itself, which outlives its pool. */
static void keep(struct job *j)
{
	(void)j;
}

int sweeper_new(struct run *r, struct sweeper **ret, struct error *err)
{
	struct sweeper *s = xcalloc(1, sizeof(*s));
	int e;

	s->run = r;
	s->last = &s->first;
	s->job = (struct job){ .run = work, .drop = keep };
	e = pool_new(1, 1, loop_bell(r->loop), &s->pool, err);
	*ret = s;
	return e;
}

/* Two sweeps in a row must see a thing, and it must be older than the grace: more often is of no
 * use. */
static int64_t interval(const struct run *r)
{
	return r->o->orphan_grace_us > SHORTEST_US ? r->o->orphan_grace_us : SHORTEST_US;
}

/* --- who asks --- */

static struct asker *take_asker(struct sweeper *s)
{
	struct asker *a = s->first;

	if (!a)
		return NULL;
	s->first = a->next;
	if (!s->first)
		s->last = &s->first;
	return a;
}

static void free_asker(struct asker *a)
{
	arena_free(a->arena);
	free(a);
}

static void fail_asker(struct asker *a, const struct error *err)
{
	if (!a)
		return;
	api_reply_error(a->rq, err);
	free_asker(a);
}

void sweeper_end_all(struct sweeper *s, const char *why)
{
	struct error err = ERROR_INIT;

	(void)error_set(&err, ERR_UNAVAILABLE, 0, "%s", why);
	fail_asker(TAKE(s->current), &err);
	while (s->first)
		fail_asker(take_asker(s), &err);
}

void sweeper_free(struct sweeper *s)
{
	if (!s)
		return;
	pool_free(s->pool);
	sweeper_end_all(s, "the daemon stops");
	sweep_free(s->sweep);
	arena_free(s->arena);
	free(s);
}

static int read_mode(struct json_object *body, enum sweep_mode *ret, struct error *err)
{
	const char *word = NULL;
	int r = json_get_str(body, "mode", &word, err);

	*ret = SWEEP_REPORT;
	if (r)
		return r < 0 ? r : 0;
	for (int m = 0; m < SWEEP_N_MODES; m++)
		if (m != SWEEP_AUTO &&
		    strcmp(sweep_plan_mode_name((enum sweep_mode)m), word) == 0) {
			*ret = (enum sweep_mode)m;
			return 0;
		}
	return error_set(err, ERR_INVALID, 0, "mode '%s' is none of report, quarantine, delete",
			 word);
}

/* Only these ids, when there are any. */
static int read_only(struct json_object *body, struct asker *a, struct error *err)
{
	struct json_object *list;
	const char **only;
	int r = json_get_array(body, "only", &list, err);

	if (r || !json_object_array_length(list))
		return r < 0 ? r : 0;
	a->options.n_only = json_object_array_length(list);
	a->options.only = only = arena_array(a->arena, a->options.n_only, sizeof(*only));
	for (size_t i = 0; i < a->options.n_only; i++) {
		const char *id = NULL;

		r = json_str_at(list, i, &id, err);
		if (r < 0)
			return error_wrap(err, r, "only");
		only[i] = arena_strdup(a->arena, id);
	}
	return 0;
}

static int read_options(struct json_object *body, struct asker *a, struct error *err)
{
	int r = read_mode(body, &a->options.mode, err);

	if (r == 0)
		r = json_get_bool(body, "now", &a->options.is_now, err);
	if (r >= 0)
		r = read_only(body, a, err);
	return r < 0 ? error_wrap(err, r, "the request") : 0;
}

int run_sweep(struct request *q, struct error *err)
{
	static const char *const names[] = { "mode", "now", "only", NULL };
	struct json_object *body CLEAN(json) = NULL;
	struct sweeper *s = q->run->sweeper;
	struct asker *a;
	int r = run_need_driver(q, err);

	if (r == 0)
		r = run_body(q->rq, names, &body, err);
	if (r < 0)
		return r;
	a = xcalloc(1, sizeof(*a));
	a->arena = arena_new();
	a->rq = q->rq;
	a->options.by_person = true;
	a->options.grace_us = q->run->o->orphan_grace_us;
	r = read_options(body, a, err);
	if (r < 0) {
		free_asker(a);
		return r;
	}
	*s->last = a;
	s->last = &a->next;
	return 0;
}

/* --- one sweep --- */

static void finish(struct sweeper *s)
{
	sweep_free(TAKE(s->sweep));
	arena_free(TAKE(s->arena));
	s->stage = STAGE_IDLE;
	s->due = mono_add(s->run->now, interval(s->run));
}

static void fail(struct sweeper *s, const struct error *err)
{
	log_error(LOG_ERROR, err, "step=sweep");
	fail_asker(TAKE(s->current), err);
	finish(s);
}

static void tell(struct sweeper *s, const struct sweep_result *result)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct asker *a = TAKE(s->current);

	for (int e = 0; e < SWEEP_N_ENDS; e++)
		if (result->counts[e] && e != SWEEP_END_LEFT)
			log_line(e == SWEEP_END_STUCK ? LOG_WARN : LOG_INFO,
				 "step=sweep msg=%zu %s", result->counts[e],
				 sweep_wave_end_name((enum sweep_end)e));
	if (!a)
		return;
	doc = sweep_json_document(result);
	api_reply_json(a->rq, 200, doc);
	free_asker(a);
}

static void give_to_worker(struct sweeper *s, enum stage stage)
{
	s->stage = stage;
	s->is_working = pool_submit(s->pool, &s->job);
	assert(s->is_working); /* there is one at most */
}

/* 0, or what the store says. */
static int look(struct sweeper *s, enum stage stage, struct error *err)
{
	int r = sweep_prepare(s->sweep, err);

	if (r == 0)
		give_to_worker(s, stage);
	return r;
}

static int end(struct sweeper *s, struct error *err)
{
	struct sweep_result result;
	int r = sweep_finish(s->sweep, &result, err);

	if (r < 0)
		return r;
	tell(s, &result);
	finish(s);
	return 0;
}

/* The next wave, or the last look, or the end. */
static int go_on(struct sweeper *s, struct error *err)
{
	int r;

	/* What is written down and not done is finished by the next sweep. */
	if (s->run->is_stopping)
		return error_set(err, ERR_UNAVAILABLE, 0, "the daemon stops");
	r = sweep_next(s->sweep, err);
	if (r == SWEEP_MORE)
		give_to_worker(s, STAGE_ACT);
	else if (r == 0 && sweep_has_acted(s->sweep))
		r = look(s, STAGE_LAST_LOOK, err);
	else if (r == 0)
		r = end(s, err);
	return r < 0 ? r : 0;
}

/* What follows a stage of the worker. */
static int step(struct sweeper *s, struct error *err)
{
	int r = 0;

	switch (s->stage) {
	case STAGE_LOOK:
		r = sweep_decide(s->sweep, err);
		if (r == SWEEP_AGAIN)
			return look(s, STAGE_LOOK, err);
		return r < 0 ? r : go_on(s, err);
	case STAGE_ACT:
		r = sweep_record(s->sweep, err);
		return r < 0 ? r : go_on(s, err);
	case STAGE_LAST_LOOK:
		r = sweep_verify(s->sweep, err);
		return r < 0 ? r : end(s, err);
	case STAGE_IDLE:
		break;
	}
	return r;
}

static bool is_due(const struct sweeper *s)
{
	return s->due.us && mono_cmp(s->run->now, s->due) >= 0;
}

static int begin(struct sweeper *s, struct error *err)
{
	struct sweep_options o = { .mode = SWEEP_AUTO, .grace_us = s->run->o->orphan_grace_us };

	s->current = take_asker(s);
	if (s->current)
		o = s->current->options;
	s->arena = arena_new();
	s->sweep = sweep_new(s->run->session, &o, s->arena);
	return look(s, STAGE_LOOK, err);
}

void sweeper_turn(struct sweeper *s)
{
	struct error err = ERROR_INIT;
	struct run *r = s->run;
	int e = 0;

	if (!s->due.us && r->is_ready)
		s->due = mono_add(r->now, interval(r));
	if (s->is_working && !pool_take_done(s->pool))
		return;
	if (s->is_working) {
		s->is_working = false;
		e = step(s, &err);
	} else if (r->driver && r->is_ready && !r->is_stopping && (s->first || is_due(s))) {
		e = begin(s, &err);
	}
	if (e < 0)
		fail(s, &err);
}

struct mono sweeper_wake(const struct sweeper *s)
{
	return s->sweep ? (struct mono){ 0 } : s->due;
}

bool sweeper_is_idle(const struct sweeper *s)
{
	return !s->is_working;
}
