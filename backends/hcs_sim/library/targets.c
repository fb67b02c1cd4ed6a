/* SPDX-License-Identifier: Apache-2.0 */
/* Closing, waiting for the end, events. The end is known here: the keeper tells every handle. */
#include "backends/hcs_sim/library/targets.h"

#include "backends/hcs_sim/library/memory.h"

void targets_close(const void *handle, enum object_kind kind, const char *name)
{
	struct request r CLEAN(request) = { .name = name, .args = json_object_new_object() };
	struct library *l;

	request_on(&r, handle, kind);
	if (!r.on)
		return;
	(void)request_send(&r); /* a keeper that is gone has closed it */
	l = library_lock();
	object_close(l, r.on);
	library_unlock(l);
}

HRESULT targets_wait(const void *handle, enum object_kind kind, DWORD timeout_ms, PWSTR *result)
{
	int64_t deadline_us = library_deadline(timeout_ms);
	struct library *l = library_lock();
	struct object *o = object_get(l, handle, kind);
	bool has_time = true;
	HRESULT hr;

	if (result)
		*result = NULL;
	if (!o) {
		library_unlock(l);
		return E_HANDLE;
	}
	while (!o->is_ended && object_lost(l, o) >= 0 && has_time)
		has_time = library_wait(l, deadline_us);
	hr = o->is_ended             ? S_OK
	     : object_lost(l, o) < 0 ? object_lost(l, o)
				     : HCS_E_OPERATION_TIMEOUT;
	if (o->is_ended && result)
		*result = memory_local(o->exit);
	object_put(o);
	library_unlock(l);
	return hr;
}

HRESULT targets_set_callback(const void *handle, enum object_kind kind, HCS_EVENT_OPTIONS options,
			     const void *context, HCS_EVENT_CALLBACK callback)
{
	struct library *l = library_lock();
	struct object *o = object_get(l, handle, kind);
	HRESULT hr = S_OK;

	if (!o) {
		hr = E_HANDLE;
	} else if (callback && o->on_event) {
		hr = HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET;
	} else {
		o->on_event = callback;
		o->event_options = options;
		o->context = (void *)(uintptr_t)context;
		while (!callback && l->running == o &&
		       !pthread_equal(l->dispatcher, pthread_self()))
			(void)library_wait(l, INT64_MAX);
	}
	object_put(o);
	library_unlock(l);
	return hr;
}

void *request_handle(const struct request *r)
{
	return r->opened ? (void *)r->opened->handle : NULL;
}
