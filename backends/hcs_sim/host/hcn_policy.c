/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of networks and endpoints: their types, the settings of some, and published ports. */
#include <string.h>

#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/schema.h"

/* Types that are known, and on what; a NULL schema: settings are not looked into. */
static const struct policy_type {
	const char *name;
	const struct schema *schema;
	bool network, endpoint;
} types[] = {
	{ "PortMapping", &schema_port_mapping, false, true },
	{ "ACL", &schema_acl, false, true },
	{ "OutBoundNAT", &schema_outbound_nat, true, true },
	{ "SDNRoute", &schema_sdn_route, false, true },
	{ "QOS", NULL, false, true },
	{ "L2Driver", NULL, false, true },
	{ "L4Proxy", NULL, true, true },
	{ "L4WFPPROXY", NULL, false, true },
	{ "PortName", NULL, false, true },
	{ "EncapOverhead", NULL, false, true },
	{ "Iov", NULL, false, true },
	{ "ProviderAddress", NULL, true, true },
	{ "InterfaceConstraint", NULL, true, true },
	{ "TierAcl", NULL, false, true },
	{ "SourceMacAddress", NULL, true, false },
	{ "NetAdapterName", NULL, true, false },
	{ "VSwitchExtension", NULL, true, false },
	{ "DrMacAddress", NULL, true, false },
	{ "AutomaticDNS", NULL, true, false },
	{ "RemoteSubnetRoute", NULL, true, false },
	{ "VxlanPort", NULL, true, false },
	{ "HostRoute", NULL, true, false },
	{ "SetPolicy", NULL, true, false },
	{ "LayerConstraint", NULL, true, false },
	{ "NetworkACL", NULL, true, false },
};

static const char *type_of(struct json_object *policy)
{
	return json_object_get_string(json_object_object_get(policy, "Type"));
}

static int64_t setting(struct json_object *policy, const char *name)
{
	struct json_object *settings = json_object_object_get(policy, "Settings");

	return settings ? json_object_get_int64(json_object_object_get(settings, name)) : 0;
}

static bool is_same_port(struct json_object *a, struct json_object *b)
{
	return strcmp(type_of(a), "PortMapping") == 0 && strcmp(type_of(b), "PortMapping") == 0 &&
	       setting(a, "ExternalPort") == setting(b, "ExternalPort") &&
	       setting(a, "Protocol") == setting(b, "Protocol");
}

/* Is the port of @policy published by an endpoint other than @self? */
static bool is_port_taken(const struct hcn *n, const struct hcn_object *self,
			  struct json_object *policy)
{
	for (const struct hcn_object *o = n->objects[HCN_KIND_ENDPOINT]; o; o = o->next) {
		struct json_object *list = hcn_list(o, "Policies");

		for (size_t i = 0; o != self && list && i < json_object_array_length(list); i++)
			if (is_same_port(json_object_array_get_idx(list, i), policy))
				return true;
	}
	return false;
}

static HRESULT check_one(struct call *c, const struct hcn_object *self, bool on_network,
			 struct json_object *policy)
{
	struct json_object *settings = json_object_object_get(policy, "Settings");
	const struct policy_type *t = NULL;

	for (size_t i = 0; !t && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type_of(policy)) == 0)
			t = &types[i];
	if (!t || !(on_network ? t->network : t->endpoint))
		return call_fail(c, HCN_E_INVALID_POLICY_TYPE, "policy %s", type_of(policy));
	if (t->schema && settings && !schema_check(t->schema, settings, &c->why))
		return HCN_E_INVALID_POLICY;
	if (t->schema == &schema_port_mapping && setting(policy, "ExternalPort") != 0 &&
	    is_port_taken(c->host->hcn, self, policy))
		return call_fail(c, HCN_E_PORT_ALREADY_EXISTS, "another endpoint publishes it");
	return S_OK;
}

HRESULT hcn_policies_check(struct call *c, const struct hcn_object *self, struct json_object *list)
{
	bool on_network = strstr(c->kind->name, "Network") != NULL;

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		HRESULT hr = check_one(c, self, on_network, json_object_array_get_idx(list, i));

		if (hr < 0)
			return hr;
	}
	return S_OK;
}

static HRESULT remove_policies(struct call *c, struct json_object *have, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *policy = json_object_array_get_idx(list, i);
		size_t k = 0, n = json_object_array_length(have);

		while (k < n && !json_object_equal(json_object_array_get_idx(have, k), policy))
			k++;
		if (k == n)
			return call_fail(c, HCN_E_POLICY_NOT_FOUND, "policy %s", type_of(policy));
		(void)json_object_array_del_idx(have, k, 1);
	}
	return S_OK;
}

HRESULT hcn_policies_modify(struct call *c, struct hcn_object *o, const char *request,
			    struct json_object *settings)
{
	struct json_object *have = hcn_list(o, "Policies");
	struct json_object *list;
	HRESULT hr;

	if (!settings || !schema_check(&schema_policies, settings, &c->why))
		return HCN_E_INVALID_JSON;
	list = json_object_object_get(settings, "Policies");
	hr = strcmp(request, "Remove") == 0 ? S_OK : hcn_policies_check(c, o, list);
	if (hr < 0 || !list)
		return hr;
	if (!have || strcmp(request, "Update") == 0) {
		have = json_object_new_array();
		json_put_obj(o->doc, "Policies", have);
	}
	if (strcmp(request, "Remove") == 0) {
		hr = remove_policies(c, have, list);
	} else {
		for (size_t i = 0; i < json_object_array_length(list); i++)
			json_object_array_add(have,
					      json_object_get(json_object_array_get_idx(list, i)));
	}
	return hr < 0 ? hr : hcn_changed(c, o);
}
