/* SPDX-License-Identifier: Apache-2.0 */
/* One writer for a form that people's scripts read. */
#include "controller/source_json.h"

struct json_object *source_json(const struct source_row *row)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "path", row->path);
	json_put_str(o, "watched", row->watched);
	json_put_str(o, "deployment", row->deployment);
	json_put_str(o, "digest", row->digest);
	json_put_str(o, "problem", row->problem);
	json_put_str(o, "waits_for_approval", row->waits);
	json_put_time(o, "gone_since", row->gone);
	return o;
}
