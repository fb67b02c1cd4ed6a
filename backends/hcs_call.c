/* SPDX-License-Identifier: Apache-2.0 */
/* Operations from their making to their end. Knows no document's meaning. */
#include "backends/hcs_call.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "backends/hcs_result.h"
#include "backends/hcs_text.h"
#include "base/limits.h"

#define PATIENCE_US (240 * CLOCK_SEC)

/* An operation that outlived its caller. */
struct lost {
	struct lost *next;
	HCS_OPERATION op;
	struct hcs_target target;
};

struct hcs_limbo {
	const struct hcs_api *api;
	pthread_mutex_t lock;
	struct lost *first;
	unsigned n_held; /* calls in threads of their own */
};

struct hcs_limbo *hcs_limbo_new(const struct hcs_api *api)
{
	struct hcs_limbo *l = xcalloc(1, sizeof(*l));

	l->api = api;
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

static void bury(const struct hcs_api *api, struct lost *x)
{
	api->HcsCloseOperation(x->op);
	if (x->target.process)
		api->HcsCloseProcess(x->target.process);
	if (x->target.sys)
		api->HcsCloseComputeSystem(x->target.sys);
	free(x);
}

static bool has_ended(const struct hcs_api *api, HCS_OPERATION op)
{
	PWSTR document = NULL;
	HRESULT hr = api->HcsGetOperationResult(op, &document);

	api->LocalFree(document);
	return !hcs_result_is(hr, HCS_E_OPERATION_PENDING);
}

/* Closes what has ended; what is left. Under the lock. */
static unsigned tidy(struct hcs_limbo *l)
{
	struct lost **at = &l->first;
	unsigned n = 0;

	while (*at) {
		struct lost *x = *at;

		if (has_ended(l->api, x->op)) {
			*at = x->next;
			bury(l->api, x);
			continue;
		}
		at = &x->next;
		n++;
	}
	return n;
}

unsigned hcs_limbo_count(struct hcs_limbo *l)
{
	unsigned n;

	pthread_mutex_lock(&l->lock);
	n = tidy(l) + l->n_held;
	pthread_mutex_unlock(&l->lock);
	return n;
}

bool hcs_limbo_hold(struct hcs_limbo *l, unsigned most)
{
	bool may;

	pthread_mutex_lock(&l->lock);
	may = l->n_held < most;
	l->n_held += may;
	pthread_mutex_unlock(&l->lock);
	return may;
}

void hcs_limbo_release(struct hcs_limbo *l)
{
	pthread_mutex_lock(&l->lock);
	l->n_held--;
	pthread_mutex_unlock(&l->lock);
}

const struct hcs_api *hcs_limbo_api(const struct hcs_limbo *l)
{
	return l->api;
}

bool hcs_limbo_free(struct hcs_limbo *l)
{
	if (!l)
		return true;
	if (hcs_limbo_count(l) > 0)
		return false;
	pthread_mutex_destroy(&l->lock);
	free(l);
	return true;
}

static void lose(struct hcs_limbo *l, HCS_OPERATION op, struct hcs_target *target)
{
	struct lost *x = xcalloc(1, sizeof(*x));

	x->op = op;
	if (target) {
		x->target = *target;
		*target = (struct hcs_target){ 0 };
	}
	pthread_mutex_lock(&l->lock);
	(void)tidy(l); /* what is left of earlier ones does not matter here */
	x->next = l->first;
	l->first = x;
	pthread_mutex_unlock(&l->lock);
}

static DWORD wait_ms(struct mono deadline)
{
	struct mono now = clock_mono();
	int64_t left = deadline.us ? deadline.us - now.us : PATIENCE_US;

	return left <= 0 ? 0 : (DWORD)((left + 999) / 1000);
}

/* The document in our memory, the service's freed. One that is too long or no Unicode is as good
 * as none: what it is needed for then fails by itself. */
static void keep(const struct hcs_call *c, PWSTR document, struct hcs_answer *ret)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);
	size_t n;

	if (!document)
		return;
	n = hcs_text_length(document);
	if (n <= LIMIT_FRAME_BYTES) {
		WCHAR *copy = arena_alloc(c->a, (n + 1) * sizeof(*copy));

		memcpy(copy, document, (n + 1) * sizeof(*copy));
		ret->document = copy;
		if (hcs_text_from_utf16(copy, &text, NULL) == 0) {
			ret->text = arena_strndup(c->a, text.data, text.n);
			ret->n_text = text.n;
		}
	}
	c->limbo->api->LocalFree(document);
}

/* A handle that is kept for nobody keeps an ended system in the service's books. */
static void tidy_up(struct hcs_limbo *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->first)
		(void)tidy(l);
	pthread_mutex_unlock(&l->lock);
}

static void run(const struct hcs_call *c, hcs_call_begin *begin, void *arg, bool is_process,
		struct hcs_answer *ret)
{
	const struct hcs_api *api = c->limbo->api;
	HCS_OPERATION op = api->HcsCreateOperation(NULL, NULL);
	PWSTR document = NULL;

	*ret = (struct hcs_answer){ .result = E_OUTOFMEMORY };
	tidy_up(c->limbo);
	if (!op)
		return;
	ret->result = begin(api, op, arg);
	if (hcs_result_failed(ret->result)) {
		api->HcsCloseOperation(op);
		return;
	}
	if (is_process)
		ret->result = api->HcsWaitForOperationResultAndProcessInfo(op, wait_ms(c->deadline),
									   &ret->info, &document);
	else
		ret->result = api->HcsWaitForOperationResult(op, wait_ms(c->deadline), &document);
	keep(c, document, ret);
	if (hcs_result_is(ret->result, HCS_E_OPERATION_TIMEOUT))
		lose(c->limbo, op, c->target);
	else
		api->HcsCloseOperation(op);
}

void hcs_call_run(const struct hcs_call *c, hcs_call_begin *begin, void *arg,
		  struct hcs_answer *ret)
{
	run(c, begin, arg, false, ret);
}

void hcs_call_process(const struct hcs_call *c, hcs_call_begin *begin, void *arg,
		      struct hcs_answer *ret)
{
	run(c, begin, arg, true, ret);
}

PCWSTR hcs_call_wide(const char *text, struct arena *a)
{
	PCWSTR wide = NULL;
	int r = hcs_text_to_utf16(text, a, &wide, NULL);

	assert(r == 0); /* validated at the edge: the format's and HCS's texts are Unicode */
	return wide;
}

PCWSTR hcs_call_document(struct json_object *o, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);

	if (!o)
		return NULL;
	json_canonical(o, &text);
	assert(!text.overflow); /* an instance's spec came through a frame of that size */
	return hcs_call_wide(text.data, a);
}
