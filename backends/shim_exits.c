/* SPDX-License-Identifier: Apache-2.0 */
/* A list; there are few at a time, because clients acknowledge at once. */
#include "backends/shim_exits.h"

#include "base/limits.h"

struct shim_exit {
	struct shim_exit *next;
	uint64_t number;
	bool has_code;
	int code;
	struct wall at;
	char id[];
};

static void drop(struct shim_exits *x, struct shim_exit **at)
{
	struct shim_exit *e = *at;

	*at = e->next;
	x->n--;
	free(e);
}

void shim_exits_done(struct shim_exits *x)
{
	while (x->first)
		drop(x, &x->first);
}

const struct shim_exit *shim_exits_add(struct shim_exits *x, const struct runtime_exit *e)
{
	size_t size = strlen(e->id) + 1;
	struct shim_exit *mine = xcalloc(1, sizeof(*mine) + size);
	struct shim_exit **end = &x->first;

	mine->number = ++x->last;
	mine->has_code = e->has_code;
	mine->code = e->code;
	mine->at = e->at;
	memcpy(mine->id, e->id, size);
	if (x->n >= LIMIT_SHIM_EXITS)
		drop(x, &x->first);
	while (*end)
		end = &(*end)->next;
	*end = mine;
	x->n++;
	return mine;
}

void shim_exits_send(const struct shim_exit *e, struct shim_conn *conn)
{
	struct json_object *body = json_object_new_object();

	json_put_str(body, "event", "exit");
	json_put_str(body, "instance", e->id);
	if (e->has_code)
		json_put_i64(body, "code", e->code);
	json_put_i64(body, "at_us", e->at.us);
	shim_conn_send(conn, e->number, SHIM_FRAME_EVENT, body, false);
}

void shim_exits_send_all(const struct shim_exits *x, struct shim_conn *conn)
{
	for (const struct shim_exit *e = x->first; e; e = e->next)
		shim_exits_send(e, conn);
}

void shim_exits_ack(struct shim_exits *x, uint64_t number)
{
	for (struct shim_exit **at = &x->first; *at; at = &(*at)->next) {
		if ((*at)->number != number)
			continue;
		drop(x, at);
		return;
	}
}
