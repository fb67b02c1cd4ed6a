/* SPDX-License-Identifier: Apache-2.0 */
/* One writer for a form that people's scripts read. */
#include "controller/source_json.h"

static void put_time(struct json_object *o, const char *key, struct wall t)
{
	char text[CLOCK_RFC3339_SIZE];

	json_put_str(o, key, t.us ? clock_rfc3339(t, text) : NULL);
}

struct json_object *source_json(const struct source_row *row)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "path", row->path);
	json_put_str(o, "watched", row->watched);
	json_put_str(o, "deployment", row->deployment);
	json_put_str(o, "digest", row->digest);
	json_put_str(o, "problem", row->problem);
	json_put_str(o, "waits_for_approval", row->waits);
	put_time(o, "gone_since", row->gone);
	return o;
}
