/* SPDX-License-Identifier: Apache-2.0 */
/* Compute systems by id: each call opens a handle of its own and gives it back. */
#include <string.h>

#include "backends/hcs.h"
#include "backends/hcs_result.h"

enum { LOOK_S = 20, GONE_TICK_MS = 20 };

int hcs_system_error(const struct hcs_answer *answer, const char *what, struct error *err)
{
	if (!hcs_result_failed(answer->result))
		return 0;
	if (hcs_result_outcome(answer->result) == HCS_ABSENT)
		return HCS_SYSTEM_ABSENT;
	return hcs_result_error(err, answer->result, answer->document, "%s", what);
}

int hcs_system_open(struct hcs *h, const char *id, HCS_SYSTEM *ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_answer answer = { 0 };

	*ret = NULL;
	answer.result = h->api->HcsOpenComputeSystem(hcs_call_wide(id, a), GENERIC_ALL, ret);
	return hcs_system_error(&answer, "open", err);
}

/* A call on an open system, or about one to be made, that needs one document. */
struct ask {
	HCS_SYSTEM sys;
	PCWSTR id, document;
	HCS_SYSTEM *ret;
};

static HRESULT begin_create(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct ask *x = arg;

	return api->HcsCreateComputeSystem(x->id, x->document, op, NULL, x->ret);
}

static HRESULT begin_modify(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct ask *x = arg;

	return api->HcsModifyComputeSystem(x->sys, op, x->document, NULL);
}

static HRESULT begin_properties(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct ask *x = arg;

	return api->HcsGetComputeSystemProperties(x->sys, op, x->document);
}

static HRESULT begin_terminate(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct ask *x = arg;

	return api->HcsTerminateComputeSystem(x->sys, op, NULL);
}

static HRESULT begin_enumerate(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct ask *x = arg;

	return api->HcsEnumerateComputeSystems(x->document, op);
}

static struct mono in_seconds(int64_t s)
{
	return mono_add(clock_mono(), s * CLOCK_SEC);
}

static void close_target(struct hcs *h, const struct hcs_target *t)
{
	if (t->sys)
		h->api->HcsCloseComputeSystem(t->sys);
}

int hcs_system_look(struct hcs *h, const char *id, unsigned properties, struct arena *a,
		    struct hcs_properties *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = hcs_document_properties(properties);
	struct hcs_target target = { 0 };
	const struct hcs_call call = { h->limbo, in_seconds(LOOK_S), &target, a };
	struct hcs_answer answer;
	struct ask x;
	int r = hcs_system_open(h, id, &target.sys, err);

	if (r != 0)
		return r;
	x = (struct ask){ .sys = target.sys, .document = hcs_call_document(o, a) };
	hcs_call_run(&call, begin_properties, &x, &answer);
	close_target(h, &target);
	r = hcs_system_error(&answer, "look", err);
	return r ? r : hcs_reply_properties(answer.text, answer.n_text, a, ret, err);
}

int hcs_system_create(struct hcs *h, const char *id, struct json_object *document,
		      struct mono deadline, struct hcs_target *target, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct hcs_call call = { h->limbo, deadline, target, a };
	struct ask x = { .id = hcs_call_wide(id, a),
			 .document = hcs_call_document(document, a),
			 .ret = &target->sys };
	struct hcs_answer answer;

	hcs_call_run(&call, begin_create, &x, &answer);
	if (hcs_result_outcome(answer.result) == HCS_EXISTS)
		return error_set(err, ERR_CONFLICT, 0,
				 "a compute system %s is there, and not by this create", id);
	if (hcs_result_failed(answer.result))
		return hcs_result_error(err, answer.result, answer.document, "create");
	return 0;
}

int hcs_system_modify(struct hcs *h, const char *id, struct json_object *take, struct mono deadline,
		      struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *o CLEAN(json) = take;
	struct hcs_target target = { 0 };
	const struct hcs_call call = { h->limbo, deadline, &target, a };
	struct hcs_answer answer;
	struct ask x;
	int r = hcs_system_open(h, id, &target.sys, err);

	if (r != 0)
		return r < 0 ? r : error_set(err, ERR_NOT_FOUND, 0, "it does not run");
	x = (struct ask){ .sys = target.sys, .document = hcs_call_document(o, a) };
	hcs_call_run(&call, begin_modify, &x, &answer);
	close_target(h, &target);
	if (!hcs_result_failed(answer.result))
		return 0;
	return hcs_result_error(err, answer.result, answer.document, "modify");
}

/* What the enumeration answers to @o, this owner's alone. */
static int enumerate(struct hcs *h, struct json_object *o, struct arena *a, struct hcs_system **ret,
		     size_t *ret_n, struct error *err)
{
	const struct hcs_call call = { h->limbo, in_seconds(LOOK_S), NULL, a };
	struct ask x = { .document = hcs_call_document(o, a) };
	struct hcs_answer answer;
	struct hcs_system *all = NULL;
	size_t n = 0, own = 0;
	int r;

	hcs_call_run(&call, begin_enumerate, &x, &answer);
	/* Whatever a failed enumeration says, it is never "none". */
	if (hcs_result_failed(answer.result))
		return hcs_result_error(err, answer.result, answer.document, "list systems");
	r = hcs_reply_systems(answer.text, answer.n_text, a, &all, &n, err);
	if (r < 0)
		return r;
	/* The service was asked for exactly this owner; it is not believed. */
	for (size_t i = 0; i < n; i++)
		if (all[i].owner && strcmp(all[i].owner, h->layout.owner) == 0)
			all[own++] = all[i];
	*ret = all;
	*ret_n = own;
	return 0;
}

int hcs_system_list(struct hcs *h, struct arena *a, struct hcs_system **ret, size_t *ret_n,
		    struct error *err)
{
	struct json_object *o CLEAN(json) = hcs_document_systems(h->layout.owner);

	return enumerate(h, o, a, ret, ret_n, err);
}

int hcs_system_is_ours(struct hcs *h, const char *id, bool *ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *o CLEAN(json) = hcs_document_systems(h->layout.owner);
	struct json_object *ids = json_object_new_array();
	struct hcs_system *found;
	size_t n;
	int r;

	json_object_array_add(ids, json_object_new_string(id));
	json_put_obj(o, "Ids", ids);
	r = enumerate(h, o, a, &found, &n, err);
	*ret = false;
	for (size_t i = 0; r == 0 && i < n; i++)
		*ret = *ret || strcmp(found[i].id, id) == 0;
	return r;
}

/* Proof that it is gone: the direct question says so. */
static int await_gone(struct hcs *h, const char *id, struct mono deadline, struct error *err)
{
	for (;;) {
		struct arena *a CLEAN(arena) = arena_new();
		struct hcs_properties seen;
		int r = hcs_system_look(h, id, 0, a, &seen, err);

		if (r == HCS_SYSTEM_ABSENT || (r == 0 && seen.basics.state == HCS_STATE_STOPPED))
			return 0;
		if (r < 0)
			return r;
		if (deadline.us && mono_cmp(clock_mono(), deadline) >= 0)
			return error_set(err, ERR_TIMEOUT, 0, "the system does not end");
		clock_sleep(GONE_TICK_MS * CLOCK_MS);
	}
}

/* 0: it is ours and may live; HCS_SYSTEM_ABSENT: nothing is to be ended; else somebody else's. */
static int may_terminate(struct hcs *h, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties seen;
	bool is_ours;
	int r = hcs_system_is_ours(h, id, &is_ours, err);

	if (r < 0 || is_ours)
		return r;
	r = hcs_system_look(h, id, 0, a, &seen, err);
	if (r != 0)
		return r;
	if (seen.basics.state == HCS_STATE_STOPPED)
		return HCS_SYSTEM_ABSENT;
	return error_set(err, ERR_CONFLICT, 0, "the compute system %s is not ours", id);
}

int hcs_system_terminate(struct hcs *h, const char *id, struct mono deadline, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_target target = { 0 };
	const struct hcs_call call = { h->limbo, deadline, &target, a };
	struct hcs_answer answer;
	struct ask x;
	int r = may_terminate(h, id, err);

	if (r == 0)
		r = hcs_system_open(h, id, &target.sys, err);
	if (r != 0)
		return r < 0 ? r : 0;
	x = (struct ask){ .sys = target.sys };
	hcs_call_run(&call, begin_terminate, &x, &answer);
	close_target(h, &target);
	/* One that has ended already, or that somebody else is ending, is what was wanted. */
	if (hcs_result_failed(answer.result) && hcs_result_outcome(answer.result) != HCS_STOPPED &&
	    hcs_result_outcome(answer.result) != HCS_ABSENT)
		return hcs_result_error(err, answer.result, answer.document, "terminate");
	return await_gone(h, id, deadline, err);
}
