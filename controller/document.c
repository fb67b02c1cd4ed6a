/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where a schema's name is put together. */
#include "controller/document.h"

struct json_object *document_new(const char *what)
{
	struct json_object *o = json_object_new_object();
	char schema[64];

	snprintf(schema, sizeof(schema), "tallyman.%s.v1", what);
	json_put_str(o, "schema", schema);
	return o;
}
