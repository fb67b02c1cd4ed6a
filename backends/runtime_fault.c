/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation is begin, the inner one's own, end. begin counts the call, asks the plan, and
 * fails it before its effect; end fails it after. Knows nothing of instances but how to leave some
 * out of a list.
 */
#include "backends/runtime_fault.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "backends/leftovers.h"
#include "base/rand.h"

#define NO_DEADLINE_US (30 * CLOCK_SEC) /* as a remote runtime gives a question */
#define CANCEL_POLL_US (10 * CLOCK_MS)  /* how often a hanging exec looks at its caller's flag */

struct fault {
	struct runtime rt;
	struct runtime *inner;
	int64_t hang_us;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct fault_rule *rules;
	size_t n_rules;
	uint64_t rng;
	uint64_t calls[FAULT_OP_ANY + 1];
	uint64_t hits;
	unsigned n_hanging;
	uint64_t plan; /* number of the plan: changes end hanging calls */
	bool cancelled;
};

/* What the plan says of one call. */
struct verdict {
	bool is_hit;
	enum fault_kind kind;
	enum error_code code;
};

static struct fault *of(struct runtime *rt)
{
	return (struct fault *)rt;
}

const char *runtime_fault_op_name(enum fault_op op)
{
	static const char *const names[] = {
#define X(id, name) [FAULT_OP_##id] = name,
		FAULT_OPS(X)
#undef X
			[FAULT_OP_ANY] = "any",
	};

	return names[op];
}

const char *runtime_fault_kind_name(enum fault_kind kind)
{
	static const char *const names[FAULT_N_KINDS] = {
#define X(id, name) [FAULT_##id] = name,
		FAULT_KINDS(X)
#undef X
	};

	return names[kind];
}

/* --- the plan ------------------------------------------------------------------------ */

static bool fits(struct fault *f, const struct fault_rule *rule, enum fault_op op)
{
	uint64_t nth = f->calls[rule->op];
	uint64_t first = rule->first ? rule->first : 1;

	if (rule->op != FAULT_OP_ANY && rule->op != op)
		return false;
	if ((rule->kind == FAULT_PARTIAL || rule->kind == FAULT_SHORT) && op != FAULT_OP_LIST &&
	    op != FAULT_OP_LEFT_LIST)
		return false;
	if (nth < first || (rule->n && nth - first >= rule->n))
		return false;
	return rule->percent == 0 || rand_next(&f->rng) % 100 < rule->percent;
}

static struct verdict judge(struct fault *f, enum fault_op op)
{
	for (size_t i = 0; i < f->n_rules; i++) {
		const struct fault_rule *rule = &f->rules[i];

		if (fits(f, rule, op)) {
			f->hits++;
			return (struct verdict){ true, rule->kind,
						 rule->code ? rule->code : ERR_UNAVAILABLE };
		}
	}
	return (struct verdict){ .is_hit = false };
}

static int64_t end_of_hang(const struct fault *f, struct mono deadline)
{
	int64_t now = clock_mono().us;
	int64_t until = deadline.us ? deadline.us : now + NO_DEADLINE_US;

	return f->hang_us && f->hang_us < until - now ? now + f->hang_us : until;
}

/* Under the lock. */
static int hang(struct fault *f, struct mono deadline, const volatile bool *cancel,
		struct error *err)
{
	const int64_t until = end_of_hang(f, deadline);
	const uint64_t plan = f->plan;
	int64_t now;

	while ((now = clock_mono().us) < until) {
		int64_t wake =
			cancel && now + CANCEL_POLL_US < until ? now + CANCEL_POLL_US : until;
		struct timespec at = { wake / CLOCK_SEC, wake % CLOCK_SEC * 1000 };

		if (f->cancelled || (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)))
			return error_set(err, ERR_CANCELED, 0, "cancelled while it hung");
		if (f->plan != plan)
			return error_set(err, ERR_UNAVAILABLE, 0, "it hung, and answers again");
		(void)pthread_cond_timedwait(&f->changed, &f->lock, &at);
	}
	return error_set(err, ERR_TIMEOUT, 0, "no answer in time");
}

/* --- before and after an operation --------------------------------------------------- */

struct call {
	enum fault_op op;
	struct mono deadline;        /* 0: the operation has none */
	const volatile bool *cancel; /* exec; else NULL */
	struct verdict verdict;
};

static int begin(struct fault *f, struct call *c, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	f->calls[c->op]++;
	f->calls[FAULT_OP_ANY]++;
	c->verdict = judge(f, c->op);
	if (c->verdict.is_hit && c->verdict.kind == FAULT_ERROR)
		r = error_set(err, c->verdict.code, 0, "%s fails, as planned",
			      runtime_fault_op_name(c->op));
	else if (c->verdict.is_hit && c->verdict.kind == FAULT_HANG) {
		f->n_hanging++;
		r = hang(f, c->deadline, c->cancel, err);
		f->n_hanging--;
	}
	pthread_mutex_unlock(&f->lock);
	return r;
}

static int end(const struct call *c, int r, struct error *err)
{
	if (r >= 0 && c->verdict.is_hit && c->verdict.kind == FAULT_LATE)
		return error_set(err, c->verdict.code, 0, "%s took effect, and fails as planned",
				 runtime_fault_op_name(c->op));
	return r;
}

/* --- the operations ------------------------------------------------------------------ */

static int fault_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
		       struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_PROBE };
	struct runtime_info info;
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->probe(f->inner, a, &info, err);
	r = end(&c, r, err);
	if (r >= 0)
		*ret = info;
	return r;
}

static int fault_stage(struct runtime *rt, const char *digest, struct mono deadline,
		       struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_STAGE, .deadline = deadline };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->stage(f->inner, digest, deadline, err);
	return end(&c, r, err);
}

/* Which of @n are left in: each with even chance, but for one that goes for certain. */
static size_t pick(struct fault *f, size_t n, struct arena *a, size_t **ret)
{
	size_t n_kept = 0, victim;

	*ret = arena_array(a, n, sizeof(**ret));
	pthread_mutex_lock(&f->lock);
	victim = n ? rand_next(&f->rng) % n : 0;
	for (size_t i = 0; i < n; i++)
		if (i != victim && rand_next(&f->rng) % 2)
			(*ret)[n_kept++] = i;
	pthread_mutex_unlock(&f->lock);
	return n_kept;
}

static void leave_out(struct fault *f, const struct call *c, struct arena *a, struct observed *o)
{
	size_t n, *kept;

	if (!c->verdict.is_hit ||
	    (c->verdict.kind != FAULT_PARTIAL && c->verdict.kind != FAULT_SHORT))
		return;
	n = pick(f, o->n, a, &kept);
	for (size_t i = 0; i < n; i++)
		o->instances[i] = o->instances[kept[i]];
	o->n = n;
	if (c->verdict.kind == FAULT_SHORT)
		return;
	o->partial = true;
	o->missing = arena_printf(a, "a part of %s does not answer, as planned", f->rt.name);
}

static int fault_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_LIST };
	struct observed all = { 0 };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->list(f->inner, a, &all, err);
	if (r == 0)
		leave_out(f, &c, a, &all);
	r = end(&c, r, err);
	if (r == 0)
		*ret = all;
	return r;
}

static int fault_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
			 struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_INSPECT };
	struct instance seen;
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->inspect(f->inner, id, a, &seen, err);
	r = end(&c, r, err);
	if (r == 0)
		*ret = seen;
	return r;
}

static int fault_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
			struct arena *a, struct instance *ret, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_CREATE, .deadline = deadline };
	struct instance made;
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->create(f->inner, spec, deadline, a, &made, err);
	r = end(&c, r, err);
	if (r >= 0)
		*ret = made;
	return r;
}

static int fault_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_START, .deadline = deadline };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->start(f->inner, id, deadline, err);
	return end(&c, r, err);
}

static int fault_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_SIGNAL };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->signal(f->inner, id, sig, err);
	return end(&c, r, err);
}

static int fault_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_REMOVE, .deadline = deadline };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->remove(f->inner, id, deadline, err);
	return end(&c, r, err);
}

static int fault_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		      struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_EXEC, .deadline = { INT64_MAX }, .cancel = x->cancel };
	int code = 0, r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->exec(f->inner, x, &code, err);
	r = end(&c, r, err);
	if (r >= 0)
		*ret_code = code;
	return r;
}

static int fault_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_UPDATE };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->update(f->inner, spec, err);
	return end(&c, r, err);
}

static int fault_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		       struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_STATS };
	struct runtime_stats stats;
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->ops->stats(f->inner, id, &stats, err);
	r = end(&c, r, err);
	if (r == 0)
		*ret = stats;
	return r;
}

static void fault_close(struct runtime *rt)
{
	struct fault *f = of(rt);

	runtime_close(f->inner);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f->rules);
	free(f);
}

static const struct runtime_ops fault_ops = {
	.name = "fault",
	.probe = fault_probe,
	.stage = fault_stage,
	.list = fault_list,
	.inspect = fault_inspect,
	.create = fault_create,
	.start = fault_start,
	.signal = fault_signal,
	.remove = fault_remove,
	.exec = fault_exec,
	.update = fault_update,
	.stats = fault_stats,
	.close = fault_close,
};

/* --- leftovers ----------------------------------------------------------------------- */

/* It cannot be partial: a part that does not answer is a failure. */
static void leave_out_things(struct fault *f, const struct call *c, struct arena *a,
			     struct leftovers *all)
{
	size_t n, *kept;

	if (!c->verdict.is_hit || c->verdict.kind != FAULT_SHORT)
		return;
	n = pick(f, all->n, a, &kept);
	for (size_t i = 0; i < n; i++)
		all->items[i] = all->items[kept[i]];
	all->n = n;
}

static int fault_left_list(struct runtime *rt, struct arena *a, struct leftovers *ret,
			   struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_LEFT_LIST };
	struct leftovers all = { 0 };
	int r = begin(f, &c, err);

	if (r == 0 && c.verdict.is_hit && c.verdict.kind == FAULT_PARTIAL)
		r = error_set(err, ERR_UNAVAILABLE, 0, "a part does not answer, as planned");
	if (r == 0)
		r = f->inner->leftovers->list(f->inner, a, &all, err);
	if (r == 0)
		leave_out_things(f, &c, a, &all);
	r = end(&c, r, err);
	if (r == 0)
		*ret = all;
	return r;
}

static int fault_left_look(struct runtime *rt, const char *id, struct arena *a,
			   struct leftover *ret, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_LEFT_LOOK };
	struct leftover seen;
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->leftovers->look(f->inner, id, a, &seen, err);
	r = end(&c, r, err);
	if (r == 0)
		*ret = seen;
	return r;
}

static int fault_release(struct runtime *rt, const char *id, struct mono deadline,
			 struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_RELEASE, .deadline = deadline };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->leftovers->release(f->inner, id, deadline, err);
	return end(&c, r, err);
}

static int fault_keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_KEEP, .deadline = deadline };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->leftovers->keep(f->inner, id, deadline, err);
	return end(&c, r, err);
}

static int fault_drop(struct runtime *rt, const char *id, struct error *err)
{
	struct fault *f = of(rt);
	struct call c = { .op = FAULT_OP_DROP };
	int r = begin(f, &c, err);

	if (r == 0)
		r = f->inner->leftovers->drop(f->inner, id, err);
	return end(&c, r, err);
}

static const struct leftovers_ops fault_leftovers = {
	.list = fault_left_list,
	.look = fault_left_look,
	.release = fault_release,
	.keep = fault_keep,
	.drop = fault_drop,
};

/* --- the interface ------------------------------------------------------------------- */

struct runtime *runtime_fault_new(struct runtime *take, const struct runtime_fault_options *o)
{
	struct fault *f = xcalloc(1, sizeof(*f));
	pthread_condattr_t attr;

	f->rt = (struct runtime){ &fault_ops, take->name, take->caps,
				  take->leftovers ? &fault_leftovers : NULL };
	f->inner = take;
	f->hang_us = o->hang_us;
	f->rng = o->seed;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&f->lock, NULL);
	runtime_fault_arm(&f->rt, o->rules, o->n_rules);
	return &f->rt;
}

void runtime_fault_arm(struct runtime *rt, const struct fault_rule *rules, size_t n)
{
	struct fault *f = of(rt);

	pthread_mutex_lock(&f->lock);
	f->rules = xrealloc(f->rules, n + 1, sizeof(*f->rules));
	if (n)
		memcpy(f->rules, rules, n * sizeof(*f->rules));
	f->n_rules = n;
	memset(f->calls, 0, sizeof(f->calls));
	f->hits = 0;
	f->plan++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

void runtime_fault_cancel(struct runtime *rt)
{
	struct fault *f = of(rt);

	pthread_mutex_lock(&f->lock);
	f->cancelled = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

uint64_t runtime_fault_calls(struct runtime *rt, enum fault_op op)
{
	struct fault *f = of(rt);
	uint64_t n;

	pthread_mutex_lock(&f->lock);
	n = f->calls[op];
	pthread_mutex_unlock(&f->lock);
	return n;
}

unsigned runtime_fault_hanging(struct runtime *rt)
{
	struct fault *f = of(rt);
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->n_hanging;
	pthread_mutex_unlock(&f->lock);
	return n;
}

uint64_t runtime_fault_hits(struct runtime *rt)
{
	struct fault *f = of(rt);
	uint64_t n;

	pthread_mutex_lock(&f->lock);
	n = f->hits;
	pthread_mutex_unlock(&f->lock);
	return n;
}
