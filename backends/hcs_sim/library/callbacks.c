/* SPDX-License-Identifier: Apache-2.0 */
/* A queue and the thread that empties it; made with the first event. */
#include "backends/hcs_sim/library/callbacks.h"

#include <signal.h>

#include "backends/hcs_text.h"
#include "base/arena.h"

struct event {
	struct event *next;
	enum event_kind kind;
	struct object *on, *operation; /* counted; operation may be NULL */
	int type;
	char *data; /* NULL: none */
};

/* What is to be called, copied while the lock is held. */
struct todo {
	HCS_OPERATION_COMPLETION on_operation;
	HCS_EVENT_CALLBACK on_event;
	HCN_NOTIFICATION_CALLBACK on_notification;
	void *context;
};

static struct todo look_up(const struct event *e)
{
	const struct object *o = e->on;
	struct todo t = { .context = o->context };

	if (o->is_closed)
		return t;
	switch (e->kind) {
	case EVENT_OPERATION:
		t.on_operation = o->op.callback;
		break;
	case EVENT_OF_SYSTEM:
		t.on_event = o->on_event;
		break;
	case EVENT_OF_HCN:
		t.on_notification = o->on_notification;
		break;
	}
	return t;
}

static void call(const struct event *e, const struct todo *t)
{
	struct arena *a CLEAN(arena) = arena_new();
	PCWSTR data = NULL;

	(void)hcs_text_to_utf16(e->data, a, &data, NULL); /* the keeper's JSON is UTF-8 */
	if (t->on_operation)
		t->on_operation((HCS_OPERATION)e->on->handle, t->context);
	if (t->on_event) {
		HCS_EVENT event = { (HCS_EVENT_TYPE)e->type, data, NULL };

		if (e->operation)
			event.Operation = (HCS_OPERATION)e->operation->handle;
		t->on_event(&event, t->context);
	}
	if (t->on_notification)
		t->on_notification((DWORD)e->type, t->context, S_OK, data);
}

static void *dispatch(void *arg)
{
	struct library *l = library_lock();

	(void)arg;
	for (;;) {
		struct event *e = l->events;
		struct todo t;

		if (!e) {
			(void)library_wait(l, INT64_MAX);
			continue;
		}
		l->events = e->next;
		if (!l->events)
			l->last_event = &l->events;
		t = look_up(e);
		l->running = e->on;
		library_unlock(l);
		call(e, &t);
		(void)library_lock();
		l->running = NULL;
		object_put(e->operation);
		object_put(e->on);
		free(e->data);
		free(e);
		pthread_cond_broadcast(&l->changed);
	}
	return NULL;
}

/* Signals are the program's business: none is handled on this thread. */
static void start_dispatcher(struct library *l)
{
	sigset_t all, old;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&l->dispatcher, NULL, dispatch, NULL) != 0)
		abort();
	(void)pthread_detach(l->dispatcher);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	l->has_dispatcher = true;
}

void callbacks_queue(struct library *l, enum event_kind kind, struct object *on, int type,
		     const char *data, struct object *operation)
{
	struct event *e = xcalloc(1, sizeof(*e));

	e->kind = kind;
	e->type = type;
	e->data = xstrdup(data);
	e->on = on;
	on->refs++;
	e->operation = operation;
	if (operation)
		operation->refs++;
	*l->last_event = e;
	l->last_event = &e->next;
	if (!l->has_dispatcher)
		start_dispatcher(l);
	pthread_cond_broadcast(&l->changed);
}
