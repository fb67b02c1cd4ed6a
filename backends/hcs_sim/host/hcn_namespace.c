/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, and the lists of what is in them. */
#include <string.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/schema.h"

/* --- resources -------------------------------------------------------------------------- */

static bool is_resource(struct json_object *r, const char *type, const char *id)
{
	struct json_object *data = json_object_object_get(r, "Data");

	return strcmp(json_object_get_string(json_object_object_get(r, "Type")), type) == 0 &&
	       strcasecmp(json_object_get_string(json_object_object_get(data, "ID")), id) == 0;
}

/* Its place in the list; -1 when it is not there. */
static int64_t find_resource(const struct hcn_object *o, const char *type, const char *id)
{
	struct json_object *list = hcn_list(o, "Resources");

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (is_resource(json_object_array_get_idx(list, i), type, id))
			return (int64_t)i;
	return -1;
}

static bool has_resource_of(const struct hcn_object *o, const char *type)
{
	struct json_object *list = hcn_list(o, "Resources");

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (strcmp(json_object_get_string(json_object_object_get(
				   json_object_array_get_idx(list, i), "Type")),
			   type) == 0)
			return true;
	return false;
}

static void add_resource(struct hcn_object *o, const char *type, const char *id)
{
	struct json_object *list = hcn_list(o, "Resources");
	struct json_object *resource = json_object_new_object();
	struct json_object *data = json_object_new_object();

	if (!list) {
		list = json_object_new_array();
		json_put_obj(o->doc, "Resources", list);
	}
	json_put_str(data, "ID", id);
	json_put_str(resource, "Type", type);
	json_put_obj(resource, "Data", data);
	json_object_array_add(list, resource);
}

static bool remove_resource(struct hcn_object *o, const char *type, const char *id)
{
	int64_t at = find_resource(o, type, id);

	if (at >= 0)
		(void)json_object_array_del_idx(hcn_list(o, "Resources"), (size_t)at, 1);
	return at >= 0;
}

struct hcn_object *hcn_namespace_of(const struct hcn *n, const GUID *endpoint)
{
	char id[HCS_GUID_SIZE];

	hcs_guid_format(endpoint, id);
	for (struct hcn_object *o = n->objects[HCN_KIND_NAMESPACE]; o; o = o->next)
		if (find_resource(o, "Endpoint", id) >= 0)
			return o;
	return NULL;
}

bool hcn_detach(struct hcn *n, struct hcn_object *namespace, const GUID *endpoint)
{
	char id[HCS_GUID_SIZE];

	if (!remove_resource(namespace, "Endpoint", hcs_guid_format(endpoint, id)))
		return false;
	(void)hcn_save(n, namespace, NULL); /* else it dangles after a restart, as real ones do */
	clients_notify_hcn(n->host, 0x10, id);
	return true;
}

/* An endpoint of the list that is not there, or that does not count any more. */
static bool has_dangling(const struct hcn *n, const struct hcn_object *o)
{
	struct json_object *list = hcn_list(o, "Resources");

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *r = json_object_array_get_idx(list, i);
		struct json_object *data = json_object_object_get(r, "Data");
		GUID id;

		if (strcmp(json_object_get_string(json_object_object_get(r, "Type")), "Endpoint"))
			continue;
		if (!hcs_guid_parse(json_object_get_string(json_object_object_get(data, "ID")),
				    &id) ||
		    !hcn_find(n, HCN_KIND_ENDPOINT, &id))
			return true;
	}
	return false;
}

static bool has_living_endpoint(const struct hcn *n, const struct hcn_object *namespace)
{
	char id[HCS_GUID_SIZE];

	for (const struct hcn_object *o = n->objects[HCN_KIND_ENDPOINT]; o; o = o->next)
		if (find_resource(namespace, "Endpoint", hcs_guid_format(&o->id, id)) >= 0)
			return true;
	return false;
}

/* --- containers ------------------------------------------------------------------------- */

static struct hcn_object *find_by_text(const struct hcn *n, const char *text)
{
	GUID id;

	return hcs_guid_parse(text, &id) ? hcn_find(n, HCN_KIND_NAMESPACE, &id) : NULL;
}

static bool is_default(const struct hcn_object *o)
{
	const char *type = hcn_text(o, "Type");

	return type && strstr(type, "Default");
}

HRESULT hcn_container_check(struct call *c, const char *namespace)
{
	struct hcn_object *o = NULL;

	if (namespace[0] == '{')
		return call_fail(c, E_INVALIDARG, "Namespace: a GUID without braces");
	o = find_by_text(c->host->hcn, namespace);
	if (!o)
		return call_fail(c, WIN32_NOT_FOUND, "no namespace %s", namespace);
	if (is_default(o))
		return call_fail(c, E_INVALIDARG, "the host's own namespace is not for containers");
	if (has_dangling(c->host->hcn, o))
		return call_fail(c, E_INVALIDARG, "namespace %s lists an endpoint that is gone",
				 namespace);
	return S_OK;
}

void hcn_container_added(struct hcn *n, const struct sys *s)
{
	struct hcn_object *o = find_by_text(n, sys_namespace(s));

	if (!o)
		return;
	add_resource(o, "Container", s->id);
	(void)hcn_save(n, o, NULL); /* a list without it is what a restart leaves anyway */
}

void hcn_container_gone(struct hcn *n, const struct sys *s)
{
	struct hcn_object *o = sys_namespace(s) ? find_by_text(n, sys_namespace(s)) : NULL;

	if (!o || n->host->switches.namespace_container == SWITCH_NAMESPACE_CONTAINER_LEFT)
		return;
	if (remove_resource(o, "Container", s->id))
		(void)hcn_save(n, o, NULL); /* else it is left, as the switch can make it */
}

/* --- functions -------------------------------------------------------------------------- */

static struct hcn_object *find_type(const struct hcn *n, const char *type)
{
	for (struct hcn_object *o = n->objects[HCN_KIND_NAMESPACE]; o; o = o->next)
		if (hcn_text(o, "Type") && strcmp(hcn_text(o, "Type"), type) == 0)
			return o;
	return NULL;
}

static int64_t next_compartment(const struct hcn *n)
{
	int64_t most = 1; /* the host's own */

	for (const struct hcn_object *o = n->objects[HCN_KIND_NAMESPACE]; o; o = o->next) {
		int64_t id = json_object_get_int64(json_object_object_get(o->doc, "NamespaceId"));

		most = id > most ? id : most;
	}
	return most + 1;
}

static HRESULT make(struct call *c, const GUID *id, struct json_object *take)
{
	struct hcn_object *o = NULL;
	struct error err;
	char text[HCS_GUID_SIZE];

	json_put_i64(take, "NamespaceId", next_compartment(c->host->hcn));
	json_put_obj(take, "Resources", json_object_new_array());
	if (!json_object_object_get(take, "Type"))
		json_put_str(take, "Type", "Host");
	if (hcn_add(c->host->hcn, HCN_KIND_NAMESPACE, id, take, &o, &err) < 0)
		return call_fail_error(c, WIN32_DISK_FULL, &err);
	clients_notify_hcn(c->host, HcnNotificationNamespaceCreate, hcs_guid_format(id, text));
	return hcn_opened(c, o);
}

HRESULT on_HcnCreateNamespace(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcn_object *same;
	struct json_object *type;
	GUID id;
	HRESULT hr = call_document(c, "document", &schema_namespace, false, &doc);

	hr = hr < 0 ? hr : hcn_check_base(c, doc);
	if (hr < 0)
		return hr;
	type = json_object_object_get(doc, "Type");
	if (type && strstr(json_object_get_string(type), "Default")) {
		same = find_type(c->host->hcn, json_object_get_string(type));
		if (same)
			return hcn_opened(c, same); /* whatever GUID was asked for */
	}
	hr = hcn_new_id(c, HCN_KIND_NAMESPACE, &id, &same);
	if (hr < 0)
		return hr;
	return same ? hcn_opened(c, same) : make(c, &id, TAKE(doc));
}

static HRESULT add_endpoint(struct call *c, struct hcn_object *o, const GUID *id)
{
	struct hcn *n = c->host->hcn;
	const struct hcn_object *in = hcn_namespace_of(n, id);
	char text[HCS_GUID_SIZE];
	HRESULT hr;

	if (!hcn_find(n, HCN_KIND_ENDPOINT, id))
		return HCN_E_ENDPOINT_NOT_FOUND;
	if (in)
		return in == o ? HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS
			       : HCN_E_ENDPOINT_ALREADY_ATTACHED;
	add_resource(o, "Endpoint", hcs_guid_format(id, text));
	hr = hcn_changed(c, o);
	if (hr < 0)
		(void)remove_resource(o, "Endpoint", text);
	else
		clients_notify_hcn(c->host, 9, text);
	return hr;
}

HRESULT on_HcnModifyNamespace(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct json_object *settings;
	const char *type = "", *request = "", *text = "";
	struct hcn_object *o = NULL;
	GUID id;
	HRESULT hr = hcn_handle(c, HCN_KIND_NAMESPACE, &o);

	hr = hr < 0 ? hr : call_document(c, "document", &schema_hcn_modify, false, &doc);
	if (hr < 0)
		return hr;
	(void)json_get_str(doc, "ResourceType", &type, NULL); /* checked */
	(void)json_get_str(doc, "RequestType", &request, NULL);
	if (strcmp(type, "Endpoint") != 0)
		return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "%s of %s", request, type);
	settings = json_object_object_get(doc, "Settings");
	if (!settings || !schema_check(&schema_endpoint_id, settings, &c->why))
		return HCN_E_INVALID_JSON;
	(void)json_get_str(settings, "EndpointId", &text, NULL);
	if (!hcs_guid_parse(text, &id))
		return HCN_E_GUID_CONVERSION_FAILURE;
	if (strcmp(request, "Add") == 0)
		return add_endpoint(c, o, &id);
	if (strcmp(request, "Remove") == 0)
		return hcn_detach(c->host->hcn, o, &id) ? S_OK : WIN32_NOT_FOUND;
	return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "%s of %s", request, type);
}

HRESULT on_HcnDeleteNamespace(struct call *c)
{
	struct hcn *n = c->host->hcn;
	struct hcn_object *o = NULL;
	char text[HCS_GUID_SIZE];
	GUID id;
	HRESULT hr = call_guid(c, &id);

	if (hr < 0)
		return hr;
	o = hcn_find(n, HCN_KIND_NAMESPACE, &id);
	if (!o)
		return hcn_absent(HCN_KIND_NAMESPACE);
	if (is_default(o))
		return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "the host's own namespace");
	if (has_resource_of(o, "Container"))
		return call_fail(c, HCN_E_REQUEST_UNSUPPORTED, "a container is in it");
	if (has_living_endpoint(n, o))
		return call_fail(c, HCN_E_ENTITY_HAS_REFERENCES, "an endpoint is in it");
	hcn_drop(n, o);
	clients_notify_hcn(c->host, HcnNotificationNamespaceDelete, hcs_guid_format(&id, text));
	return S_OK;
}
