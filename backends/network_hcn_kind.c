/* SPDX-License-Identifier: Apache-2.0 */
/* The three tables, and calls that are the same for all kinds. Judges nobody's ownership. */
#include "backends/network_hcn_kind.h"

#include "backends/hcn_document.h"
#include "backends/hcs_call.h"
#include "backends/hcs_text.h"
#include "base/limits.h"

#define KIND(Name, handle)                                                                         \
	static HRESULT enumerate_##Name(const struct hcs_api *api, PCWSTR query, PWSTR *ids,       \
					PWSTR *record)                                             \
	{                                                                                          \
		return api->HcnEnumerate##Name##s(query, ids, record);                             \
	}                                                                                          \
	static HRESULT open_##Name(const struct hcs_api *api, REFGUID id, void **ret,              \
				   PWSTR *record)                                                  \
	{                                                                                          \
		handle h = NULL;                                                                   \
		HRESULT hr = api->HcnOpen##Name(id, &h, record);                                   \
                                                                                                   \
		*ret = h;                                                                          \
		return hr;                                                                         \
	}                                                                                          \
	static HRESULT query_##Name(const struct hcs_api *api, void *h, PCWSTR query, PWSTR *ret,  \
				    PWSTR *record)                                                 \
	{                                                                                          \
		return api->HcnQuery##Name##Properties(h, query, ret, record);                     \
	}                                                                                          \
	static HRESULT remove_##Name(const struct hcs_api *api, REFGUID id, PWSTR *record)         \
	{                                                                                          \
		return api->HcnDelete##Name(id, record);                                           \
	}                                                                                          \
	static void close_##Name(const struct hcs_api *api, void *h)                               \
	{                                                                                          \
		(void)api->HcnClose##Name(h); /* nothing could be done about it */                 \
	}
#define OPERATIONS(Name)                                                                           \
	.enumerate = enumerate_##Name, .open = open_##Name, .query = query_##Name,                 \
	.remove = remove_##Name, .close = close_##Name

KIND(Network, HCN_NETWORK)
KIND(Namespace, HCN_NAMESPACE)
KIND(Endpoint, HCN_ENDPOINT)

const struct network_hcn_kind network_hcn_networks = {
	.kind = HCN_NETWORK_KIND,
	.word = "network",
	OPERATIONS(Network),
};

const struct network_hcn_kind network_hcn_namespaces = {
	.kind = HCN_NAMESPACE_KIND,
	.word = "namespace",
	OPERATIONS(Namespace),
};

const struct network_hcn_kind network_hcn_endpoints = {
	.kind = HCN_ENDPOINT_KIND,
	.word = "endpoint",
	OPERATIONS(Endpoint),
};

int network_hcn_kind_result(const struct hcs_api *api, HRESULT hr, PWSTR record, const char *what,
			    enum hcs_outcome *ret_outcome, struct error *err)
{
	int r = 0;

	if (!hcs_result_failed(hr))
		hr = hcs_result_document(record);
	*ret_outcome = hcs_result_outcome(hr);
	if (hcs_result_failed(hr))
		r = hcs_result_error(err, hr, record, "%s", what);
	api->CoTaskMemFree(record);
	return r;
}

/* A document of the service as UTF-8 in @a; the service's is freed. */
static int take_text(const struct hcs_api *api, PWSTR document, struct arena *a,
		     struct network_hcn_text *ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	int r = hcs_text_from_utf16(document, &text, err);

	api->CoTaskMemFree(document);
	if (r < 0)
		return r;
	*ret = (struct network_hcn_text){ arena_strndup(a, text.data ? text.data : "", text.n),
					  text.n };
	return 0;
}

int network_hcn_kind_ids(const struct hcs_api *api, const struct network_hcn_kind *k,
			 struct json_object *query, struct arena *a, struct network_hcn_guids *ret,
			 struct error *err)
{
	PWSTR document = NULL, record = NULL;
	HRESULT hr = k->enumerate(api, hcs_call_document(query, a), &document, &record);
	enum hcs_outcome outcome;
	struct network_hcn_text text = { NULL, 0 };
	int r = network_hcn_kind_result(api, hr, record, "list", &outcome, err);
	int t = take_text(api, document, a, &text, r < 0 ? NULL : err);

	r = r < 0 ? r : t;
	r = r < 0 ? r : hcn_reply_ids(text.p, text.n, a, &ret->items, &ret->n, err);
	return r < 0 ? error_wrap(err, r, "list %ss", k->word) : 0;
}

int network_hcn_kind_text(const struct hcs_api *api, const struct network_hcn_kind *k,
			  const GUID *id, struct arena *a, struct network_hcn_text *ret,
			  struct error *err)
{
	struct json_object *query CLEAN(json) = hcn_document_query(HCN_FILTER_NONE, NULL);
	PWSTR document = NULL, record = NULL;
	enum hcs_outcome outcome;
	struct error why = ERROR_INIT;
	void *h = NULL;
	HRESULT hr = k->open(api, id, &h, &record);
	int r = network_hcn_kind_result(api, hr, record, "open", &outcome, &why), t;

	if (r == 0) {
		record = NULL;
		hr = k->query(api, h, hcs_call_document(query, a), &document, &record);
		r = network_hcn_kind_result(api, hr, record, "query", &outcome, &why);
		k->close(api, h);
	}
	t = take_text(api, document, a, ret, r < 0 ? NULL : &why);
	if (r < 0 && outcome == HCS_ABSENT)
		return NETWORK_HCN_GONE;
	r = r < 0 ? r : t;
	if (r < 0 && err)
		*err = why;
	return r < 0 ? error_wrap(err, r, "%s", k->word) : 0;
}

int network_hcn_kind_basics(const struct network_hcn_kind *k, const struct network_hcn_text *text,
			    struct arena *a, struct hcn_basics *ret, struct error *err)
{
	struct hcn_network_reply network;
	struct hcn_namespace_reply space;
	struct hcn_endpoint_reply endpoint;
	int r = -ERR_INVALID;

	switch (k->kind) {
	case HCN_NETWORK_KIND:
		r = hcn_reply_network(text->p, text->n, a, &network, err);
		*ret = network.basics;
		break;
	case HCN_NAMESPACE_KIND:
		r = hcn_reply_namespace(text->p, text->n, a, &space, err);
		*ret = space.basics;
		break;
	case HCN_ENDPOINT_KIND:
		r = hcn_reply_endpoint(text->p, text->n, a, &endpoint, err);
		*ret = endpoint.basics;
		break;
	}
	return r;
}

int network_hcn_kind_remove(const struct hcs_api *api, const struct network_hcn_kind *k,
			    const GUID *id, struct error *err)
{
	PWSTR record = NULL;
	enum hcs_outcome outcome;
	struct error why = ERROR_INIT;
	HRESULT hr = k->remove(api, id, &record);
	int r = network_hcn_kind_result(api, hr, record, "delete", &outcome, &why);

	if (r == 0 || outcome == HCS_ABSENT)
		return 0;
	if (err)
		*err = why;
	return error_wrap(err, r, "%s", k->word);
}
