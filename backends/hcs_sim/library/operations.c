/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: made, started once, waited for, asked. */
#include "backends/hcs_sim/library/operations.h"

#include <unistd.h>

#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_sim/library/memory.h"

static void close_pipes(const int pipes[3])
{
	for (int i = 0; pipes && i < 3; i++)
		if (pipes[i] >= 0)
			close(pipes[i]);
}

/* Takes the operation for one call. */
static HRESULT begin(HCS_OPERATION operation, HCS_OPERATION_TYPE type, struct request *r,
		     struct object **ret)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	HRESULT hr = S_OK;

	if (!op) {
		hr = operation ? E_HANDLE : E_INVALIDARG;
	} else if (op->op.state != OPERATION_UNUSED) {
		hr = HCS_E_OPERATION_ALREADY_STARTED;
		object_put(op);
	} else {
		op->op.state = OPERATION_RUNNING;
		op->op.type = type;
		op->op.id = r->op = ++l->last_id;
		op->op.on = r->on;
		if (r->on)
			r->on->refs++;
		*ret = op;
	}
	library_unlock(l);
	return hr;
}

static void give_back(struct library *l, struct object *op)
{
	(void)l;
	op->op.state = OPERATION_UNUSED;
	op->op.type = HcsOperationTypeNone;
	object_put(op->op.on);
	op->op.on = NULL;
}

HRESULT operations_start(struct request *r, HCS_OPERATION operation, HCS_OPERATION_TYPE type,
			 const int pipes[3])
{
	struct object *op = NULL;
	struct library *l;
	HRESULT hr = r->hr < 0 ? r->hr : begin(operation, type, r, &op);

	if (hr < 0) {
		close_pipes(pipes);
		return hr;
	}
	l = library_lock();
	for (int i = 0; pipes && i < 3; i++)
		op->op.pipes[i] = pipes[i];
	library_unlock(l);
	hr = request_send(r);
	l = library_lock();
	/* When the connection broke, the operation has ended by that: it was begun. */
	if (hr < 0 && op->op.state == OPERATION_RUNNING)
		give_back(l, op);
	object_put(op);
	library_unlock(l);
	return hr;
}

/* --- the functions ---------------------------------------------------------------------- */

HCS_OPERATION HcsCreateOperation(const void *context, HCS_OPERATION_COMPLETION callback)
{
	struct library *l = library_lock();
	struct object *op = object_new(l, OBJECT_OPERATION);
	uintptr_t handle = op->handle;

	op->op.callback = callback;
	op->context = (void *)(uintptr_t)context;
	library_unlock(l);
	return (HCS_OPERATION)handle;
}

void HcsCloseOperation(HCS_OPERATION operation)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);

	if (op) {
		object_close(l, op);
		object_put(op);
	}
	library_unlock(l);
}

void *HcsGetOperationContext(HCS_OPERATION operation)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	void *context = op ? op->context : NULL;

	object_put(op);
	library_unlock(l);
	return context;
}

HCS_OPERATION_TYPE HcsGetOperationType(HCS_OPERATION operation)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	HCS_OPERATION_TYPE type = op ? op->op.type : HcsOperationTypeNone;

	object_put(op);
	library_unlock(l);
	return type;
}

UINT64 HcsGetOperationId(HCS_OPERATION operation)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	UINT64 id = op && op->op.id ? (UINT64)op->op.id : UINT64_MAX;

	object_put(op);
	library_unlock(l);
	return id;
}

HRESULT HcsCancelOperation(HCS_OPERATION operation)
{
	(void)operation;
	return E_NOTIMPL;
}

HRESULT HcsSetOperationCallback(HCS_OPERATION operation, const void *context,
				HCS_OPERATION_COMPLETION callback)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	HRESULT hr = S_OK;

	if (!op) {
		hr = E_HANDLE;
	} else if (op->op.state != OPERATION_UNUSED) {
		hr = HCS_E_OPERATION_ALREADY_STARTED;
	} else {
		op->op.callback = callback;
		op->context = (void *)(uintptr_t)context;
	}
	object_put(op);
	library_unlock(l);
	return hr;
}

static HRESULT state_of(const struct object *op)
{
	switch (op->op.state) {
	case OPERATION_UNUSED:
		return HCS_E_OPERATION_NOT_STARTED;
	case OPERATION_RUNNING:
		return HCS_E_OPERATION_PENDING;
	case OPERATION_DONE:
		break;
	}
	return S_OK;
}

/* The pipes go to the first that asks. */
static HRESULT take_process_info(struct object *op, HCS_PROCESS_INFORMATION *info)
{
	HANDLE *ends[3] = { &info->StdInput, &info->StdOutput, &info->StdError };

	if (op->op.type != HcsOperationTypeCreateProcess &&
	    op->op.type != HcsOperationTypeGetProcessInfo)
		return E_INVALIDARG;
	*info = (HCS_PROCESS_INFORMATION){ .ProcessId = op->op.pid };
	if (op->op.hr < 0)
		return S_OK;
	for (int i = 0; i < 3; i++) {
		if (op->op.pipes[i] >= 0)
			*ends[i] = (HANDLE)(intptr_t)op->op.pipes[i];
		op->op.pipes[i] = -1;
	}
	return S_OK;
}

/* The result of an operation, waited for until @deadline_us. */
static HRESULT get_result(HCS_OPERATION operation, int64_t deadline_us,
			  HCS_PROCESS_INFORMATION *info, PWSTR *result)
{
	struct library *l = library_lock();
	struct object *op = object_get(l, operation, OBJECT_OPERATION);
	bool has_time = true;
	HRESULT hr;

	if (result)
		*result = NULL;
	if (!op) {
		library_unlock(l);
		return E_HANDLE;
	}
	while (op->op.state == OPERATION_RUNNING && deadline_us && has_time)
		has_time = library_wait(l, deadline_us);
	hr = state_of(op);
	if (hr == HCS_E_OPERATION_PENDING && deadline_us)
		hr = HCS_E_OPERATION_TIMEOUT;
	if (hr >= 0 && info)
		hr = take_process_info(op, info);
	if (hr >= 0) {
		hr = op->op.hr;
		if (result)
			*result = memory_local(op->op.document);
	}
	object_put(op);
	library_unlock(l);
	return hr;
}

HRESULT HcsGetOperationResult(HCS_OPERATION operation, PWSTR *result)
{
	return get_result(operation, 0, NULL, result);
}

HRESULT HcsGetOperationResultAndProcessInfo(HCS_OPERATION operation, HCS_PROCESS_INFORMATION *info,
					    PWSTR *result)
{
	return get_result(operation, 0, info, result);
}

HRESULT HcsWaitForOperationResult(HCS_OPERATION operation, DWORD timeout_ms, PWSTR *result)
{
	return get_result(operation, library_deadline(timeout_ms), NULL, result);
}

HRESULT HcsWaitForOperationResultAndProcessInfo(HCS_OPERATION operation, DWORD timeout_ms,
						HCS_PROCESS_INFORMATION *info, PWSTR *result)
{
	return get_result(operation, library_deadline(timeout_ms), info, result);
}
