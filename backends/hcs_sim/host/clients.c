/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Never blocks on a client: what it does not read waits here, and one that lets too much wait is
 * cut off. Freed only between turns, so that whoever holds a pointer during one may go on.
 */
#include "backends/hcs_sim/host/clients.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/hcs_sim/host/calls.h"
#include "backends/hcs_sim/host/compute.h"
#include "base/arena.h"

enum { MAX_UNSENT = 64 << 20 };

void clients_accept(struct host *h, int fd)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct json_object *hello = json_object_new_object();

	c->host = h;
	c->fd = fd;
	buf_init(&c->in, 2 * WIRE_BYTES);
	buf_init(&c->out, MAX_UNSENT);
	c->next = h->clients;
	h->clients = c;
	json_put_str(hello, "event", "hello");
	client_send(c, hello);
}

void client_send(struct client *c, struct json_object *take)
{
	wire_put(&c->out, take);
	if (c->out.overflow)
		c->gone = true;
}

void clients_flush(struct client *c)
{
	while (c->out.n > 0 && !c->gone) {
		ssize_t n = send(c->fd, c->out.data, c->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			c->gone = true;
		else
			buf_drop(&c->out, (size_t)n);
	}
}

void clients_readable(struct client *c)
{
	int r = 0;

	if (wire_receive(c->fd, &c->in, &c->fds) == WIRE_END) {
		c->gone = true;
		return;
	}
	while (r == 0) {
		struct json_object *call = NULL;

		r = wire_get(&c->in, &call, NULL);
		if (r == 0)
			calls_take(c, call);
	}
	c->gone = c->gone || r < 0; /* what it sends is no frame of ours */
}

static void release(struct client *c)
{
	calls_orphan(c->host->calls, c);
	for (size_t i = 0; i < c->n_handles; i++)
		if (c->handles[i])
			client_close(c, c->handles[i]);
	free(c->handles);
	wire_fds_close(&c->fds);
	buf_done(&c->in);
	buf_done(&c->out);
	close(c->fd);
	free(c);
}

void clients_sweep(struct host *h)
{
	struct client **at = &h->clients;

	while (*at) {
		struct client *c = *at;

		if (!c->gone) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		release(c);
	}
}

/* --- handles ---------------------------------------------------------------------------- */

struct handle *client_open(struct client *c, enum handle_kind kind, void *object, const GUID *id)
{
	struct handle *hd = xcalloc(1, sizeof(*hd));

	hd->kind = kind;
	hd->object = object;
	if (id)
		hd->id = *id;
	c->handles = xrealloc(c->handles, c->n_handles + 1, sizeof(struct handle *));
	c->handles[c->n_handles++] = hd;
	hd->number = (int64_t)c->n_handles;
	return hd;
}

struct handle *client_find(struct client *c, int64_t number)
{
	if (number < 1 || (size_t)number > c->n_handles)
		return NULL;
	return c->handles[number - 1];
}

void client_close(struct client *c, struct handle *hd)
{
	c->handles[hd->number - 1] = NULL;
	if (!hd->dead && hd->object)
		compute_closed(c->host->compute, hd);
	free(hd);
}

void clients_for_object(struct host *h, const void *object,
			void (*fn)(struct client *c, struct handle *hd, void *arg), void *arg)
{
	for (struct client *c = h->clients; c; c = c->next)
		for (size_t i = 0; i < c->n_handles; i++)
			if (c->handles[i] && !c->handles[i]->dead &&
			    c->handles[i]->object == object)
				fn(c, c->handles[i], arg);
}

void clients_notify_hcn(struct host *h, int64_t notification, const char *data)
{
	for (struct client *c = h->clients; c; c = c->next) {
		bool registered = false;

		for (size_t i = 0; i < c->n_handles; i++)
			registered = registered ||
				     (c->handles[i] && c->handles[i]->kind == HANDLE_CALLBACK);
		if (registered) {
			struct json_object *o = json_object_new_object();

			json_put_str(o, "event", "hcn");
			json_put_i64(o, "notification", notification);
			json_put_str(o, "data", data);
			client_send(c, o);
		}
	}
}

static bool is_of(const struct handle *hd, bool hcn)
{
	bool compute = hd->kind == HANDLE_SYSTEM || hd->kind == HANDLE_PROCESS;

	return hcn ? !compute && hd->kind != HANDLE_CALLBACK : compute;
}

void clients_lose(struct host *h, bool hcn)
{
	for (struct client *c = h->clients; c; c = c->next) {
		struct json_object *o = json_object_new_object();

		for (size_t i = 0; i < c->n_handles; i++)
			if (c->handles[i] && is_of(c->handles[i], hcn))
				c->handles[i]->dead = true;
		json_put_str(o, "event", "lost");
		json_put_str(o, "service", hcn ? "hcn" : "hcs");
		client_send(c, o);
	}
}
