/* SPDX-License-Identifier: Apache-2.0 */
/* How a plan looks. Decides nothing; the sentences come from diff.c. */
#include "controller/plan_render.h"

#include "base/json.h"

#define SCHEMA "tallyman.plan.v1"

const char *plan_render_change(const struct plan_change *c, struct arena *a)
{
	const struct diff_sentence d = {
		c->verdict, c->service, c->slot, c->cause, c->fields, c->os
	};
	return diff_sentence(&d, a);
}

static void add_orphans(const struct plan *p, struct buf *ret)
{
	for (size_t i = 0; i < p->n_orphans; i++)
		buf_printf(ret, "? orphan %s: nothing recorded explains it\n", p->orphans[i]->id);
}

static void add_sums(const struct plan *p, struct buf *ret)
{
	if (p->n_peer + p->n_blocked + p->n_waiting)
		buf_printf(ret, "Not in the plan: %zu for a peer, %zu blocked, %zu waiting.\n",
			   p->n_peer, p->n_blocked, p->n_waiting);
	if (plan_pending(p) == 0) {
		buf_puts(ret, "Plan: nothing to do\n");
		return;
	}
	buf_printf(ret, "Plan: %zu to create, %zu to replace, %zu to remove", p->n_create,
		   p->n_replace, p->n_remove);
	if (p->n_update)
		buf_printf(ret, ", %zu to update", p->n_update);
	if (p->n_start)
		buf_printf(ret, ", %zu to start", p->n_start);
	buf_puts(ret, ".\n");
}

void plan_render_text(const struct plan *p, struct buf *ret)
{
	struct arena *a CLEAN(arena) = arena_new();
	for (size_t i = 0; i < p->n; i++) {
		buf_puts(ret, plan_render_change(&p->changes[i], a));
		buf_putc(ret, '\n');
		if (p->changes[i].hint)
			buf_printf(ret, "    hint: %s\n", p->changes[i].hint);
	}
	add_orphans(p, ret);
	add_sums(p, ret);
}

static struct json_object *render_step(const struct step *s)
{
	struct json_object *o = json_object_new_object();
	json_put_str(o, "kind", step_kind_to_string(s->kind));
	json_put_str(o, "runtime", s->runtime);
	json_put_str(o, "id", s->instance_id);
	if (s->kind == STEP_SIGNAL)
		json_put_i64(o, "signal", s->signal);
	if (s->kind == STEP_STAGE)
		json_put_str(o, "digest", s->digest);
	return o;
}

static struct json_object *render_change(const struct plan *p, const struct plan_change *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *steps = json_object_new_array();
	json_put_str(o, "action", verdict_to_string(c->verdict));
	json_put_str(o, "service", c->service);
	json_put_i64(o, "replica", c->slot);
	json_put_str(o, "slot", c->name);
	json_put_str(o, "id", c->id);
	json_put_str(o, "cause", c->cause);
	json_put_str(o, "fields", c->fields);
	json_put_str(o, "hint", c->hint);
	if (c->verdict == VERDICT_NEEDS_PEER)
		json_put_str(o, "required_os", c->os);
	for (size_t i = 0; i < c->n; i++)
		json_object_array_add(steps, render_step(&p->steps[c->first + i]));
	json_put_obj(o, "steps", steps);
	return o;
}

static struct json_object *render_sums(const struct plan *p)
{
	const struct {
		const char *key;
		size_t n;
	} sums[] = {
		{ "create", p->n_create },   { "start", p->n_start },
		{ "update", p->n_update },   { "replace", p->n_replace },
		{ "remove", p->n_remove },   { "needs_peer", p->n_peer },
		{ "blocked", p->n_blocked }, { "waiting", p->n_waiting },
	};
	struct json_object *o = json_object_new_object();
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		json_put_i64(o, sums[i].key, (int64_t)sums[i].n);
	return o;
}

void plan_render_json(const struct plan *p, struct buf *ret)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *changes = json_object_new_array();
	struct json_object *orphans = json_object_new_array();

	for (size_t i = 0; i < p->n; i++)
		json_object_array_add(changes, render_change(p, &p->changes[i]));
	for (size_t i = 0; i < p->n_orphans; i++)
		json_object_array_add(orphans, json_object_new_string(p->orphans[i]->id));
	json_put_str(o, "schema", SCHEMA);
	json_put_str(o, "deployment", p->deployment);
	json_put_str(o, "hash", p->hash);
	json_put_obj(o, "changes", changes);
	json_put_obj(o, "orphans", orphans);
	json_put_obj(o, "summary", render_sums(p));
	json_pretty(o, ret);
}
