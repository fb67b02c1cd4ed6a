/* SPDX-License-Identifier: Apache-2.0 */
/* json-c's values and our nodes, one for the other. Knows no field. */
#include "specs/node_json.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "specs/scalar.h"

struct node *node_json_read(struct arena *arena, struct json_object *json)
{
	struct node *n = NULL;
	switch (json_object_get_type(json)) {
	case json_type_null:
		return node_plain(arena, "null");
	case json_type_boolean:
		return node_plain(arena, json_object_get_boolean(json) ? "true" : "false");
	case json_type_int:
	case json_type_double:
		return node_plain(arena, arena_strdup(arena, json_object_get_string(json)));
	case json_type_string:
		return node_text(arena, arena_strdup(arena, json_object_get_string(json)));
	case json_type_array:
		n = node_list(arena);
		for (size_t i = 0; i < json_object_array_length(json); i++)
			node_push(arena, n,
				  node_json_read(arena, json_object_array_get_idx(json, i)));
		break;
	case json_type_object:
		n = node_map(arena);
		json_object_object_foreach (json, key, value)
			node_put(arena, n, arena_strdup(arena, key), node_json_read(arena, value));
		break;
	}
	n->is_json = true;
	return n;
}

static struct json_object *write_plain(const char *text)
{
	bool b;
	int64_t i;
	uint64_t u;
	double d;
	if (!*text || scalar_null(text))
		return NULL;
	if (scalar_bool(text, &b))
		return json_object_new_boolean(b);
	if (scalar_i64(text, &i))
		return json_object_new_int64(i);
	if (scalar_u64(text, &u))
		return json_object_new_uint64(u);
	if (scalar_float(text, &d)) {
		char spelled[SCALAR_FLOAT_SIZE];
		if (!isfinite(d))
			return NULL;
		return json_object_new_double_s(d, scalar_format_float(d, spelled));
	}
	return json_object_new_string(text);
}

/* `!pin x` is {"pin": "x"}. */
static struct json_object *write_tagged(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	json_put_str(o, scalar_local_tag(n), n->text);
	return o;
}

struct json_object *node_json_write(const struct node *n)
{
	struct json_object *o = NULL;
	switch (n->kind) {
	case NODE_SCALAR:
		if (scalar_local_tag(n))
			return write_tagged(n);
		return n->is_plain ? write_plain(n->text) : json_object_new_string(n->text);
	case NODE_LIST:
		o = json_object_new_array_ext((int)n->n);
		for (size_t i = 0; i < n->n; i++)
			json_object_array_add(o, node_json_write(n->items[i]));
		break;
	case NODE_MAP:
		o = json_object_new_object();
		for (size_t i = 0; i < n->n; i++)
			json_object_object_add(o, n->entries[i].key->text,
					       node_json_write(n->entries[i].value));
		break;
	}
	return o;
}
