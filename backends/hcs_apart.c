/* SPDX-License-Identifier: Apache-2.0 */
/* Two sides hold what is between them: the last to let go frees it. */
#include "backends/hcs_apart.h"

#include <errno.h>
#include <pthread.h>

#include "backends/hcs_result.h"

/* What else may be hanging: each has a stack, and a system that does not shut down. */
enum { MAX_APART = 64 };

struct apart {
	pthread_mutex_t lock;
	pthread_cond_t back;
	bool is_back, is_left; /* the call has come back; nobody waits for it any more */
	struct hcs_limbo *limbo;
	const struct hcs_api *api;
	hcs_call_begin *begin;
	struct mono deadline;
	struct hcs_target target;
	struct hcs_answer answer;
	struct arena *arena;
};

static void close_target(struct apart *x)
{
	if (x->target.sys)
		x->api->HcsCloseComputeSystem(x->target.sys);
	x->target = (struct hcs_target){ 0 };
}

static void free_apart(struct apart *x)
{
	pthread_mutex_destroy(&x->lock);
	pthread_cond_destroy(&x->back);
	arena_free(x->arena);
	free(x);
}

static void *work(void *arg)
{
	struct apart *x = arg;
	struct hcs_limbo *limbo = x->limbo;
	const struct hcs_call call = { limbo, x->deadline, &x->target, x->arena };
	bool is_left;

	hcs_call_run(&call, x->begin, x->target.sys, &x->answer);
	pthread_mutex_lock(&x->lock);
	x->is_back = true;
	is_left = x->is_left;
	pthread_cond_signal(&x->back);
	if (is_left)
		close_target(x);
	pthread_mutex_unlock(&x->lock);
	if (is_left)
		free_apart(x);
	hcs_limbo_release(limbo);
	return NULL;
}

static struct apart *apart_new(const struct hcs_call *c, hcs_call_begin *begin)
{
	struct apart *x = xcalloc(1, sizeof(*x));
	pthread_condattr_t attr;

	*x = (struct apart){ .limbo = c->limbo,
			     .api = hcs_limbo_api(c->limbo),
			     .begin = begin,
			     .deadline = c->deadline,
			     .target = *c->target,
			     .answer = { .result = HCS_E_OPERATION_TIMEOUT },
			     .arena = arena_new() };
	pthread_mutex_init(&x->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&x->back, &attr);
	pthread_condattr_destroy(&attr);
	return x;
}

/* True when it has come back. */
static bool await(struct apart *x)
{
	const struct timespec until = { .tv_sec = x->deadline.us / CLOCK_SEC,
					.tv_nsec = x->deadline.us % CLOCK_SEC * 1000 };
	bool is_back;
	int e = 0;

	pthread_mutex_lock(&x->lock);
	while (!x->is_back && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&x->back, &x->lock, &until);
	is_back = x->is_back;
	x->is_left = !is_back;
	pthread_mutex_unlock(&x->lock);
	return is_back;
}

static bool start(struct apart *x)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, x) != 0)
		return false;
	(void)pthread_detach(thread); /* of a thread that was just made */
	return true;
}

void hcs_apart_system(const struct hcs_call *c, hcs_call_begin *begin, struct hcs_answer *ret)
{
	struct apart *x;

	*ret = (struct hcs_answer){ .result = E_OUTOFMEMORY };
	if (!hcs_limbo_hold(c->limbo, MAX_APART))
		return;
	x = apart_new(c, begin);
	if (!start(x)) {
		hcs_limbo_release(c->limbo);
		free_apart(x);
		return;
	}
	*c->target = (struct hcs_target){ 0 };
	if (!await(x)) {
		*ret = (struct hcs_answer){ .result = HCS_E_OPERATION_TIMEOUT };
		return;
	}
	*ret = (struct hcs_answer){ .result = x->answer.result };
	*c->target = x->target; /* the caller's again; none when the operation goes on */
	free_apart(x);
}
