/* SPDX-License-Identifier: Apache-2.0 */
/* One writer for a form that people's scripts read. */
#include "controller/event_json.h"

void event_json(struct json_object *o, const struct event_row *e)
{
	json_put_i64(o, "seq", e->seq);
	json_put_time(o, "time", e->last);
	json_put_time(o, "first", e->first);
	json_put_i64(o, "count", e->count);
	json_put_str(o, "level", event_store_level_to_string(e->level));
	json_put_str(o, "kind", e->kind);
	json_put_str(o, "deployment", e->deployment);
	json_put_str(o, "service", e->service);
	if (e->slot >= 0)
		json_put_i64(o, "replica", e->slot);
	else
		json_put_str(o, "replica", NULL);
	json_put_str(o, "id", e->runtime_id);
	json_put_str(o, "message", e->message);
	json_put_bool(o, "by_person", e->by_person);
}
