/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top of the schema, and questions about it as a whole. The tables of what
 * is below a service are in schema_service.c and schema_parts.c.
 */
#include "specs/schema.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "specs/node.h"
#include "specs/schema_macros.h"
#include "specs/schema_parts.h"
#include "specs/schema_service.h"
#include "specs/spec.h"

static const struct schema_field external_fields[] = {
	TEXTS(external_spec, backends, "addresses, at least one", REQ),
	PARTS(external_spec, endpoints, schema_parts_endpoint, "what others can reach"),
	O_PART(external_spec, health, schema_parts_health, "when it is healthy"),
};
static const struct schema_type external_type = TYPE(external_spec, "an external", external_fields);

static const struct schema_field tunnel_fields[] = {
	R_TEXT(tunnel_spec, from, "node at the near end"),
	R_TEXT(tunnel_spec, to, "node at the far end"),
	R_INT(tunnel_spec, local_port, 0, U16_MAX, "1 to 65535"),
	R_INT(tunnel_spec, remote_port, 0, U16_MAX, "1 to 65535"),
	WORD(tunnel_spec, protocol, transport, "transport"),
	WORD(tunnel_spec, expose, expose, "who can reach it"),
};
static const struct tunnel_spec tunnel_init = { .expose = EXPOSE_INTERNAL };
static const struct schema_type tunnel_type =
	TYPE(tunnel_spec, "a tunnel", tunnel_fields, .init = &tunnel_init);

static const struct schema_field api_fields[] = {
	FLAG(api_settings, enabled, "upstream's API server runs"),
	TEXT(api_settings, bind, "its address"),
	O_TEXT(api_settings, jwt_secret, "key of its tokens"),
	FLAG(api_settings, swagger, "its documentation is served"),
};
#define API_INIT                                                                                   \
	{                                                                                          \
		.enabled = true, .bind = "0.0.0.0:3669", .swagger = true                           \
	}
static const struct api_settings api_init = API_INIT;
static const struct schema_type api_type =
	TYPE(api_settings, "api", api_fields, .init = &api_init, .is_lax = true);

static const struct schema_field deployment_fields[] = {
	R_TEXT(deployment, version, "v1"),
	{ .name = "deployment",
	  .offset = offsetof(struct deployment, name),
	  .kind = FIELD_TEXT,
	  .is_required = true,
	  .group = GROUP_NONE,
	  .doc = "its name: 3 to 63 letters, digits and dashes" },
	PART_MAP(deployment, services, schema_service, "what runs"),
	PART_MAP(deployment, externals, external_type, "services that run elsewhere"),
	PART_MAP(deployment, tunnels, tunnel_type, "tunnels between nodes"),
	PART(deployment, api, api_type, "settings of upstream's API server"),
	PART(deployment, tallyman, schema_service_tallyman, "settings of tallyman for all services",
	     .is_quiet = true),
};
static const struct deployment deployment_init = { .api = API_INIT };
const struct schema_type schema_deployment = TYPE(deployment, "a deployment", deployment_fields,
						  .init = &deployment_init, .has_extensions = true);

const char *schema_group_name(enum field_group group)
{
#define NAME(id, name) name,
	static const char *const names[] = { SCHEMA_GROUPS(NAME) };
#undef NAME
	assert(group >= GROUP_FIRST && group < GROUP_NONE);
	return names[group - GROUP_FIRST];
}

size_t schema_element_size(const struct schema_field *f)
{
	switch (f->kind) {
	case FIELD_PART:
		return f->type->size;
	case FIELD_ANY:
		return sizeof(struct with_item);
	case FIELD_TEXT:
		return f->shape == SHAPE_MAP ? sizeof(struct pair) : sizeof(const char *);
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_U64:
	case FIELD_FLOAT:
	case FIELD_DURATION:
	case FIELD_WORD:
	case FIELD_IMAGE:
	case FIELD_NETWORK_MODE:
	case FIELD_AFFINITY:
		break;
	}
	assert(0 && "only texts, parts and any values come in lists and maps");
	return 0;
}

static const struct schema_field *find_in(const struct schema_fields *fields, const char *name,
					  size_t n)
{
	for (size_t i = 0; i < fields->n; i++)
		if (strncmp(fields->items[i].name, name, n) == 0 && !fields->items[i].name[n])
			return &fields->items[i];
	return NULL;
}

static const struct schema_field *find_field(const struct schema_type *t, const char *name,
					     size_t n)
{
	const struct schema_field *f = find_in(&t->fields, name, n);
	if (!t->tag || f)
		return f;
	if (strncmp(t->tag->name, name, n) == 0 && !t->tag->name[n])
		return t->tag;
	for (int i = 0; i < t->tag->words->n && !f; i++)
		f = find_in(&t->variants[i], name, n);
	return f;
}

/* Behind `[0]`, `[*]` or `[]`; NULL when a bracket is not closed. */
static const char *skip_index(const char *path)
{
	if (*path != '[')
		return path;
	const char *end = strchr(path, ']');
	return end ? end + 1 : NULL;
}

const struct schema_field *schema_find(const char *path, const struct schema_type **ret_type)
{
	const struct schema_type *type = &schema_deployment;
	for (;;) {
		size_t n = strcspn(path, ".[");
		const struct schema_field *f = find_field(type, path, n);
		if (!f)
			return NULL;
		if (ret_type)
			*ret_type = type;
		path = skip_index(path + n);
		if (path && *path == '.' && f->shape == SHAPE_MAP)
			path += 1 + strcspn(path + 1, "."); /* over the key */
		if (!path || !*path)
			return path ? f : NULL;
		if (*path != '.' || f->kind != FIELD_PART)
			return NULL;
		path++;
		type = f->type;
	}
}

struct walk {
	schema_each *each;
	void *ctx;
	char path[SCHEMA_PATH_MAX];
};

static void walk_fields(struct walk *w, const struct schema_fields *fields,
			const struct schema_type *in, size_t n_path);

static void walk_type(struct walk *w, const struct schema_type *t, size_t n_path)
{
	walk_fields(w, &t->fields, t, n_path);
	if (!t->tag)
		return;
	walk_fields(w, &(struct schema_fields){ t->tag, 1 }, t, n_path);
	for (int i = 0; i < t->tag->words->n; i++)
		walk_fields(w, &t->variants[i], t, n_path);
}

static void walk_fields(struct walk *w, const struct schema_fields *fields,
			const struct schema_type *in, size_t n_path)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct schema_field *f = &fields->items[i];
		int n = snprintf(w->path + n_path, sizeof(w->path) - n_path, "%s%s",
				 n_path ? "." : "", f->name);
		assert(n_path + (size_t)n + 3 < sizeof(w->path));
		w->each(w->ctx, w->path, f, in);
		if (f->kind != FIELD_PART)
			continue;
		const char *step = f->shape == SHAPE_MAP    ? ".*"
				   : f->shape >= SHAPE_LIST ? "[]"
							    : "";
		n += snprintf(w->path + n_path + n, 3, "%s", step);
		walk_type(w, f->type, n_path + (size_t)n);
	}
}

void schema_walk(schema_each *each, void *ctx)
{
	struct walk w = { .each = each, .ctx = ctx };
	walk_type(&w, &schema_deployment, 0);
}
