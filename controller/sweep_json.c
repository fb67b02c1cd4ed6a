/* SPDX-License-Identifier: Apache-2.0 */
/* Members in the order in which people read them. */
#include "controller/sweep_json.h"

static struct json_object *kinds_json(unsigned kinds)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < LEFTOVER_N_KINDS; i++)
		if (kinds & leftover_bit((enum leftover_what)i))
			json_object_array_add(list, json_object_new_string(leftover_kind_name(
							    (enum leftover_what)i)));
	return list;
}

static struct json_object *orphan_json(const struct orphan *o)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "id", o->id);
	json_put_str(doc, "runtime", o->runtime);
	json_put_obj(doc, "kinds", kinds_json(o->kinds));
	json_put_str(doc, "state", orphan_state_to_string(o->state));
	json_put_i64(doc, "sightings", o->sightings);
	json_put_time(doc, "first", o->first);
	json_put_time(doc, "last", o->last);
	json_put_time(doc, "since", o->since);
	json_put_str(doc, "reason", o->reason);
	return doc;
}

static struct json_object *fate_json(const struct sweep_fate *f)
{
	struct json_object *doc = orphan_json(&f->item.orphan);

	json_put_str(doc, "instance",
		     f->item.has_instance ? instance_state_to_string(f->item.state) : NULL);
	json_put_str(doc, "outcome", sweep_wave_end_name(f->end));
	json_put_str(doc, "why", f->why);
	return doc;
}

static struct json_object *foreign_json(const struct sweep_foreign *f)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "id", f->id);
	json_put_str(doc, "runtime", f->runtime);
	json_put_obj(doc, "kinds", kinds_json(f->kinds));
	json_put_str(doc, "whose", f->whose);
	return doc;
}

static struct json_object *failure_json(const struct sweep_failure *f)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "runtime", f->runtime);
	json_put_str(doc, "why", f->why);
	return doc;
}

struct json_object *sweep_json_document(const struct sweep_result *res)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *orphans = json_object_new_array();
	struct json_object *foreign = json_object_new_array();
	struct json_object *failures = json_object_new_array();

	for (size_t i = 0; i < res->n; i++)
		json_object_array_add(orphans, fate_json(&res->fates[i]));
	for (size_t i = 0; i < res->n_foreign; i++)
		json_object_array_add(foreign, foreign_json(&res->foreign[i]));
	for (size_t i = 0; i < res->n_failures; i++)
		json_object_array_add(failures, failure_json(&res->failures[i]));
	json_put_str(doc, "schema", "tallyman.sweep.v1");
	json_put_str(doc, "mode", sweep_plan_mode_name(res->mode));
	json_put_str(doc, "held", res->held);
	json_put_obj(doc, "orphans", orphans);
	json_put_obj(doc, "foreign", foreign);
	json_put_obj(doc, "failures", failures);
	return doc;
}

struct json_object *sweep_json_orphans(const struct orphan *rows, size_t n)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *orphans = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(orphans, orphan_json(&rows[i]));
	json_put_str(doc, "schema", "tallyman.orphans.v1");
	json_put_obj(doc, "orphans", orphans);
	return doc;
}
