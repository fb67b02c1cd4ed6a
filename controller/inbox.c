/* SPDX-License-Identifier: Apache-2.0 */
/* A queue under a mutex. An exit that cannot be told is found by the next look; none is dropped. */
#include "controller/inbox.h"

#include <pthread.h>
#include <unistd.h>

#include "base/limits.h"

struct item {
	struct item *next;
	struct inbox_exit exit;
};

struct inbox {
	pthread_mutex_t lock;
	struct item *first, **end;
	bool lost;
	int bell;
};

static void ring(const struct inbox *box)
{
	const uint64_t one = 1;

	/* A full eventfd has told the loop already. */
	if (write(box->bell, &one, sizeof(one)) < 0)
		return;
}

static void on_exit_seen(void *arg, const struct runtime_exit *e)
{
	struct inbox *box = arg;
	struct item *item = xcalloc(1, sizeof(*item));

	snprintf(item->exit.id, sizeof(item->exit.id), "%s", e->id);
	item->exit.has_code = e->has_code;
	item->exit.code = e->code;
	item->exit.at = e->at;
	pthread_mutex_lock(&box->lock);
	*box->end = item;
	box->end = &item->next;
	pthread_mutex_unlock(&box->lock);
	ring(box);
}

static void on_lost(void *arg)
{
	struct inbox *box = arg;

	pthread_mutex_lock(&box->lock);
	box->lost = true;
	pthread_mutex_unlock(&box->lock);
	ring(box);
}

struct inbox *inbox_new(int bell)
{
	struct inbox *box = xcalloc(1, sizeof(*box));

	pthread_mutex_init(&box->lock, NULL);
	box->end = &box->first;
	box->bell = bell;
	return box;
}

void inbox_free(struct inbox *box)
{
	struct inbox_exit unused;

	if (!box)
		return;
	while (inbox_take(box, &unused))
		;
	pthread_mutex_destroy(&box->lock);
	free(box);
}

struct runtime_sink inbox_sink(struct inbox *box)
{
	return (struct runtime_sink){ .exited = on_exit_seen, .lost = on_lost, .arg = box };
}

bool inbox_take(struct inbox *box, struct inbox_exit *ret)
{
	struct item *item;

	pthread_mutex_lock(&box->lock);
	item = box->first;
	if (item) {
		box->first = item->next;
		if (!box->first)
			box->end = &box->first;
	}
	pthread_mutex_unlock(&box->lock);
	if (!item)
		return false;
	*ret = item->exit;
	free(item);
	return true;
}

bool inbox_take_lost(struct inbox *box)
{
	bool lost;

	pthread_mutex_lock(&box->lock);
	lost = box->lost;
	box->lost = false;
	pthread_mutex_unlock(&box->lock);
	return lost;
}
