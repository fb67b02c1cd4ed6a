/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is with a connection; its end is when neither client nor holder are left. */
#include "controller/api/api_conn.h"

#include <stdlib.h>
#include <unistd.h>

static void poke(int fd)
{
	const uint64_t one = 1;

	/* A full eventfd has woken its reader already. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void api_conn_ring(const struct api *api)
{
	poke(api->opt.bell);
}

void api_conn_wake(const struct api *api)
{
	poke(api->wake);
}

void api_conn_touch(struct api_conn *c)
{
	c->is_touched = true;
	poke(c->api->wake);
}

static void conn_free(struct api_conn *c)
{
	free((char *)c->req.method);
	free((char *)c->req.target);
	free((char *)c->req.content_type);
	free((char *)c->req.last_event_id);
	free((char *)c->req.client_version);
	buf_done(&c->body);
	buf_done(&c->answer.bytes);
	free(c);
}

void api_conn_forget(struct api_conn *c)
{
	struct api *api = c->api;
	struct api_conn **link = &api->conns;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	api->n_conns--;
	api->n_served -= !c->is_extra;
	conn_free(c);
}

void api_conn_give_back(struct api_conn *c)
{
	c->is_held = false;
	if (c->mhd) {
		api_conn_touch(c);
		return;
	}
	poke(c->api->wake); /* there is room for another */
	api_conn_forget(c);
}

void api_conn_set_deadline(struct api_conn *c)
{
	c->deadline = mono_add(clock_mono(), c->api->opt.patience_us);
}
