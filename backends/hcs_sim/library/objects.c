/* SPDX-License-Identifier: Apache-2.0 */
/* Handles and what is behind them. */
#include <stdlib.h>
#include <unistd.h>

#include "backends/hcs_sim/library/library.h"
#include "base/arena.h"

struct object *object_new(struct library *l, enum object_kind kind)
{
	struct object *o = xcalloc(1, sizeof(*o));

	l->last_handle += 16; /* a number, never used again; the low bits are free for the kind */
	o->handle = l->last_handle | (uintptr_t)kind;
	o->kind = kind;
	o->refs = 1;
	o->epoch = l->epoch;
	o->console = -1;
	o->op.type = HcsOperationTypeNone;
	for (int i = 0; i < 3; i++)
		o->op.pipes[i] = -1;
	o->next = l->objects;
	l->objects = o;
	return o;
}

struct object *object_get(struct library *l, const void *handle, enum object_kind kind)
{
	for (struct object *o = l->objects; o; o = o->next) {
		if (o->handle == (uintptr_t)handle && o->kind == kind) {
			o->refs++;
			return o;
		}
	}
	return NULL;
}

void object_put(struct object *o)
{
	if (!o || --o->refs > 0)
		return;
	for (int i = 0; i < 3; i++)
		if (o->op.pipes[i] >= 0)
			close(o->op.pipes[i]);
	if (o->console >= 0)
		close(o->console);
	object_put(o->op.on);
	free(o->op.document);
	free(o->exit);
	free(o);
}

void object_close(struct library *l, struct object *o)
{
	struct object **at = &l->objects;

	while (*at && *at != o)
		at = &(*at)->next;
	if (*at)
		*at = o->next;
	o->is_closed = true;
	while (l->running == o &&
	       !(l->has_dispatcher && pthread_equal(l->dispatcher, pthread_self())))
		(void)library_wait(l, INT64_MAX);
	object_put(o);
}

struct object *object_by_number(struct library *l, int64_t number)
{
	for (struct object *o = l->objects; o; o = o->next)
		if (o->number == number && o->epoch == l->epoch &&
		    (o->kind == OBJECT_SYSTEM || o->kind == OBJECT_PROCESS))
			return o;
	return NULL;
}

HRESULT object_lost(const struct library *l, const struct object *o)
{
	bool is_hcs = o->kind == OBJECT_SYSTEM || o->kind == OBJECT_PROCESS;

	if (o->epoch == l->epoch)
		return S_OK;
	return is_hcs ? HCS_E_SERVICE_DISCONNECT : HCN_E_OBJECT_USED_AFTER_UNLOAD;
}
