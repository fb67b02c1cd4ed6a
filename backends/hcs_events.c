/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks run on threads of the service's library: they note who is meant and wake our thread.
 * A context is an entry of a list that only grows with the number of instances alive at once: one
 * whose instance is gone is used again for the next, since its events are hints and no more.
 */
#include "backends/hcs_events.h"

#include <string.h>

#include "backends/hcs_exit.h"

struct watched {
	struct watched *next;
	struct hcs_events *ev;
	char id[LIMIT_RUNTIME_ID + 1]; /* "": free */
	bool is_due;
};

struct hcs_events {
	struct hcs *h;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct watched *all;
	bool is_lost; /* the service went away: all handles are dead */
	bool stop;
	pthread_t thread;
};

enum { LOST_PAUSE_MS = 500 };

static void CALLBACK on_event(HCS_EVENT *event, void *context)
{
	struct watched *w = context;
	struct hcs_events *ev = w->ev;

	pthread_mutex_lock(&ev->lock);
	if (event->Type == HcsEventServiceDisconnect)
		ev->is_lost = true;
	else
		w->is_due = true;
	pthread_cond_signal(&ev->wake);
	pthread_mutex_unlock(&ev->lock);
}

static struct watched *find(struct hcs_events *ev, const char *id)
{
	struct watched *w = ev->all;

	while (w && strcmp(w->id, id) != 0)
		w = w->next;
	return w;
}

static struct watched *entry_for(struct hcs_events *ev, const char *id)
{
	struct watched *w;

	pthread_mutex_lock(&ev->lock);
	w = find(ev, id);
	if (!w)
		w = find(ev, "");
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		w->ev = ev;
		w->next = ev->all;
		ev->all = w;
	}
	snprintf(w->id, sizeof(w->id), "%s", id);
	pthread_mutex_unlock(&ev->lock);
	return w;
}

/* A callback that cannot be set costs promptness only: looks see the end as well. */
void hcs_events_watch(struct hcs_events *ev, struct hcs_box *box)
{
	const struct hcs_api *api = ev->h->api;
	struct watched *w = entry_for(ev, box->id);

	if (box->sys)
		(void)api->HcsSetComputeSystemCallback(box->sys, HcsEventOptionNone, w, on_event);
	if (box->process)
		(void)api->HcsSetProcessCallback(box->process, HcsEventOptionNone, w, on_event);
}

void hcs_events_hint(struct hcs_events *ev, const char *id)
{
	struct watched *w = entry_for(ev, id);

	pthread_mutex_lock(&ev->lock);
	w->is_due = true;
	pthread_cond_signal(&ev->wake);
	pthread_mutex_unlock(&ev->lock);
}

/* --- the thread ---------------------------------------------------------------------- */

/* One that is due, or NULL; its id is copied, and the entry freed when its box is gone. */
static bool take_due(struct hcs_events *ev, char id[LIMIT_RUNTIME_ID + 1])
{
	for (struct watched *w = ev->all; w; w = w->next) {
		if (!w->is_due)
			continue;
		w->is_due = false;
		memcpy(id, w->id, LIMIT_RUNTIME_ID + 1);
		return *id != '\0';
	}
	return false;
}

static void release_if_gone(struct hcs_events *ev, const char *id)
{
	struct watched *w;
	bool is_there;

	pthread_mutex_lock(&ev->h->lock);
	is_there = hcs_box_find(ev->h, id) != NULL;
	pthread_mutex_unlock(&ev->h->lock);
	if (is_there)
		return;
	pthread_mutex_lock(&ev->lock);
	w = find(ev, id);
	if (w)
		w->id[0] = '\0';
	pthread_mutex_unlock(&ev->lock);
}

static void mark_all_due(struct hcs_events *ev)
{
	for (struct watched *w = ev->all; w; w = w->next)
		w->is_due = w->id[0] != '\0';
}

/* The service is back when it answers a question again. */
static bool is_back(struct hcs *h)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_system *all;
	size_t n;

	return hcs_system_list(h, a, &all, &n, NULL) == 0;
}

static void recover(struct hcs_events *ev)
{
	struct hcs *h = ev->h;

	if (!is_back(h)) {
		clock_sleep(LOST_PAUSE_MS * CLOCK_MS);
		pthread_mutex_lock(&ev->lock);
		ev->is_lost = true;
		return;
	}
	hcs_exit_reopen(h);
	if (h->sink.lost)
		h->sink.lost(h->sink.arg);
	pthread_mutex_lock(&ev->lock);
	mark_all_due(ev);
}

static void *thread_main(void *arg)
{
	struct hcs_events *ev = arg;
	char id[LIMIT_RUNTIME_ID + 1];

	pthread_mutex_lock(&ev->lock);
	while (!ev->stop) {
		if (ev->is_lost) {
			ev->is_lost = false;
			pthread_mutex_unlock(&ev->lock);
			recover(ev); /* comes back with the lock */
		} else if (take_due(ev, id)) {
			pthread_mutex_unlock(&ev->lock);
			(void)hcs_exit_check(ev->h, id, NULL); /* a look will see it */
			release_if_gone(ev, id);
			pthread_mutex_lock(&ev->lock);
		} else {
			pthread_cond_wait(&ev->wake, &ev->lock);
		}
	}
	pthread_mutex_unlock(&ev->lock);
	return NULL;
}

int hcs_events_new(struct hcs *h, struct hcs_events **ret, struct error *err)
{
	struct hcs_events *ev = xcalloc(1, sizeof(*ev));
	int e;

	ev->h = h;
	pthread_mutex_init(&ev->lock, NULL);
	pthread_cond_init(&ev->wake, NULL);
	e = pthread_create(&ev->thread, NULL, thread_main, ev);
	if (e) {
		free(ev);
		return error_sys(err, e, "start the thread of events");
	}
	*ret = ev;
	return 0;
}

void hcs_events_stop(struct hcs_events *ev)
{
	pthread_mutex_lock(&ev->lock);
	ev->stop = true;
	pthread_cond_signal(&ev->wake);
	pthread_mutex_unlock(&ev->lock);
	pthread_join(ev->thread, NULL);
}

void hcs_events_free(struct hcs_events *ev)
{
	if (!ev)
		return;
	for (struct watched *w = ev->all, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	pthread_mutex_destroy(&ev->lock);
	pthread_cond_destroy(&ev->wake);
	free(ev);
}
