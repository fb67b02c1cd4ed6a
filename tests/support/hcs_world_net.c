/* SPDX-License-Identifier: Apache-2.0 */
/* computenetwork's functions for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_text.h"
#include "tests/support/hcs_world.h"

GUID hcs_world_guid(unsigned n)
{
	return (GUID){ n, 0x4444, 0x4555, { 0x80, 1, 2, 3, 4, 5, 6, 7 } };
}

/* An error record, which goes back with the free that belongs to it. */
static HRESULT keep_record(struct hcs_world *w, HRESULT hr, PWSTR record)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	w->record = NULL;
	if (record) {
		assert_int_equal(hcs_text_from_utf16(record, &text, &w->err), 0);
		w->record = arena_strdup(w->arena, text.data);
	}
	w->api->CoTaskMemFree(record);
	return hr;
}

HRESULT hcs_world_network(struct hcs_world *w, unsigned n, const char *settings)
{
	GUID id = hcs_world_guid(n);
	HCN_NETWORK o = NULL;
	PWSTR record = NULL;
	HRESULT hr = w->api->HcnCreateNetwork(&id, hcs_world_wide(w, settings), &o, &record);

	if (hr >= 0)
		assert_int_equal(w->api->HcnCloseNetwork(o), S_OK);
	return keep_record(w, hr, record);
}

HRESULT hcs_world_namespace(struct hcs_world *w, unsigned n, const char *settings)
{
	GUID id = hcs_world_guid(n);
	HCN_NAMESPACE o = NULL;
	PWSTR record = NULL;
	HRESULT hr = w->api->HcnCreateNamespace(&id, hcs_world_wide(w, settings), &o, &record);

	if (hr >= 0)
		assert_int_equal(w->api->HcnCloseNamespace(o), S_OK);
	return keep_record(w, hr, record);
}

HRESULT hcs_world_endpoint(struct hcs_world *w, unsigned network, unsigned n, const char *settings)
{
	GUID id = hcs_world_guid(n), on = hcs_world_guid(network);
	HCN_NETWORK net = NULL;
	HCN_ENDPOINT o = NULL;
	PWSTR record = NULL;
	HRESULT hr = w->api->HcnOpenNetwork(&on, &net, NULL);

	if (hr < 0)
		return hr;
	hr = w->api->HcnCreateEndpoint(net, &id, hcs_world_wide(w, settings), &o, &record);
	if (hr >= 0)
		assert_int_equal(w->api->HcnCloseEndpoint(o), S_OK);
	assert_int_equal(w->api->HcnCloseNetwork(net), S_OK);
	return keep_record(w, hr, record);
}

HRESULT hcs_world_attach(struct hcs_world *w, unsigned namespace, unsigned endpoint, bool add)
{
	GUID id = hcs_world_guid(namespace), what = hcs_world_guid(endpoint);
	char text[HCS_GUID_SIZE];
	HCN_NAMESPACE o = NULL;
	PWSTR record = NULL;
	const char *settings =
		hcs_world_printf(w,
				 "{\"ResourceType\":\"Endpoint\",\"RequestType\":\"%s\","
				 "\"Settings\":{\"EndpointId\":\"%s\"}}",
				 add ? "Add" : "Remove", hcs_guid_format(&what, text));
	HRESULT hr = w->api->HcnOpenNamespace(&id, &o, NULL);

	if (hr < 0)
		return hr;
	hr = w->api->HcnModifyNamespace(o, hcs_world_wide(w, settings), &record);
	assert_int_equal(w->api->HcnCloseNamespace(o), S_OK);
	return keep_record(w, hr, record);
}

static HRESULT finish(struct hcs_world *w, HRESULT hr, PWSTR document, PWSTR record)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	w->document = NULL;
	if (document) {
		assert_int_equal(hcs_text_from_utf16(document, &text, &w->err), 0);
		w->document = arena_strdup(w->arena, text.data);
	}
	w->api->CoTaskMemFree(document);
	return keep_record(w, hr, record);
}

HRESULT hcs_world_hcn_list(struct hcs_world *w, enum hcs_world_kind kind, const char *query)
{
	PWSTR ids = NULL, record = NULL;
	PCWSTR wide = hcs_world_wide(w, query);
	HRESULT hr = E_UNEXPECTED;

	switch (kind) {
	case HCS_WORLD_NETWORK:
		hr = w->api->HcnEnumerateNetworks(wide, &ids, &record);
		break;
	case HCS_WORLD_NAMESPACE:
		hr = w->api->HcnEnumerateNamespaces(wide, &ids, &record);
		break;
	case HCS_WORLD_ENDPOINT:
		hr = w->api->HcnEnumerateEndpoints(wide, &ids, &record);
		break;
	}
	return finish(w, hr, ids, record);
}

HRESULT hcs_world_hcn_delete(struct hcs_world *w, enum hcs_world_kind kind, unsigned n)
{
	GUID id = hcs_world_guid(n);
	PWSTR record = NULL;
	HRESULT hr = E_UNEXPECTED;

	switch (kind) {
	case HCS_WORLD_NETWORK:
		hr = w->api->HcnDeleteNetwork(&id, &record);
		break;
	case HCS_WORLD_NAMESPACE:
		hr = w->api->HcnDeleteNamespace(&id, &record);
		break;
	case HCS_WORLD_ENDPOINT:
		hr = w->api->HcnDeleteEndpoint(&id, &record);
		break;
	}
	return keep_record(w, hr, record);
}

HRESULT hcs_world_hcn_query(struct hcs_world *w, enum hcs_world_kind kind, unsigned n,
			    const char *query)
{
	GUID id = hcs_world_guid(n);
	PCWSTR wide = hcs_world_wide(w, query);
	PWSTR text = NULL, record = NULL;
	HRESULT hr = E_UNEXPECTED;

	if (kind == HCS_WORLD_NETWORK) {
		HCN_NETWORK o = NULL;

		hr = w->api->HcnOpenNetwork(&id, &o, NULL);
		if (hr < 0)
			return hr;
		hr = w->api->HcnQueryNetworkProperties(o, wide, &text, &record);
		assert_int_equal(w->api->HcnCloseNetwork(o), S_OK);
	} else if (kind == HCS_WORLD_NAMESPACE) {
		HCN_NAMESPACE o = NULL;

		hr = w->api->HcnOpenNamespace(&id, &o, NULL);
		if (hr < 0)
			return hr;
		hr = w->api->HcnQueryNamespaceProperties(o, wide, &text, &record);
		assert_int_equal(w->api->HcnCloseNamespace(o), S_OK);
	} else {
		HCN_ENDPOINT o = NULL;

		hr = w->api->HcnOpenEndpoint(&id, &o, NULL);
		if (hr < 0)
			return hr;
		hr = w->api->HcnQueryEndpointProperties(o, wide, &text, &record);
		assert_int_equal(w->api->HcnCloseEndpoint(o), S_OK);
	}
	return finish(w, hr, text, record);
}
