/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as queries see them: the document with what is known beside it, or the shape from before
 * schema 2, which a query without a version gets.
 */
#include <string.h>

#include "backends/hcs_sim/host/hcn.h"

static struct json_object *copy_of(struct json_object *o)
{
	struct json_object *copy = NULL;

	if (json_object_deep_copy(o, &copy, NULL) < 0)
		abort();
	return copy;
}

/* Members of @from under other names in @to, where they are there: pairs, NULL at the end. */
static void rename_members(struct json_object *from, struct json_object *to,
			   const char *const pairs[][2])
{
	for (size_t i = 0; pairs[i][0]; i++) {
		struct json_object *v = json_object_object_get(from, pairs[i][0]);

		if (v)
			json_put_obj(to, pairs[i][1], copy_of(v));
	}
}

static struct json_object *old_network(const struct hcn_object *o)
{
	static const char *const same[][2] = {
		{ "ID", "ID" }, { "Name", "Name" }, { "Type", "Type" }, { NULL, NULL }
	};
	struct json_object *old = json_object_new_object();
	struct json_object *subnets = json_object_new_array();
	struct json_object *ipams = hcn_list(o, "Ipams");

	rename_members(o->doc, old, same);
	for (size_t i = 0; ipams && i < json_object_array_length(ipams); i++) {
		struct json_object *list =
			json_object_object_get(json_object_array_get_idx(ipams, i), "Subnets");

		for (size_t k = 0; list && k < json_object_array_length(list); k++) {
			static const char *const prefix[][2] = {
				{ "IpAddressPrefix", "AddressPrefix" }, { NULL, NULL }
			};
			struct json_object *subnet = json_object_new_object();

			rename_members(json_object_array_get_idx(list, k), subnet, prefix);
			json_object_array_add(subnets, subnet);
		}
	}
	json_put_obj(old, "Subnets", subnets);
	return old;
}

static struct json_object *old_endpoint(const struct hcn *n, const struct hcn_object *o)
{
	static const char *const same[][2] = { { "ID", "ID" },
					       { "Name", "Name" },
					       { "HostComputeNetwork", "VirtualNetwork" },
					       { "MacAddress", "MacAddress" },
					       { "Policies", "Policies" },
					       { NULL, NULL } };
	static const char *const address[][2] = { { "IpAddress", "IPAddress" },
						  { "PrefixLength", "PrefixLength" },
						  { NULL, NULL } };
	struct json_object *old = json_object_new_object();
	struct json_object *list = hcn_list(o, "IpConfigurations");

	rename_members(o->doc, old, same);
	if (list && json_object_array_length(list) > 0)
		rename_members(json_object_array_get_idx(list, 0), old, address);
	json_put_i64(old, "State", hcn_namespace_of(n, &o->id) ? 3 : 1);
	return old;
}

static struct json_object *old_namespace(const struct hcn_object *o)
{
	static const char *const same[][2] = { { "ID", "ID" },
					       { "NamespaceId", "CompartmentId" },
					       { NULL, NULL } };
	struct json_object *old = json_object_new_object();
	struct json_object *resources = json_object_new_array();
	struct json_object *list = hcn_list(o, "Resources");

	rename_members(o->doc, old, same);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		static const char *const type[][2] = { { "Type", "Type" }, { NULL, NULL } };
		static const char *const id[][2] = { { "ID", "Id" }, { NULL, NULL } };
		struct json_object *from = json_object_array_get_idx(list, i);
		struct json_object *to = json_object_new_object();
		struct json_object *data = json_object_new_object();

		rename_members(from, to, type);
		rename_members(json_object_object_get(from, "Data"), data, id);
		json_put_obj(to, "Data", data);
		json_object_array_add(resources, to);
	}
	json_put_obj(old, "ResourceList", resources);
	return old;
}

/* The document, and what stands elsewhere. */
static struct json_object *whole(const struct hcn *n, const struct hcn_object *o)
{
	struct json_object *doc = copy_of(o->doc);
	struct json_object *health = json_object_new_object();
	const struct hcn_object *namespace;
	const char *type = hcn_text(o, "Type");
	GUID id = { 0 };

	if (o->kind == HCN_KIND_ENDPOINT) {
		namespace = hcn_namespace_of(n, &o->id);
		hcn_put_guid(doc, "HostComputeNamespace", namespace ? &namespace->id : &id);
	}
	/* Of a NAT network the service leaves the type out. */
	if (o->kind == HCN_KIND_NETWORK && type && strcmp(type, "NAT") == 0)
		json_object_object_del(doc, "Type");
	if (o->kind == HCN_KIND_NAMESPACE) {
		json_object_put(health);
		return doc;
	}
	json_put_obj(health, "Extra", json_object_new_object());
	json_put_obj(doc, "Health", health);
	return doc;
}

struct json_object *hcn_answer(const struct hcn *n, const struct hcn_object *o, bool is_old)
{
	if (!is_old)
		return whole(n, o);
	switch (o->kind) {
	case HCN_KIND_NETWORK:
		return old_network(o);
	case HCN_KIND_ENDPOINT:
		return old_endpoint(n, o);
	case HCN_KIND_NAMESPACE:
	case HCN_N_KINDS:
		break;
	}
	return old_namespace(o);
}
