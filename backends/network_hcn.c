/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach goes network, namespace, endpoint, membership; detach goes back. Each step looks first:
 * a crash between any two of them is mended by doing the same again. The lock is held while the
 * node's network is made or taken away, and by nobody who waits for anything else.
 */
#include "backends/network_hcn.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backends/hcs_call.h"
#include "backends/host_route.h"
#include "backends/network_hcn_kind.h"
#include "backends/network_hcn_parts.h"
#include "specs/runtime_id.h"

struct network_hcn *network_hcn_new(const struct hcs_api *api, const char *owner,
				    const char *node_id)
{
	struct network_hcn *n = xcalloc(1, sizeof(*n));

	n->api = api;
	n->owner = owner;
	n->node_id = node_id;
	hcn_id_derive(node_id, HCN_NETWORK_KIND, HCN_ID_NETWORK, &n->network);
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void network_hcn_free(struct network_hcn *n)
{
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static void derive(const struct network_hcn *n, const char *id, GUID *ret_endpoint, GUID *ret_space)
{
	hcn_id_derive(n->node_id, HCN_ENDPOINT_KIND, id, ret_endpoint);
	hcn_id_derive(n->node_id, HCN_NAMESPACE_KIND, id, ret_space);
}

void network_hcn_derive(const struct network_hcn *n, const char *id, struct network_hcn_ids *ret)
{
	GUID endpoint, space;

	derive(n, id, &endpoint, &space);
	hcs_guid_format(&endpoint, ret->endpoint);
	hcs_guid_format(&space, ret->space);
}

/* --- looking ------------------------------------------------------------------------- */

/* Something that should be ours by its GUID: 0 it is, NETWORK_HCN_GONE, -ERR_CONFLICT it is not. */
static int look(const struct network_hcn *n, const struct network_hcn_kind *k, const GUID *guid,
		struct arena *a, struct network_hcn_text *ret, struct error *err)
{
	struct hcn_basics basics = { 0 };
	const char *unused;
	char id[HCS_GUID_SIZE];
	int r = network_hcn_kind_text(n->api, k, guid, a, ret, err);

	if (r == 0)
		r = network_hcn_kind_basics(k, ret, a, &basics, err);
	if (r != 0)
		return r;
	if (hcn_id_claim(n->owner, n->node_id, k->kind, basics.name, guid, &unused) == HCN_OURS)
		return 0;
	return error_set(err, ERR_CONFLICT, 0, "%s %s is called '%s' and not ours", k->word,
			 hcs_guid_format(guid, id), basics.name);
}

/* --- the node's network -------------------------------------------------------------- */

static int make_network(const struct network_hcn *n, const struct slice *slice, struct arena *a,
			struct error *err)
{
	char name[HCN_ID_NAME_SIZE], cidr[SLICE_TEXT], gateway[SLICE_TEXT];
	const struct hcn_network spec = {
		.owner = n->owner,
		.name = hcn_id_name(n->owner, HCN_ID_NETWORK, name),
		.type = HCN_TYPE_NAT,
		.subnet = cidr,
		.gateway = gateway,
	};
	struct json_object *o CLEAN(json) = NULL;
	PWSTR record = NULL;
	HCN_NETWORK h = NULL;
	enum hcs_outcome outcome;
	HRESULT hr;

	slice_to_string(slice, cidr);
	slice_address_to_string(slice_gateway(slice), gateway);
	o = hcn_document_network(&spec);
	hr = n->api->HcnCreateNetwork(&n->network, hcs_call_document(o, a), &h, &record);
	if (h)
		(void)n->api->HcnCloseNetwork(h);
	return network_hcn_kind_result(n->api, hr, record, "make the network", &outcome, err);
}

static int check_routes(const struct slice *slice, struct error *err)
{
	char route[HOST_ROUTE_TEXT], cidr[SLICE_TEXT];
	int r = host_route_meets(slice, NULL, route, err);

	if (r <= 0)
		return r;
	slice_to_string(slice, cidr);
	(void)error_set(err, ERR_CONFLICT, 0, "the slice %s meets the host's route to %s", cidr,
			route);
	error_hint(err, "choose another one: slices in the settings");
	return -ERR_CONFLICT;
}

/* What is there has this slice? A changed setting does not move what runs. */
static int check_subnet(const struct network_hcn_text *seen, const struct slice *slice,
			struct arena *a, struct error *err)
{
	struct hcn_network_reply reply;
	char cidr[SLICE_TEXT];
	int r = hcn_reply_network(seen->p, seen->n, a, &reply, err);

	if (r < 0)
		return r;
	slice_to_string(slice, cidr);
	for (size_t i = 0; i < reply.n_subnets; i++)
		if (strcmp(reply.subnets[i], cidr) == 0)
			return 0;
	(void)error_set(err, ERR_CONFLICT, 0, "the network is %s and the settings say %s",
			reply.n_subnets ? reply.subnets[0] : "without a subnet", cidr);
	error_hint(err, "take all Windows containers down once: it is made anew with the first");
	return -ERR_CONFLICT;
}

/* Under the lock. */
static int ensure_network(const struct network_hcn *n, const struct slice *slice, struct arena *a,
			  struct error *err)
{
	struct network_hcn_text seen;
	int r = look(n, &network_hcn_networks, &n->network, a, &seen, err);

	if (r == 0)
		return check_subnet(&seen, slice, a, err);
	if (r == NETWORK_HCN_GONE)
		r = check_routes(slice, err);
	return r < 0 ? r : make_network(n, slice, a, err);
}

static int enter_network(struct network_hcn *n, const struct slice *slice, struct arena *a,
			 struct error *err)
{
	int r;

	pthread_mutex_lock(&n->lock);
	r = ensure_network(n, slice, a, err);
	if (r == 0)
		n->n_attaching++;
	pthread_mutex_unlock(&n->lock);
	return r;
}

static void leave_network(struct network_hcn *n)
{
	pthread_mutex_lock(&n->lock);
	n->n_attaching--;
	pthread_mutex_unlock(&n->lock);
}

/* Without endpoints nobody needs it. */
static int drop_network(struct network_hcn *n, struct arena *a, struct error *err)
{
	char id[HCS_GUID_SIZE];
	struct json_object *query CLEAN(json) =
		hcn_document_query(HCN_FILTER_NETWORK, hcs_guid_format(&n->network, id));
	struct network_hcn_text seen;
	struct network_hcn_guids ids = { NULL, 1 };
	struct error why = ERROR_INIT;
	int r;

	pthread_mutex_lock(&n->lock);
	r = n->n_attaching ? NETWORK_HCN_GONE
			   : look(n, &network_hcn_networks, &n->network, a, &seen, &why);
	if (r == 0)
		r = network_hcn_kind_ids(n->api, &network_hcn_endpoints, query, a, &ids, &why);
	if (r == 0 && ids.n == 0)
		r = network_hcn_kind_remove(n->api, &network_hcn_networks, &n->network, &why);
	pthread_mutex_unlock(&n->lock);
	/* Somebody else's, or used by somebody else: it stays, and network_hcn_list() tells. */
	if (r >= 0 || r == -ERR_CONFLICT)
		return 0;
	if (err)
		*err = why;
	return r;
}

/* --- attach -------------------------------------------------------------------------- */

static int make_space(const struct network_hcn *n, const char *id, const GUID *guid,
		      struct arena *a, struct error *err)
{
	char name[HCN_ID_NAME_SIZE];
	struct json_object *o CLEAN(json) = NULL;
	PWSTR record = NULL;
	HCN_NAMESPACE h = NULL;
	enum hcs_outcome outcome;
	struct network_hcn_text seen;
	HRESULT hr;
	int r = look(n, &network_hcn_namespaces, guid, a, &seen, err);

	if (r != NETWORK_HCN_GONE)
		return r;
	o = hcn_document_namespace(n->owner, hcn_id_name(n->owner, id, name));
	hr = n->api->HcnCreateNamespace(guid, hcs_call_document(o, a), &h, &record);
	if (h)
		(void)n->api->HcnCloseNamespace(h);
	return network_hcn_kind_result(n->api, hr, record, "make the namespace", &outcome, err);
}

/* Who has the address? Asked only after HCN refused it. */
static int explain_address(const struct network_hcn *n, const struct hcn_endpoint *ep, int r,
			   struct arena *a, struct error *err)
{
	char network[HCS_GUID_SIZE];
	struct json_object *query CLEAN(json) =
		hcn_document_query(HCN_FILTER_NETWORK, hcs_guid_format(&n->network, network));
	struct network_hcn_guids ids = { NULL, 0 };

	if (network_hcn_kind_ids(n->api, &network_hcn_endpoints, query, a, &ids, NULL) < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		struct hcn_endpoint_reply reply;
		struct network_hcn_text text;

		if (network_hcn_kind_text(n->api, &network_hcn_endpoints, &ids.items[i], a, &text,
					  NULL) != 0 ||
		    hcn_reply_endpoint(text.p, text.n, a, &reply, NULL) < 0)
			continue;
		for (size_t k = 0; k < reply.n_addresses; k++)
			if (strcmp(reply.addresses[k], ep->address) == 0)
				return error_set(err, ERR_EXISTS, 0,
						 "address %s is taken by endpoint '%s' {%s}",
						 ep->address, reply.basics.name,
						 hcs_guid_format(&ids.items[i], network));
	}
	return r;
}

static int make_endpoint(const struct network_hcn *n, const struct hcn_endpoint *ep,
			 const GUID *guid, struct arena *a, struct error *err)
{
	struct json_object *o CLEAN(json) = hcn_document_endpoint(ep);
	PWSTR record = NULL;
	HCN_NETWORK network = NULL;
	HCN_ENDPOINT h = NULL;
	enum hcs_outcome outcome;
	HRESULT hr = n->api->HcnOpenNetwork(&n->network, &network, &record);
	int r = network_hcn_kind_result(n->api, hr, record, "open the network", &outcome, err);

	if (r < 0)
		return r;
	record = NULL;
	hr = n->api->HcnCreateEndpoint(network, guid, hcs_call_document(o, a), &h, &record);
	if (h)
		(void)n->api->HcnCloseEndpoint(h);
	(void)n->api->HcnCloseNetwork(network);
	r = network_hcn_kind_result(n->api, hr, record, "make the endpoint", &outcome, err);
	return r < 0 ? explain_address(n, ep, r, a, err) : 0;
}

/* Adds the endpoint to a namespace, or takes it out; absence is success for the latter. */
static int change_space(const struct network_hcn *n, const GUID *space, const GUID *endpoint,
			bool is_in, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	char id[HCS_GUID_SIZE];
	struct json_object *o CLEAN(json) =
		hcn_document_attach(hcs_guid_format(endpoint, id), is_in);
	PWSTR record = NULL;
	HCN_NAMESPACE h = NULL;
	enum hcs_outcome outcome;
	struct error why = ERROR_INIT;
	HRESULT hr = n->api->HcnOpenNamespace(space, &h, &record);
	int r = network_hcn_kind_result(n->api, hr, record, "open the namespace", &outcome, &why);

	if (r == 0) {
		record = NULL;
		hr = n->api->HcnModifyNamespace(h, hcs_call_document(o, a), &record);
		r = network_hcn_kind_result(n->api, hr, record,
					    is_in ? "attach the endpoint" : "detach the endpoint",
					    &outcome, &why);
		(void)n->api->HcnCloseNamespace(h);
	}
	if (r < 0 && !is_in && outcome == HCS_ABSENT)
		return 0;
	if (r < 0 && err)
		*err = why;
	return r;
}

static int join(const struct network_hcn *n, const GUID *endpoint, const GUID *space,
		struct arena *a, struct error *err)
{
	struct hcn_endpoint_reply reply = { 0 };
	struct network_hcn_text seen;
	char id[HCS_GUID_SIZE];
	int r = look(n, &network_hcn_endpoints, endpoint, a, &seen, err);

	if (r == NETWORK_HCN_GONE)
		return error_set(err, ERR_UNAVAILABLE, 0, "the endpoint went away");
	r = r < 0 ? r : hcn_reply_endpoint(seen.p, seen.n, a, &reply, err);
	if (r < 0 || hcs_guid_equal(&reply.space, space))
		return r;
	if (!hcs_guid_is_zero(&reply.space))
		return error_set(err, ERR_CONFLICT, 0, "the endpoint is in namespace {%s} already",
				 hcs_guid_format(&reply.space, id));
	return change_space(n, space, endpoint, true, err);
}

static int attach(struct network_hcn *n, const char *id, struct hcn_endpoint *ep, struct arena *a,
		  struct error *err)
{
	char name[HCN_ID_NAME_SIZE], network[HCS_GUID_SIZE];
	GUID endpoint, space;
	struct network_hcn_text seen;
	int r;

	derive(n, id, &endpoint, &space);
	ep->owner = n->owner;
	ep->name = hcn_id_name(n->owner, id, name);
	ep->network = hcs_guid_format(&n->network, network);
	r = make_space(n, id, &space, a, err);
	if (r == 0)
		r = look(n, &network_hcn_endpoints, &endpoint, a, &seen, err);
	if (r == NETWORK_HCN_GONE)
		r = make_endpoint(n, ep, &endpoint, a, err);
	return r < 0 ? r : join(n, &endpoint, &space, a, err);
}

/* In the node's network, which is made when it is not there. */
static int attach_in(struct network_hcn *n, const char *id, const struct slice *slice,
		     struct hcn_endpoint *ep, struct arena *a, struct error *err)
{
	char gateway[SLICE_TEXT];
	int r = enter_network(n, slice, a, err);

	if (r < 0)
		return r;
	slice_address_to_string(slice_gateway(slice), gateway);
	ep->gateway = gateway;
	ep->prefix_length = (uint8_t)slice->prefix;
	r = attach(n, id, ep, a, err);
	leave_network(n);
	return r;
}

int network_hcn_attach(struct network_hcn *n, const char *id, const struct slice *slice,
		       struct hcn_endpoint *ep, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = attach_in(n, id, slice, ep, a, err);

	if (r == 0)
		return 0;
	/* What cannot be undone either is found by its name and GUID, and mended then. */
	(void)network_hcn_detach(n, id, NULL);
	return error_wrap(err, r, "network");
}

/* --- detach -------------------------------------------------------------------------- */

static int is_gone(const struct network_hcn *n, const struct network_hcn_kind *k, const GUID *guid,
		   struct arena *a, struct error *err)
{
	struct network_hcn_text seen;
	int r = look(n, k, guid, a, &seen, err);

	if (r == 0)
		return error_set(err, ERR_UNAVAILABLE, 0, "the %s is there after its removal",
				 k->word);
	return r < 0 ? r : 0;
}

static int drop_endpoint(const struct network_hcn *n, const GUID *guid, struct arena *a,
			 struct error *err)
{
	struct hcn_endpoint_reply reply;
	struct network_hcn_text seen;
	int r = look(n, &network_hcn_endpoints, guid, a, &seen, err);

	if (r == NETWORK_HCN_GONE)
		return 0;
	r = r < 0 ? r : hcn_reply_endpoint(seen.p, seen.n, a, &reply, err);
	if (r == 0 && !hcs_guid_is_zero(&reply.space))
		r = change_space(n, &reply.space, guid, false, err);
	if (r == 0)
		r = network_hcn_kind_remove(n->api, &network_hcn_endpoints, guid, err);
	return r < 0 ? r : is_gone(n, &network_hcn_endpoints, guid, a, err);
}

int network_hcn_mend(struct network_hcn *n, const char *id, const struct slice *slice,
		     struct hcn_endpoint *ep, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct network_hcn_text seen;
	GUID endpoint, space;
	int r;

	derive(n, id, &endpoint, &space);
	r = look(n, &network_hcn_namespaces, &space, a, &seen, err);
	if (r == NETWORK_HCN_GONE)
		return error_set(err, ERR_UNSUPPORTED, 0, "network: its namespace is gone, too");
	r = r < 0 ? r : attach_in(n, id, slice, ep, a, err);
	if (r == 0)
		return 0;
	/* One that is in no namespace of a container that runs serves nobody. */
	(void)drop_endpoint(n, &endpoint, a, NULL);
	return error_wrap(err, r, "network");
}

static int drop_space(const struct network_hcn *n, const GUID *guid, struct arena *a,
		      struct error *err)
{
	struct network_hcn_text seen;
	int r = look(n, &network_hcn_namespaces, guid, a, &seen, err);

	if (r == NETWORK_HCN_GONE)
		return 0;
	if (r == 0)
		r = network_hcn_kind_remove(n->api, &network_hcn_namespaces, guid, err);
	return r < 0 ? r : is_gone(n, &network_hcn_namespaces, guid, a, err);
}

int network_hcn_detach(struct network_hcn *n, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	GUID endpoint, space;
	int r;

	derive(n, id, &endpoint, &space);
	r = drop_endpoint(n, &endpoint, a, err);
	if (r == 0)
		r = drop_space(n, &space, a, err);
	if (r == 0)
		r = drop_network(n, a, err);
	return r < 0 ? error_wrap(err, r, "network of %s", id) : 0;
}

/* --- what is there ------------------------------------------------------------------- */

int network_hcn_has(struct network_hcn *n, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	GUID endpoint, space;
	struct network_hcn_text seen;
	int r;

	derive(n, id, &endpoint, &space);
	r = look(n, &network_hcn_endpoints, &endpoint, a, &seen, err);
	if (r == NETWORK_HCN_GONE)
		r = look(n, &network_hcn_namespaces, &space, a, &seen, err);
	if (r == NETWORK_HCN_GONE)
		return 0;
	return r < 0 ? r : NETWORK_HCN_THERE;
}

/* The properties of one of ours as JSON. */
static int look_json(const struct network_hcn *n, const struct network_hcn_kind *k,
		     const GUID *guid, struct arena *a, struct json_object **ret, struct error *err)
{
	struct network_hcn_text text;
	int r = look(n, k, guid, a, &text, err);

	if (r == NETWORK_HCN_GONE)
		return error_set(err, ERR_UNAVAILABLE, 0, "the %s went away", k->word);
	return r < 0 ? r : json_parse(text.p, text.n, ret, err);
}

int network_hcn_look(const struct network_hcn *n, const char *id, struct arena *a,
		     struct network_hcn_seen *ret, struct error *err)
{
	struct json_object *space_json CLEAN(json) = NULL, *endpoint_json CLEAN(json) = NULL;
	struct network_hcn_seen seen = { .mac = NULL };
	GUID endpoint, space;
	int r;

	network_hcn_derive(n, id, &seen.ids);
	derive(n, id, &endpoint, &space);
	r = look_json(n, &network_hcn_namespaces, &space, a, &space_json, err);
	r = r < 0 ? r : look_json(n, &network_hcn_endpoints, &endpoint, a, &endpoint_json, err);
	r = r < 0 ? r : json_get_str(endpoint_json, "MacAddress", &seen.mac, err);
	if (r < 0)
		return r;
	seen.mac = arena_strdup(a, seen.mac);
	seen.space = TAKE(space_json);
	seen.endpoint = TAKE(endpoint_json);
	*ret = seen;
	return 0;
}

int network_hcn_has_kind(struct network_hcn *n, enum hcn_kind kind, const char *id,
			 struct error *err)
{
	const bool is_endpoint = kind == HCN_ENDPOINT_KIND;
	struct arena *a CLEAN(arena) = arena_new();
	GUID endpoint, space;
	struct network_hcn_text seen;
	int r;

	derive(n, id, &endpoint, &space);
	r = look(n, is_endpoint ? &network_hcn_endpoints : &network_hcn_namespaces,
		 is_endpoint ? &endpoint : &space, a, &seen, err);
	if (r == NETWORK_HCN_GONE)
		return 0;
	return r < 0 ? r : NETWORK_HCN_THERE;
}
