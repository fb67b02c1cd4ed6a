/* SPDX-License-Identifier: Apache-2.0 */
/* vmcompute's layer functions. */
#include "backends/hcs_guid.h"
#include "backends/hcs_sim/library/connection.h"
#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_text.h"

/* "" in front of ids, and never NULL: that is a crash of the real service. */
static void check_driver(struct request *r, const DRIVER_INFO *info)
{
	if (!info || !info->HomeDir)
		abort();
	if (info->Flavour != LAYER_DRIVER_FILTER || info->HomeDir[0] != 0)
		r->hr = E_INVALIDARG;
}

static void put_parents(struct request *r, const WC_LAYER_DESCRIPTOR *parents, ULONG n)
{
	struct json_object *list = json_object_new_array();

	for (ULONG i = 0; i < n; i++) {
		struct buf path CLEAN(buf) = BUF_INIT(64 << 10);
		struct json_object *o = json_object_new_object();
		char guid[HCS_GUID_SIZE];

		if (!parents[i].Path || hcs_text_from_utf16(parents[i].Path, &path, NULL) < 0)
			r->hr = E_INVALIDARG;
		json_put_str(o, "id", hcs_guid_format(&parents[i].LayerId, guid));
		json_put_str(o, "path", path.data);
		json_object_array_add(list, o);
	}
	json_put_obj(r->args, "parents", list);
}

/* A function on the layer @id and nothing else. */
static HRESULT on_layer(const char *name, const DRIVER_INFO *info, PCWSTR id)
{
	struct request r CLEAN(request) = REQUEST(name);

	check_driver(&r, info);
	request_text(&r, "path", id);
	return request_send(&r);
}

static HRESULT on_path(const char *name, PCWSTR path)
{
	struct request r CLEAN(request) = REQUEST(name);

	request_text(&r, "path", path);
	return request_send(&r);
}

HRESULT ImportLayer(const DRIVER_INFO *info, PCWSTR id, PCWSTR source,
		    const WC_LAYER_DESCRIPTOR *parents, ULONG n_parents)
{
	struct request r CLEAN(request) = REQUEST("ImportLayer");

	check_driver(&r, info);
	request_text(&r, "path", id);
	request_text(&r, "source", source);
	put_parents(&r, parents, n_parents);
	return request_send(&r);
}

HRESULT ProcessBaseImage(PCWSTR path)
{
	return on_path("ProcessBaseImage", path);
}

HRESULT ProcessUtilityImage(PCWSTR path)
{
	return on_path("ProcessUtilityImage", path);
}

HRESULT CreateSandboxLayer(const DRIVER_INFO *info, PCWSTR id, ULONG_PTR parent,
			   const WC_LAYER_DESCRIPTOR *parents, ULONG n_parents)
{
	struct request r CLEAN(request) = REQUEST("CreateSandboxLayer");

	(void)parent; /* callers pass 0 */
	check_driver(&r, info);
	request_text(&r, "path", id);
	put_parents(&r, parents, n_parents);
	return request_send(&r);
}

HRESULT ExpandSandboxSize(const DRIVER_INFO *info, PCWSTR id, UINT64 size_bytes)
{
	struct request r CLEAN(request) = REQUEST("ExpandSandboxSize");

	check_driver(&r, info);
	request_text(&r, "path", id);
	request_number(&r, "size", size_bytes > INT64_MAX ? 0 : (int64_t)size_bytes);
	return request_send(&r);
}

HRESULT ActivateLayer(const DRIVER_INFO *info, PCWSTR id)
{
	return on_layer("ActivateLayer", info, id);
}

HRESULT DeactivateLayer(const DRIVER_INFO *info, PCWSTR id)
{
	return on_layer("DeactivateLayer", info, id);
}

HRESULT PrepareLayer(const DRIVER_INFO *info, PCWSTR id, const WC_LAYER_DESCRIPTOR *parents,
		     ULONG n_parents)
{
	struct request r CLEAN(request) = REQUEST("PrepareLayer");

	check_driver(&r, info);
	request_text(&r, "path", id);
	put_parents(&r, parents, n_parents);
	return request_send(&r);
}

HRESULT UnprepareLayer(const DRIVER_INFO *info, PCWSTR id)
{
	return on_layer("UnprepareLayer", info, id);
}

HRESULT DestroyLayer(const DRIVER_INFO *info, PCWSTR id)
{
	return on_layer("DestroyLayer", info, id);
}

/* The path into a buffer of *n units; without a buffer only how many it needs. */
static HRESULT copy_path(const char *utf8, SIZE_T *n, PWSTR buffer)
{
	struct arena *a CLEAN(arena) = arena_new();
	PCWSTR text = NULL;
	size_t need;

	if (hcs_text_to_utf16(utf8, a, &text, NULL) < 0)
		return E_UNEXPECTED;
	need = hcs_text_length(text) + 1;
	if (buffer && *n < need) {
		*n = need;
		return WIN32_INSUFFICIENT_BUFFER;
	}
	if (buffer)
		memcpy(buffer, text, need * sizeof(*text));
	*n = need;
	return S_OK;
}

HRESULT GetLayerMountPath(const DRIVER_INFO *info, PCWSTR id, SIZE_T *n, PWSTR buffer)
{
	struct request r CLEAN(request) = REQUEST("GetLayerMountPath");
	const char *text = "";
	HRESULT hr;

	if (!n)
		return E_INVALIDARG;
	check_driver(&r, info);
	request_text(&r, "path", id);
	hr = request_send(&r);
	if (hr < 0)
		return hr;
	if (r.value)
		(void)json_get_str(r.value, "text", &text, NULL); /* a pretended success has none */
	return copy_path(text, n, buffer);
}

HRESULT LayerExists(const DRIVER_INFO *info, PCWSTR id, ULONG *ret)
{
	struct request r CLEAN(request) = REQUEST("LayerExists");
	int64_t number = 0;
	HRESULT hr;

	if (!ret)
		return E_INVALIDARG;
	check_driver(&r, info);
	request_text(&r, "path", id);
	hr = request_send(&r);
	if (hr >= 0 && r.value)
		(void)json_get_i64(r.value, "number", &number, NULL); /* the same */
	*ret = (ULONG)number;
	return hr;
}

HRESULT NameToGuid(PCWSTR name, GUID *ret)
{
	struct request r CLEAN(request) = REQUEST("NameToGuid");
	const char *text = "";
	HRESULT hr;

	if (!ret)
		return E_INVALIDARG;
	request_text(&r, "name", name);
	hr = request_send(&r);
	if (hr < 0)
		return hr;
	if (r.value)
		(void)json_get_str(r.value, "guid", &text, NULL); /* it is there */
	return hcs_guid_parse(text, ret) ? S_OK : E_UNEXPECTED;
}

HRESULT GrantVmAccess(PCWSTR vm, PCWSTR path)
{
	struct request r CLEAN(request) = REQUEST("GrantVmAccess");

	request_text(&r, "id", vm);
	request_text(&r, "path", path);
	return request_send(&r);
}
