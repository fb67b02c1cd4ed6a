/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints and their addresses. */
#include <string.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/hcn_network.h"
#include "backends/hcs_sim/host/schema.h"
#include "base/rand.h"

/* --- addresses -------------------------------------------------------------------------- */

static bool has_address(const struct hcn_object *endpoint, const struct address *a)
{
	struct json_object *list = hcn_list(endpoint, "IpConfigurations");

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *text =
			json_object_object_get(json_object_array_get_idx(list, i), "IpAddress");
		struct address have;

		if (text && address_parse(json_object_get_string(text), &have) &&
		    address_equal(&have, a))
			return true;
	}
	return false;
}

static bool is_free(const struct hcn *n, const struct hcn_object *network, const struct address *a)
{
	for (const struct hcn_object *o = n->objects[HCN_KIND_ENDPOINT]; o; o = o->next) {
		GUID on = hcn_guid(o, "HostComputeNetwork");

		if (hcs_guid_equal(&on, &network->id) && has_address(o, a))
			return false;
	}
	return !hcn_network_is_gateway(network->doc, a);
}

static HRESULT check_address(struct call *c, const struct hcn_object *network, const char *text)
{
	struct subnet subnets[HCN_NETWORK_SUBNETS];
	int n = hcn_network_subnets(network->doc, subnets);
	struct address a;

	if (!text || !address_parse(text, &a))
		return call_fail(c, HCN_E_INVALID_IP, "'%s' is no address", text ? text : "");
	for (int i = 0; i < n; i++) {
		if (!subnet_is_host(&subnets[i], &a))
			continue;
		if (is_free(c->host->hcn, network, &a))
			return S_OK;
		return call_fail(c, HCN_E_ADDR_INVALID_OR_RESERVED, "%s is taken", text);
	}
	return call_fail(c, HCN_E_ADDR_INVALID_OR_RESERVED, "%s is not in the network", text);
}

/* The first address of the network that is free, for an endpoint that asks for none. */
static HRESULT give_address(struct call *c, const struct hcn_object *network,
			    struct json_object *doc)
{
	struct subnet subnets[HCN_NETWORK_SUBNETS];
	int n = hcn_network_subnets(network->doc, subnets);
	struct json_object *list, *config;
	char text[ADDRESS_SIZE];

	for (int i = 0; i < n; i++) {
		struct address a = subnets[i].base;

		for (; subnet_has(&subnets[i], &a); subnet_next(&a)) {
			if (!subnet_is_host(&subnets[i], &a) || !is_free(c->host->hcn, network, &a))
				continue;
			list = json_object_new_array();
			config = json_object_new_object();
			json_put_str(config, "IpAddress", address_format(&a, text));
			json_put_i64(config, "PrefixLength", subnets[i].prefix);
			json_object_array_add(list, config);
			json_put_obj(doc, "IpConfigurations", list);
			return S_OK;
		}
	}
	return n > 0 ? call_fail(c, HCN_E_ADDR_INVALID_OR_RESERVED, "the network is full") : S_OK;
}

static HRESULT settle_addresses(struct call *c, const struct hcn_object *network,
				struct json_object *doc)
{
	struct json_object *list = json_object_object_get(doc, "IpConfigurations");
	HRESULT hr;

	if (!list || json_object_array_length(list) == 0)
		return give_address(c, network, doc);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *text =
			json_object_object_get(json_object_array_get_idx(list, i), "IpAddress");

		hr = check_address(c, network, text ? json_object_get_string(text) : NULL);
		if (hr < 0)
			return hr;
	}
	return S_OK;
}

/* --- making ----------------------------------------------------------------------------- */

static bool is_other_network(struct json_object *doc, const GUID *network)
{
	struct json_object *text = json_object_object_get(doc, "HostComputeNetwork");
	GUID id;

	return text && hcs_guid_parse(json_object_get_string(text), &id) &&
	       !hcs_guid_equal(&id, network);
}

static bool is_in_namespace(struct json_object *doc)
{
	struct json_object *text = json_object_object_get(doc, "HostComputeNamespace");
	GUID id;

	return text && hcs_guid_parse(json_object_get_string(text), &id) && !hcs_guid_is_zero(&id);
}

static bool is_name_taken(const struct hcn *n, struct json_object *doc)
{
	struct json_object *name = json_object_object_get(doc, "Name");

	for (const struct hcn_object *o = n->objects[HCN_KIND_ENDPOINT]; name && o; o = o->next)
		if (hcn_text(o, "Name") &&
		    strcmp(hcn_text(o, "Name"), json_object_get_string(name)) == 0)
			return true;
	return false;
}

static HRESULT check(struct call *c, const struct hcn_object *network, struct json_object *doc)
{
	HRESULT hr = hcn_check_base(c, doc);

	if (hr < 0)
		return hr;
	if (is_in_namespace(doc))
		return call_fail(c, E_INVALIDARG, "HostComputeNamespace: is not set by create");
	if (is_other_network(doc, &network->id))
		return call_fail(c, HCN_E_INVALID_ENDPOINT, "HostComputeNetwork: another network");
	if (c->host->switches.endpoint_same_name == SWITCH_ENDPOINT_SAME_NAME_NO &&
	    is_name_taken(c->host->hcn, doc))
		return call_fail(c, WIN32_ALREADY_EXISTS, "an endpoint of that name");
	hr = hcn_policies_check(c, NULL, json_object_object_get(doc, "Policies"));
	return hr < 0 ? hr : settle_addresses(c, network, doc);
}

static void give_mac(struct json_object *doc)
{
	uint8_t b[3];
	char text[18];

	if (json_object_object_get(doc, "MacAddress"))
		return;
	rand_bytes(b, sizeof(b));
	snprintf(text, sizeof(text), "00-15-5D-%02X-%02X-%02X", b[0], b[1], b[2]);
	json_put_str(doc, "MacAddress", text);
}

HRESULT on_HcnCreateEndpoint(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_object *network, *o;
	struct error err;
	GUID id;
	HRESULT hr;

	if (call_number(c, "handle") == 0)
		return E_INVALIDARG;
	hr = hcn_handle(c, HCN_KIND_NETWORK, &network);
	hr = hr < 0 ? hr : call_document(c, "document", &schema_endpoint, false, &doc);
	hr = hr < 0 ? hr : hcn_new_id(c, HCN_KIND_ENDPOINT, &id, &o);
	if (hr >= 0 && o)
		return hcn_opened(c, o);
	hr = hr < 0 ? hr : check(c, network, doc);
	if (hr < 0)
		return hr;
	hcn_put_guid(doc, "HostComputeNetwork", &network->id);
	json_object_object_del(doc, "HostComputeNamespace");
	give_mac(doc);
	if (hcn_add(c->host->hcn, HCN_KIND_ENDPOINT, &id, TAKE(doc), &o, &err) < 0)
		return call_fail_error(c, WIN32_DISK_FULL, &err);
	return hcn_opened(c, o);
}

/* --- the rest --------------------------------------------------------------------------- */

HRESULT on_HcnModifyEndpoint(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	const char *type = "", *request = "";
	struct hcn_object *o = NULL;
	HRESULT hr = hcn_handle(c, HCN_KIND_ENDPOINT, &o);

	hr = hr < 0 ? hr : call_document(c, "document", &schema_hcn_modify, false, &doc);
	if (hr < 0)
		return hr;
	(void)json_get_str(doc, "ResourceType", &type, NULL); /* checked */
	(void)json_get_str(doc, "RequestType", &request, NULL);
	if (strcmp(type, "Policy") == 0)
		return hcn_policies_modify(c, o, request, json_object_object_get(doc, "Settings"));
	return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "%s of %s", request, type);
}

HRESULT on_HcnDeleteEndpoint(struct call *c)
{
	struct hcn *n = c->host->hcn;
	struct hcn_object *o, *namespace;
	GUID id;
	HRESULT hr = call_guid(c, &id);

	if (hr < 0)
		return hr;
	o = hcn_find(n, HCN_KIND_ENDPOINT, &id);
	if (!o)
		return hcn_absent(HCN_KIND_ENDPOINT);
	namespace = hcn_namespace_of(n, &id);
	if (namespace && c->host->switches.endpoint_delete == SWITCH_ENDPOINT_DELETE_REFUSED)
		return call_fail(c, HCN_E_ENTITY_HAS_REFERENCES, "it is in a namespace");
	if (namespace && c->host->switches.endpoint_delete == SWITCH_ENDPOINT_DELETE_DETACHES)
		(void)hcn_detach(n, namespace, &id);
	hcn_drop(n, o);
	return S_OK;
}

HRESULT on_HcnQueryEndpointStats(struct call *c)
{
	static const char *const counters[] = {
		"BytesReceived",          "BytesSent",
		"PacketsReceived",        "PacketsSent",
		"DroppedPacketsIncoming", "DroppedPacketsOutgoing"
	};
	struct hcn_object *o = NULL;
	struct json_object *stats;
	HRESULT hr = hcn_handle(c, HCN_KIND_ENDPOINT, &o);

	if (hr < 0)
		return hr;
	stats = json_object_new_object();
	hcn_put_guid(stats, "EndpointId", &o->id);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		json_put_i64(stats, counters[i], 0); /* nothing is ever sent */
	call_put_json(c, "document", stats);
	return S_OK;
}
