/* SPDX-License-Identifier: Apache-2.0 */
/* computenetwork's functions: the same six for each kind, and what is special. */
#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_sim/library/memory.h"
#include "backends/hcs_sim/library/targets.h"

/* Sends it and gives back the error record, and a document where the caller wants one. */
static HRESULT finish(struct request *r, PWSTR *document, PWSTR *error_record)
{
	const char *text = NULL, *record = NULL;
	HRESULT hr = request_send(r);

	if (r->value) {
		(void)json_get_str(r->value, "document", &text, NULL); /* absent: none */
		(void)json_get_str(r->value, "error_record", &record, NULL);
	}
	if (document)
		*document = memory_task(text);
	if (error_record)
		*error_record = memory_task(record);
	return hr;
}

static HRESULT enumerate(const char *name, PCWSTR query, PWSTR *ids, PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST(name);

	if (!ids)
		return E_INVALIDARG;
	request_text(&r, "document", query);
	return finish(&r, ids, error_record);
}

static HRESULT open_object(struct request *r, enum object_kind kind, void **ret,
			   PWSTR *error_record)
{
	HRESULT hr;

	r->opens = kind;
	hr = finish(r, NULL, error_record);
	*ret = request_handle(r);
	return hr;
}

static HRESULT on_object(struct request *r, const void *handle, enum object_kind kind,
			 PCWSTR document)
{
	request_on(r, handle, kind);
	request_text(r, "document", document);
	return r->hr;
}

static HRESULT delete_object(const char *name, REFGUID id, PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST(name);

	request_guid(&r, id);
	return finish(&r, NULL, error_record);
}

static HRESULT close_object(const char *name, const void *handle, enum object_kind kind)
{
	struct library *l = library_lock();
	struct object *o = object_get(l, handle, kind);
	bool is_there = o;

	object_put(o);
	library_unlock(l);
	if (is_there)
		targets_close(handle, kind, name);
	return is_there ? S_OK : E_HANDLE;
}

#define SAME_FOR_ALL(Name, handle_type, object_kind_)                                              \
	HRESULT HcnEnumerate##Name##s(PCWSTR query, PWSTR *ids, PWSTR *error_record)               \
	{                                                                                          \
		return enumerate("HcnEnumerate" #Name "s", query, ids, error_record);              \
	}                                                                                          \
	HRESULT HcnOpen##Name(REFGUID id, handle_type *ret, PWSTR *error_record)                   \
	{                                                                                          \
		struct request r CLEAN(request) = REQUEST("HcnOpen" #Name);                        \
		void *opened = NULL;                                                               \
		HRESULT hr;                                                                        \
                                                                                                   \
		if (!ret)                                                                          \
			return E_INVALIDARG;                                                       \
		request_guid(&r, id);                                                              \
		hr = open_object(&r, object_kind_, &opened, error_record);                         \
		*ret = opened;                                                                     \
		return hr;                                                                         \
	}                                                                                          \
	HRESULT HcnModify##Name(handle_type object, PCWSTR settings, PWSTR *error_record)          \
	{                                                                                          \
		struct request r CLEAN(request) = REQUEST("HcnModify" #Name);                      \
                                                                                                   \
		(void)on_object(&r, object, object_kind_, settings);                               \
		return finish(&r, NULL, error_record);                                             \
	}                                                                                          \
	HRESULT HcnQuery##Name##Properties(handle_type object, PCWSTR query, PWSTR *properties,    \
					   PWSTR *error_record)                                    \
	{                                                                                          \
		struct request r CLEAN(request) = REQUEST("HcnQuery" #Name "Properties");          \
                                                                                                   \
		if (!properties)                                                                   \
			return E_INVALIDARG;                                                       \
		(void)on_object(&r, object, object_kind_, query);                                  \
		return finish(&r, properties, error_record);                                       \
	}                                                                                          \
	HRESULT HcnDelete##Name(REFGUID id, PWSTR *error_record)                                   \
	{                                                                                          \
		return delete_object("HcnDelete" #Name, id, error_record);                         \
	}                                                                                          \
	HRESULT HcnClose##Name(handle_type object)                                                 \
	{                                                                                          \
		return close_object("HcnClose" #Name, object, object_kind_);                       \
	}

SAME_FOR_ALL(Network, HCN_NETWORK, OBJECT_NETWORK)
SAME_FOR_ALL(Namespace, HCN_NAMESPACE, OBJECT_NAMESPACE)
SAME_FOR_ALL(Endpoint, HCN_ENDPOINT, OBJECT_ENDPOINT)

HRESULT HcnCreateNetwork(REFGUID id, PCWSTR settings, HCN_NETWORK *ret, PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST("HcnCreateNetwork");
	void *opened = NULL;
	HRESULT hr;

	if (!ret)
		return E_INVALIDARG;
	request_guid(&r, id);
	request_text(&r, "document", settings);
	hr = open_object(&r, OBJECT_NETWORK, &opened, error_record);
	*ret = opened;
	return hr;
}

HRESULT HcnCreateNamespace(REFGUID id, PCWSTR settings, HCN_NAMESPACE *ret, PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST("HcnCreateNamespace");
	void *opened = NULL;
	HRESULT hr;

	if (!ret)
		return E_INVALIDARG;
	request_guid(&r, id);
	request_text(&r, "document", settings);
	hr = open_object(&r, OBJECT_NAMESPACE, &opened, error_record);
	*ret = opened;
	return hr;
}

HRESULT HcnCreateEndpoint(HCN_NETWORK network, REFGUID id, PCWSTR settings, HCN_ENDPOINT *ret,
			  PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST("HcnCreateEndpoint");
	void *opened = NULL;
	HRESULT hr;

	if (!ret)
		return E_INVALIDARG;
	if (network)
		request_on(&r, network, OBJECT_NETWORK);
	request_guid(&r, id);
	request_text(&r, "document", settings);
	hr = open_object(&r, OBJECT_ENDPOINT, &opened, error_record);
	*ret = opened;
	return hr;
}

HRESULT HcnQueryEndpointStats(HCN_ENDPOINT endpoint, PCWSTR query, PWSTR *stats,
			      PWSTR *error_record)
{
	struct request r CLEAN(request) = REQUEST("HcnQueryEndpointStats");

	if (!stats)
		return E_INVALIDARG;
	(void)on_object(&r, endpoint, OBJECT_ENDPOINT, query);
	return finish(&r, stats, error_record);
}

HRESULT HcnRegisterServiceCallback(HCN_NOTIFICATION_CALLBACK callback, void *context,
				   HCN_CALLBACK *ret)
{
	struct request r CLEAN(request) = REQUEST("HcnRegisterServiceCallback");
	struct library *l;
	HRESULT hr;

	if (!callback || !ret)
		return E_INVALIDARG;
	r.opens = OBJECT_CALLBACK;
	hr = request_send(&r);
	l = library_lock();
	if (r.opened) {
		r.opened->on_notification = callback;
		r.opened->context = context;
	}
	library_unlock(l);
	*ret = (HCN_CALLBACK)request_handle(&r);
	return hr;
}

HRESULT HcnUnregisterServiceCallback(HCN_CALLBACK callback)
{
	return close_object("HcnUnregisterServiceCallback", callback, OBJECT_CALLBACK);
}
