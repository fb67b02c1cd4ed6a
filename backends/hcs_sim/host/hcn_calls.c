/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are the same for every kind: enumerate, open, query, close; and the service's. */
#include <ctype.h>
#include <string.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/schema.h"

/* --- queries ---------------------------------------------------------------------------- */

struct query {
	struct json_object *filter; /* NULL: everything */
	bool is_old;                /* no version: the old shapes */
};

/* The filter is a JSON text in the document. */
static HRESULT read_query(struct call *c, struct query *ret)
{
	struct json_object *doc CLEAN(json) = NULL;
	const char *text = NULL;
	HRESULT hr = call_document(c, "document", &schema_hcn_query, true, &doc);

	*ret = (struct query){ 0 };
	if (hr < 0)
		return hr;
	ret->is_old = (!doc || !json_object_object_get(doc, "SchemaVersion")) &&
		      c->host->switches.hcn_without_version != SWITCH_HCN_WITHOUT_VERSION_V2;
	if (!doc || json_get_str(doc, "Filter", &text, NULL) != 0 || !*text)
		return S_OK;
	if (json_parse(text, strlen(text), &ret->filter, NULL) < 0 ||
	    !json_object_is_type(ret->filter, json_type_object)) {
		json_free(ret->filter);
		return call_fail(c, HCN_E_INVALID_JSON, "Filter: not an object as JSON text");
	}
	return S_OK;
}

/* Filters go by the old names of properties: others find nothing. */
static bool is_match(const struct hcn *n, const struct hcn_object *o, const char *name,
		     const char *value)
{
	const char *member = NULL;
	GUID wanted, have;

	if (strcasecmp(name, "ID") == 0)
		return hcs_guid_parse(value, &wanted) && hcs_guid_equal(&wanted, &o->id);
	if (strcmp(name, "VirtualNetwork") == 0 && o->kind == HCN_KIND_ENDPOINT) {
		have = hcn_guid(o, "HostComputeNetwork");
		return hcs_guid_parse(value, &wanted) && hcs_guid_equal(&wanted, &have);
	}
	if (strcmp(name, "Name") == 0 && o->kind != HCN_KIND_NAMESPACE)
		member = hcn_text(o, "Name");
	if (strcmp(name, "Owner") == 0 &&
	    n->host->switches.hcn_owner_filter == SWITCH_HCN_OWNER_FILTER_YES)
		member = hcn_text(o, "Owner");
	return member && strcmp(member, value) == 0;
}

static bool is_found(const struct hcn *n, const struct hcn_object *o, struct json_object *filter)
{
	if (!filter)
		return true;
	json_object_object_foreach (filter, name, value) {
		if (!json_object_is_type(value, json_type_string) ||
		    !is_match(n, o, name, json_object_get_string(value)))
			return false;
	}
	return true;
}

/* A GUID as the service spells it (switch hcn_guids). */
static struct json_object *spell_guid(const struct host *h, const GUID *id)
{
	char text[HCS_GUID_SIZE], spelled[HCS_GUID_SIZE + 2];

	hcs_guid_format(id, text);
	if (h->switches.hcn_guids == SWITCH_HCN_GUIDS_UPPER)
		for (char *p = text; *p; p++)
			*p = (char)toupper((unsigned char)*p);
	snprintf(spelled, sizeof(spelled),
		 h->switches.hcn_guids == SWITCH_HCN_GUIDS_BRACES ? "{%s}" : "%s", text);
	return json_object_new_string(spelled);
}

static HRESULT enumerate(struct call *c, enum hcn_kind kind)
{
	struct hcn *n = c->host->hcn;
	struct json_object *list;
	struct query q;
	HRESULT hr = read_query(c, &q);
	size_t count;

	if (hr < 0)
		return hr;
	list = json_object_new_array();
	for (const struct hcn_object *o = n->objects[kind]; o; o = o->next)
		if (is_found(n, o, q.filter))
			json_object_array_add(list, spell_guid(c->host, &o->id));
	count = json_object_array_length(list);
	if (c->is_partial && count > 0)
		(void)json_object_array_del_idx(list, count / 2, count - count / 2);
	json_free(q.filter);
	call_put_json(c, "document", list);
	return S_OK;
}

static HRESULT open_object(struct call *c, enum hcn_kind kind)
{
	const struct hcn_object *o;
	GUID id;
	HRESULT hr = call_guid(c, &id);

	if (hr < 0)
		return hr;
	o = hcn_find(c->host->hcn, kind, &id);
	return o ? hcn_opened(c, o) : hcn_absent(kind);
}

static HRESULT query(struct call *c, enum hcn_kind kind)
{
	struct hcn_object *o = NULL;
	struct query q;
	HRESULT hr = hcn_handle(c, kind, &o);

	if (hr >= 0)
		hr = read_query(c, &q);
	if (hr < 0)
		return hr;
	json_free(q.filter);
	call_put_json(c, "document", hcn_answer(c->host->hcn, o, q.is_old));
	return S_OK;
}

static HRESULT close_object(struct call *c)
{
	struct handle *hd = c->client ? client_find(c->client, call_number(c, "handle")) : NULL;

	if (!hd)
		return E_HANDLE;
	client_close(c->client, hd);
	return S_OK;
}

#define SAME_FOR_ALL(Name, kind)                                                                   \
	HRESULT on_HcnEnumerate##Name##s(struct call *c)                                           \
	{                                                                                          \
		return enumerate(c, kind);                                                         \
	}                                                                                          \
	HRESULT on_HcnOpen##Name(struct call *c)                                                   \
	{                                                                                          \
		return open_object(c, kind);                                                       \
	}                                                                                          \
	HRESULT on_HcnQuery##Name##Properties(struct call *c)                                      \
	{                                                                                          \
		return query(c, kind);                                                             \
	}                                                                                          \
	HRESULT on_HcnClose##Name(struct call *c)                                                  \
	{                                                                                          \
		return close_object(c);                                                            \
	}

SAME_FOR_ALL(Network, HCN_KIND_NETWORK)
SAME_FOR_ALL(Namespace, HCN_KIND_NAMESPACE)
SAME_FOR_ALL(Endpoint, HCN_KIND_ENDPOINT)

/* --- the service ------------------------------------------------------------------------ */

HRESULT on_HcnRegisterServiceCallback(struct call *c)
{
	(void)call_open(c, HANDLE_CALLBACK, NULL, NULL);
	return S_OK;
}

HRESULT on_HcnUnregisterServiceCallback(struct call *c)
{
	return close_object(c);
}
