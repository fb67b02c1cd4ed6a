/* SPDX-License-Identifier: Apache-2.0 */
/* Networks and their subnets. */
#include "backends/hcs_sim/host/hcn_network.h"

#include <string.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/schema.h"

int hcn_network_subnets(const struct json_object *doc, struct subnet ret[HCN_NETWORK_SUBNETS])
{
	struct json_object *ipams = json_object_object_get(doc, "Ipams");
	int n = 0;

	for (size_t i = 0; ipams && i < json_object_array_length(ipams); i++) {
		struct json_object *list =
			json_object_object_get(json_object_array_get_idx(ipams, i), "Subnets");

		for (size_t k = 0; list && k < json_object_array_length(list); k++) {
			struct json_object *o = json_object_array_get_idx(list, k);
			struct json_object *prefix = json_object_object_get(o, "IpAddressPrefix");

			if (n == HCN_NETWORK_SUBNETS ||
			    !subnet_parse(json_object_get_string(prefix), &ret[n++]))
				return -1;
		}
	}
	return n;
}

bool hcn_network_is_gateway(const struct json_object *doc, const struct address *a)
{
	struct json_object *ipams = json_object_object_get(doc, "Ipams");

	for (size_t i = 0; ipams && i < json_object_array_length(ipams); i++) {
		struct json_object *list =
			json_object_object_get(json_object_array_get_idx(ipams, i), "Subnets");

		for (size_t k = 0; list && k < json_object_array_length(list); k++) {
			struct json_object *routes = json_object_object_get(
				json_object_array_get_idx(list, k), "Routes");
			struct json_object *route = routes && json_object_array_length(routes) > 0
							    ? json_object_array_get_idx(routes, 0)
							    : NULL;
			const char *hop = route ? json_object_get_string(
							  json_object_object_get(route, "NextHop"))
						: NULL;
			struct address gateway;

			if (hop && address_parse(hop, &gateway) && address_equal(&gateway, a))
				return true;
		}
	}
	return false;
}

/* Does a network that is there have an address that a new one wants? */
static bool is_overlapping(const struct hcn *n, const struct subnet *subnets, int n_subnets)
{
	struct subnet have[HCN_NETWORK_SUBNETS];

	for (const struct hcn_object *o = n->objects[HCN_KIND_NETWORK]; o; o = o->next) {
		int n_have = hcn_network_subnets(o->doc, have);

		for (int i = 0; i < n_have * n_subnets; i++)
			if (subnet_overlaps(&have[i / n_subnets], &subnets[i % n_subnets]))
				return true;
	}
	return false;
}

static HRESULT check(struct call *c, struct json_object *doc)
{
	struct json_object *name = json_object_object_get(doc, "Name");
	struct subnet subnets[HCN_NETWORK_SUBNETS];
	const struct hcn *n = c->host->hcn;
	int n_subnets;
	HRESULT hr = hcn_check_base(c, doc);

	if (hr < 0)
		return hr;
	for (const struct hcn_object *o = n->objects[HCN_KIND_NETWORK]; name && o; o = o->next)
		if (hcn_text(o, "Name") &&
		    strcmp(hcn_text(o, "Name"), json_object_get_string(name)) == 0)
			return call_fail(c, HCN_E_NETWORK_ALREADY_EXISTS, "a network of that name");
	n_subnets = hcn_network_subnets(doc, subnets);
	if (n_subnets < 0)
		return call_fail(c, HCN_E_INVALID_SUBNET, "a subnet that is none, or too many");
	if (n_subnets > 0 && is_overlapping(n, subnets, n_subnets))
		return call_fail(c, HCN_E_INVALID_SUBNET, "another network has those addresses");
	return hcn_policies_check(c, NULL, json_object_object_get(doc, "Policies"));
}

HRESULT on_HcnCreateNetwork(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_object *o = NULL;
	struct error err;
	char text[HCS_GUID_SIZE];
	GUID id;
	HRESULT hr = call_document(c, "document", &schema_network, false, &doc);

	hr = hr < 0 ? hr : hcn_new_id(c, HCN_KIND_NETWORK, &id, &o);
	if (hr >= 0 && o)
		return hcn_opened(c, o);
	hr = hr < 0 ? hr : check(c, doc);
	if (hr < 0)
		return hr;
	if (!json_object_object_get(doc, "Type"))
		json_put_str(doc, "Type", "NAT");
	if (hcn_add(c->host->hcn, HCN_KIND_NETWORK, &id, TAKE(doc), &o, &err) < 0)
		return call_fail_error(c, WIN32_DISK_FULL, &err);
	clients_notify_hcn(c->host, HcnNotificationNetworkCreate, hcs_guid_format(&id, text));
	return hcn_opened(c, o);
}

HRESULT on_HcnModifyNetwork(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	const char *type = "", *request = "";
	struct hcn_object *o = NULL;
	HRESULT hr = hcn_handle(c, HCN_KIND_NETWORK, &o);

	hr = hr < 0 ? hr : call_document(c, "document", &schema_hcn_modify, false, &doc);
	if (hr < 0)
		return hr;
	(void)json_get_str(doc, "ResourceType", &type, NULL); /* checked */
	(void)json_get_str(doc, "RequestType", &request, NULL);
	if (strcmp(type, "Policy") == 0)
		return hcn_policies_modify(c, o, request, json_object_object_get(doc, "Settings"));
	return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "%s of %s", request, type);
}

HRESULT on_HcnDeleteNetwork(struct call *c)
{
	struct hcn *n = c->host->hcn;
	struct hcn_object *o, *next;
	char text[HCS_GUID_SIZE];
	GUID id;
	HRESULT hr = call_guid(c, &id);

	if (hr < 0)
		return hr;
	o = hcn_find(n, HCN_KIND_NETWORK, &id);
	if (!o)
		return hcn_absent(HCN_KIND_NETWORK);
	for (struct hcn_object *e = n->objects[HCN_KIND_ENDPOINT]; e; e = next) {
		GUID network = hcn_guid(e, "HostComputeNetwork");

		next = e->next;
		if (!hcs_guid_equal(&network, &id))
			continue;
		if (c->host->switches.network_delete != SWITCH_NETWORK_DELETE_CASCADES)
			return call_fail(c, HCN_E_ENTITY_HAS_REFERENCES, "endpoints are on it");
		hcn_drop(n, e);
	}
	hcn_drop(n, o);
	clients_notify_hcn(c->host, HcnNotificationNetworkDelete, hcs_guid_format(&id, text));
	return S_OK;
}
