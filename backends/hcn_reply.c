/* SPDX-License-Identifier: Apache-2.0 */
/* Where schema 1 and 2 spell a member differently, both are tried, 2 first. */
#include "backends/hcn_reply.h"

#include <string.h>

#include "base/json.h"

static int corrupt(struct error *err, const char *what, const struct error *why)
{
	return error_set(err, ERR_CORRUPT, 0, "%s: %s", what, why->msg);
}

static int get_text(struct json_object *o, const char *key, const char *absent, struct arena *a,
		    const char **ret, struct error *err)
{
	const char *s = absent;
	int r = json_get_str(o, key, &s, err);

	if (r < 0)
		return r;
	*ret = arena_strdup(a, s);
	return 0;
}

static int parse_id(const char *text, const char *key, GUID *ret, struct error *err)
{
	if (hcs_guid_parse(text, ret))
		return 0;
	return error_set(err, ERR_INVALID, 0, "\"%s\" is no GUID: %.60s", key, text);
}

/* 0, or JSON_ABSENT: missing, or an empty text. @other: the same in schema 1, or NULL. */
static int get_id(struct json_object *o, const char *key, const char *other, GUID *ret,
		  struct error *err)
{
	const char *s = NULL;
	int r = json_get_str(o, key, &s, err);

	if (r == JSON_ABSENT && other)
		r = json_get_str(o, other, &s, err);
	if (r)
		return r;
	return *s ? parse_id(s, key, ret, err) : JSON_ABSENT;
}

static int get_basics(struct json_object *o, struct arena *a, struct hcn_basics *ret,
		      struct error *err)
{
	int r = get_id(o, "ID", "Id", &ret->id, err);

	if (r == JSON_ABSENT)
		r = error_set(err, ERR_INVALID, 0, "\"ID\" is missing");
	r = r < 0 ? r : get_text(o, "Name", "", a, &ret->name, err);
	return r < 0 ? r : get_text(o, "Owner", "", a, &ret->owner, err);
}

static int read_ids(struct json_object *doc, struct arena *a, GUID **ret, size_t *ret_n,
		    struct error *err)
{
	size_t n;
	GUID *list;

	if (!json_object_is_type(doc, json_type_array))
		return error_set(err, ERR_INVALID, 0, "not a list");
	n = json_object_array_length(doc);
	list = arena_array(a, n, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_object_array_get_idx(doc, i);

		if (!json_object_is_type(v, json_type_string) ||
		    !hcs_guid_parse(json_object_get_string(v), &list[i]))
			return error_set(err, ERR_INVALID, 0, "entry %zu is no GUID", i);
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int hcn_reply_ids(const char *text, size_t n, struct arena *a, GUID **ret, size_t *ret_n,
		  struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct error why = ERROR_INIT;
	int r = 0;

	if (!text || n == 0 || (n == 4 && memcmp(text, "null", 4) == 0)) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	r = json_parse(text, n, &doc, &why);
	if (r == 0)
		r = read_ids(doc, a, ret, ret_n, &why);
	return r < 0 ? corrupt(err, "list of GUIDs", &why) : 0;
}

/* Appends one text to a list of them. */
static void add_text(struct arena *a, const char ***list, size_t *n, const char *text)
{
	*list = arena_grow(a, *list, *n, sizeof(**list));
	(*list)[(*n)++] = arena_strdup(a, text);
}

/* Appends member @key of each object in @array, a text, to a list. */
static int add_texts(struct json_object *array, const char *key, struct arena *a,
		     const char ***list, size_t *n, struct error *err)
{
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		const char *s = NULL;
		int r = json_get_str(json_object_array_get_idx(array, i), key, &s, err);

		if (r < 0)
			return r;
		if (r == 0 && *s)
			add_text(a, list, n, s);
	}
	return 0;
}

static int read_network(struct json_object *doc, struct arena *a, struct hcn_network_reply *n,
			struct error *err)
{
	struct json_object *ipams = NULL;
	int r = get_basics(doc, a, &n->basics, err);

	r = r < 0 ? r : get_text(doc, "Type", "NAT", a, &n->type, err);
	r = r < 0 ? r : json_get_array(doc, "Ipams", &ipams, err);
	if (r < 0)
		return r;
	for (size_t i = 0; ipams && i < json_object_array_length(ipams); i++) {
		struct json_object *list = NULL;

		r = json_get_array(json_object_array_get_idx(ipams, i), "Subnets", &list, err);
		if (r == 0)
			r = add_texts(list, "IpAddressPrefix", a, &n->subnets, &n->n_subnets, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int hcn_reply_network(const char *text, size_t n, struct arena *a, struct hcn_network_reply *ret,
		      struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_network_reply reply = { 0 };
	struct error why = ERROR_INIT;
	int r = json_parse(text, n, &doc, &why);

	if (r == 0)
		r = read_network(doc, a, &reply, &why);
	if (r < 0)
		return corrupt(err, "properties of a network", &why);
	*ret = reply;
	return 0;
}

static int read_addresses(struct json_object *doc, struct arena *a, struct hcn_endpoint_reply *e,
			  struct error *err)
{
	struct json_object *list = NULL;
	const char *s = NULL;
	int r = json_get_array(doc, "IpConfigurations", &list, err);

	if (r == JSON_ABSENT)
		r = json_get_array(doc, "IPConfigurations", &list, err);
	if (r == 0)
		return add_texts(list, "IpAddress", a, &e->addresses, &e->n_addresses, err);
	if (r == JSON_ABSENT)
		r = json_get_str(doc, "IPAddress", &s, err);
	if (r == 0 && *s)
		add_text(a, &e->addresses, &e->n_addresses, s);
	return r < 0 ? r : 0;
}

static int read_endpoint(struct json_object *doc, struct arena *a, struct hcn_endpoint_reply *e,
			 struct error *err)
{
	int r = get_basics(doc, a, &e->basics, err);

	r = r < 0 ? r : get_id(doc, "HostComputeNetwork", "VirtualNetwork", &e->network, err);
	r = r < 0 ? r : get_id(doc, "HostComputeNamespace", NULL, &e->space, err);
	r = r < 0 ? r : get_text(doc, "MacAddress", "", a, &e->mac, err);
	return r < 0 ? r : read_addresses(doc, a, e, err);
}

int hcn_reply_endpoint(const char *text, size_t n, struct arena *a, struct hcn_endpoint_reply *ret,
		       struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_endpoint_reply reply = { 0 };
	struct error why = ERROR_INIT;
	int r = json_parse(text, n, &doc, &why);

	if (r == 0)
		r = read_endpoint(doc, a, &reply, &why);
	if (r < 0)
		return corrupt(err, "properties of an endpoint", &why);
	*ret = reply;
	return 0;
}

static int read_resource(struct json_object *o, struct arena *a, struct hcn_namespace_reply *s,
			 struct error *err)
{
	struct json_object *data = NULL;
	const char *type = NULL, *id = NULL;
	int r = json_need_str(o, "Type", &type, err);

	r = r < 0 ? r : json_get_obj(o, "Data", &data, err);
	if (r)
		return r < 0 ? r : 0; /* a kind without data is no business of ours */
	r = json_get_str(data, "ID", &id, err);
	if (r == JSON_ABSENT)
		r = json_get_str(data, "Id", &id, err);
	if (r)
		return r < 0 ? r : 0;
	if (!strcmp(type, "Container"))
		add_text(a, &s->containers, &s->n_containers, id);
	if (strcmp(type, "Endpoint") != 0)
		return 0;
	s->endpoints = arena_grow(a, s->endpoints, s->n_endpoints, sizeof(*s->endpoints));
	return parse_id(id, "ID", &s->endpoints[s->n_endpoints++], err);
}

static int read_namespace(struct json_object *doc, struct arena *a, struct hcn_namespace_reply *s,
			  struct error *err)
{
	struct json_object *list = NULL;
	int r = get_basics(doc, a, &s->basics, err);

	r = r < 0 ? r : get_text(doc, "Type", "", a, &s->type, err);
	r = r < 0 ? r : json_get_array(doc, "Resources", &list, err);
	if (r == JSON_ABSENT)
		r = json_get_array(doc, "ResourceList", &list, err);
	for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++)
		r = read_resource(json_object_array_get_idx(list, i), a, s, err);
	return r < 0 ? r : 0;
}

int hcn_reply_namespace(const char *text, size_t n, struct arena *a,
			struct hcn_namespace_reply *ret, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_namespace_reply reply = { 0 };
	struct error why = ERROR_INIT;
	int r = json_parse(text, n, &doc, &why);

	if (r == 0)
		r = read_namespace(doc, a, &reply, &why);
	if (r < 0)
		return corrupt(err, "properties of a namespace", &why);
	*ret = reply;
	return 0;
}
