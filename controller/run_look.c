/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that look: what the daemon knows, without asking a runtime anew. */
#include <string.h>

#include "controller/document.h"
#include "controller/run_inside.h"
#include "controller/slot_json.h"
#include "controller/source_json.h"
#include "controller/sweep_json.h"
#include "store/deployment_store.h"
#include "store/orphan_store.h"

static int reply(struct request *q, struct json_object *take)
{
	api_reply_json(q->rq, 200, take);
	json_object_put(take);
	return 0;
}

/* --- slots --- */

static void add_slots(const struct run *r, const char *deployment, struct json_object *list)
{
	for (size_t i = 0; r->driver && i < driver_count(r->driver); i++) {
		const struct reconciler *rec = driver_reconciler(r->driver, i);
		const char *name = driver_deployment(r->driver, i);

		if (deployment && strcmp(deployment, name) != 0)
			continue;
		for (size_t k = 0; k < reconcile_count(rec); k++) {
			struct reconcile_view v;

			reconcile_view(rec, k, &v);
			if (v.state != RECONCILE_STATE_GONE)
				json_object_array_add(list, slot_json(name, &v));
		}
	}
}

int run_status(struct request *q, struct error *err)
{
	static const char *const names[] = { "deployment", NULL };
	struct json_object *doc, *list;
	int r = api_route_check(q->match, names, err);

	if (r < 0)
		return r;
	doc = document_new("status");
	list = json_object_new_array();
	add_slots(q->run, api_route_query(q->match, "deployment"), list);
	json_put_bool(doc, "partial", !q->run->driver || driver_partial(q->run->driver));
	json_put_obj(doc, "instances", list);
	return reply(q, doc);
}

/* --- deployments --- */

static struct json_object *deployment_json(const struct deployment_row *d)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "name", d->name);
	if (d->revision)
		json_put_i64(o, "revision", d->revision);
	else
		json_put_str(o, "revision", NULL);
	json_put_str(o, "wish", d->wish == DEPLOYMENT_PRESENT ? "present" : "nothing");
	json_put_time(o, "since", d->wish_at);
	return o;
}

int run_deployments(struct request *q, struct error *err)
{
	struct store *s = q->run->session->store;
	struct json_object *doc, *list, *sources;
	struct deployment_rows rows;
	struct source_rows from;
	int r = deployment_store_list(s, q->arena, &rows, err);

	if (r == 0)
		r = source_store_list(s, q->arena, &from, err);
	if (r < 0)
		return r;
	list = json_object_new_array();
	sources = json_object_new_array();
	for (size_t i = 0; i < rows.n; i++)
		json_object_array_add(list, deployment_json(&rows.items[i]));
	for (size_t i = 0; i < from.n; i++)
		json_object_array_add(sources, source_json(&from.items[i]));
	doc = document_new("deployments");
	json_put_obj(doc, "deployments", list);
	json_put_obj(doc, "sources", sources);
	return reply(q, doc);
}

int run_deployment(struct request *q, struct error *err)
{
	const char *name = api_route_param(q->match, "name");
	struct json_object *doc, *list;
	struct deployment_row row;
	struct revision_row rev;
	struct store *s = q->run->session->store;
	int r = deployment_store_find(s, name, q->arena, &row, err);

	if (r)
		return r < 0 ? r
			     : error_set(err, ERR_NOT_FOUND, 0,
					 "no deployment '%s' was ever seen on this node", name);
	r = deployment_store_revision(s, row.name, 0, q->arena, &rev, err);
	if (r < 0)
		return r;
	doc = document_new("deployment");
	list = json_object_new_array();
	add_slots(q->run, row.name, list);
	json_put_obj(doc, "deployment", deployment_json(&row));
	json_put_str(doc, "source", r == 0 ? rev.source : NULL);
	json_put_str(doc, "author", r == 0 ? rev.author : NULL);
	json_put_str(doc, "digest", r == 0 ? rev.digest : NULL);
	json_put_obj(doc, "instances", list);
	return reply(q, doc);
}

/* --- orphans --- */

int run_orphans(struct request *q, struct error *err)
{
	struct orphan_rows rows;
	int r = orphan_store_list(q->run->session->store, q->arena, &rows, err);

	return r < 0 ? r : reply(q, sweep_json_orphans(rows.items, rows.n));
}

/* --- the daemon itself --- */

int run_version(struct request *q, struct error *err)
{
	struct json_object *doc = document_new("version");

	(void)err;
	json_put_str(doc, "version", q->run->o->version);
	json_put_str(doc, "owner", q->run->session->opt.layout.owner);
	json_put_str(doc, "node_id", q->run->session->node_id);
	return reply(q, doc);
}

/* Answered by the loop: it turns. */
int run_livez(struct request *q, struct error *err)
{
	struct buf text = BUF_INIT(16);

	(void)err;
	buf_puts(&text, "ok\n");
	api_reply(q->rq, 200, "text/plain", &text);
	return 0;
}

int run_readyz(struct request *q, struct error *err)
{
	const struct run *r = q->run;

	if (!r->driver)
		return error_set(err, ERR_UNAVAILABLE, 0, "the store cannot be written");
	if (!r->is_ready)
		return error_set(err, ERR_UNAVAILABLE, 0, "the first look has not come back");
	return run_livez(q, err);
}
