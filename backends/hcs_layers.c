/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is vmcompute's: create, activate, prepare, ask where; and back. Preparing is serialised
 * and the two mounting calls are repeated while the disk is not ready, as hcsshim found necessary.
 */
#include "backends/hcs_layers.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs_call.h"
#include "backends/hcs_guid.h"
#include "backends/hcs_result.h"
#include "backends/hcs_text.h"
#include "base/clock.h"
#include "base/limits.h"

enum { MOUNT_TRIES = 5, MOUNT_PAUSE_MS = 100 };

static const WCHAR no_home[] = { 0 };
static const DRIVER_INFO driver = { LAYER_DRIVER_FILTER, no_home };
static pthread_mutex_t prepare_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *last_component(const char *path)
{
	const char *at = path;

	for (const char *p = path; *p; p++)
		if ((*p == '/' || *p == '\\') && p[1])
			at = p + 1;
	return at;
}

static int guid_of(const struct hcs_api *api, const char *path, struct arena *a, GUID *ret,
		   struct error *err)
{
	HRESULT hr = api->NameToGuid(hcs_call_wide(last_component(path), a), ret);

	return hcs_result_failed(hr) ? hcs_result_error(err, hr, NULL, "name layer %s", path) : 0;
}

static int descriptors(const struct hcs_api *api, const struct hcs_chain *chain, struct arena *a,
		       WC_LAYER_DESCRIPTOR **ret, struct error *err)
{
	WC_LAYER_DESCRIPTOR *list = arena_array(a, chain->n, sizeof(*list));
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->n; i++) {
		list[i].Path = hcs_call_wide(chain->paths[i], a);
		r = guid_of(api, chain->paths[i], a, &list[i].LayerId, err);
	}
	*ret = list;
	return r;
}

int hcs_layers_describe(const struct hcs_api *api, const struct hcs_chain *chain, struct arena *a,
			struct hcs_layer **ret, struct error *err)
{
	struct hcs_layer *list = arena_array(a, chain->n, sizeof(*list));

	for (size_t i = 0; i < chain->n; i++) {
		char text[HCS_GUID_SIZE];
		GUID id;
		int r = guid_of(api, chain->paths[i], a, &id, err);

		if (r < 0)
			return r;
		list[i].id = arena_strdup(a, hcs_guid_format(&id, text));
		list[i].path = chain->paths[i];
	}
	*ret = list;
	return 0;
}

/* --- mount --------------------------------------------------------------------------- */

struct mounting {
	const struct hcs_api *api;
	PCWSTR path;
	const WC_LAYER_DESCRIPTOR *parents;
	ULONG n_parents;
};

static HRESULT activate(const struct mounting *m)
{
	return m->api->ActivateLayer(&driver, m->path);
}

static HRESULT prepare(const struct mounting *m)
{
	HRESULT hr;

	pthread_mutex_lock(&prepare_lock);
	hr = m->api->PrepareLayer(&driver, m->path, m->parents, m->n_parents);
	pthread_mutex_unlock(&prepare_lock);
	return hr;
}

static bool is_not_ready(HRESULT hr)
{
	return hcs_result_is(hr, WIN32_NOT_READY) || hcs_result_is(hr, WIN32_DEVICE_NOT_CONNECTED);
}

static HRESULT repeat(const struct mounting *m, HRESULT (*step)(const struct mounting *m))
{
	HRESULT hr = step(m);

	for (int i = 1; i < MOUNT_TRIES && is_not_ready(hr); i++) {
		clock_sleep(MOUNT_PAUSE_MS * CLOCK_MS);
		hr = step(m);
	}
	/* Mounted by a call that was cut short. */
	return hcs_result_outcome(hr) == HCS_EXISTS ? S_OK : hr;
}

static int exists(const struct mounting *m, const char *path, bool *ret, struct error *err)
{
	ULONG there = 0;
	HRESULT hr = m->api->LayerExists(&driver, m->path, &there);

	if (hcs_result_failed(hr) && hcs_result_outcome(hr) != HCS_ABSENT)
		return hcs_result_error(err, hr, NULL, "look at layer %s", path);
	*ret = !hcs_result_failed(hr) && there;
	return 0;
}

static int read_root(const struct mounting *m, const char *path, struct arena *a, const char **ret,
		     struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	SIZE_T n = 0;
	WCHAR *wide;
	HRESULT hr = m->api->GetLayerMountPath(&driver, m->path, &n, NULL);
	int r;

	if (hcs_result_failed(hr) || n > LIMIT_PATH)
		return hcs_result_error(err, hr, NULL, "ask where layer %s is mounted", path);
	wide = arena_array(a, n + 1, sizeof(*wide));
	hr = m->api->GetLayerMountPath(&driver, m->path, &n, wide);
	if (hcs_result_failed(hr))
		return hcs_result_error(err, hr, NULL, "ask where layer %s is mounted", path);
	r = hcs_text_from_utf16(wide, &text, err);
	*ret = arena_strndup(a, text.data ? text.data : "", text.n);
	return r;
}

/* The scratch layer is there; fills in @m. */
static int make(const struct hcs_api *api, const char *path, const struct hcs_chain *chain,
		struct arena *a, struct mounting *m, struct error *err)
{
	WC_LAYER_DESCRIPTOR *parents;
	bool there = false;
	HRESULT hr = S_OK;
	int r = descriptors(api, chain, a, &parents, err);

	*m = (struct mounting){ api, hcs_call_wide(path, a), parents, (ULONG)chain->n };
	r = r < 0 ? r : exists(m, path, &there, err);
	if (r < 0)
		return r;
	if (!there)
		hr = api->CreateSandboxLayer(&driver, m->path, 0, m->parents, m->n_parents);
	if (hcs_result_failed(hr) && hcs_result_outcome(hr) != HCS_EXISTS)
		return hcs_result_error(err, hr, NULL, "make scratch layer %s", path);
	return 0;
}

int hcs_layers_make(const struct hcs_api *api, const char *path, const struct hcs_chain *chain,
		    struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct mounting m;

	return make(api, path, chain, a, &m, err);
}

int hcs_layers_mount(const struct hcs_api *api, const char *path, const struct hcs_chain *chain,
		     struct arena *a, const char **ret_root, struct error *err)
{
	struct mounting m;
	HRESULT hr;
	int r = make(api, path, chain, a, &m, err);

	if (r < 0)
		return r;
	hr = repeat(&m, activate);
	if (hcs_result_failed(hr))
		return hcs_result_error(err, hr, NULL, "activate layer %s", path);
	hr = repeat(&m, prepare);
	if (hcs_result_failed(hr))
		return hcs_result_error(err, hr, NULL, "prepare layer %s", path);
	return read_root(&m, path, a, ret_root, err);
}

/* --- unmount ------------------------------------------------------------------------- */

/* @path is a name directly in @below, without a way out of it. */
static bool is_below(const char *path, const char *below)
{
	size_t n = strlen(below);

	return strncmp(path, below, n) == 0 && (path[n] == '/' || path[n] == '\\') && path[n + 1] &&
	       !strstr(path + n, "..");
}

static int undo(const char *what, const char *path, HRESULT hr, struct error *err)
{
	enum hcs_outcome o = hcs_result_outcome(hr);

	/* Not mounted, or not there: what was wanted. */
	if (!hcs_result_failed(hr) || o == HCS_ABSENT || o == HCS_STATE)
		return 0;
	return hcs_result_error(err, hr, NULL, "%s layer %s", what, path);
}

/* *ret_there: it was, and is unmounted now. */
static int leave(const struct mounting *m, const char *path, const char *below, bool *ret_there,
		 struct error *err)
{
	int r;

	*ret_there = false;
	if (!is_below(path, below))
		return error_set(err, ERR_INVALID, 0, "%s is not below %s", path, below);
	r = exists(m, path, ret_there, err);
	if (r < 0 || !*ret_there)
		return r;
	r = undo("unprepare", path, m->api->UnprepareLayer(&driver, m->path), err);
	return r < 0 ? r : undo("deactivate", path, m->api->DeactivateLayer(&driver, m->path), err);
}

int hcs_layers_detach(const struct hcs_api *api, const char *path, const char *below,
		      struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct mounting m = { .api = api, .path = hcs_call_wide(path, a) };
	bool there;

	return leave(&m, path, below, &there, err);
}

int hcs_layers_unmount(const struct hcs_api *api, const char *path, const char *below,
		       struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct mounting m = { .api = api, .path = hcs_call_wide(path, a) };
	bool there;
	int r = leave(&m, path, below, &there, err);

	if (r < 0 || !there)
		return r;
	return undo("destroy", path, api->DestroyLayer(&driver, m.path), err);
}

/* --- import -------------------------------------------------------------------------- */

int hcs_layers_import(const struct hcs_api *api, const char *path, const char *source,
		      const struct hcs_chain *parents, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	WC_LAYER_DESCRIPTOR *list = NULL;
	PCWSTR wide = hcs_call_wide(path, a);
	ULONG n = parents ? (ULONG)parents->n : 0;
	HRESULT hr;
	int r = n ? descriptors(api, parents, a, &list, err) : 0;

	if (r < 0)
		return r;
	hr = api->ImportLayer(&driver, wide, hcs_call_wide(source, a), list, n);
	if (hcs_result_failed(hr))
		return hcs_result_error(err, hr, NULL, "import layer %s", path);
	if (n > 0)
		return 0;
	hr = api->ProcessBaseImage(wide);
	return hcs_result_failed(hr) ? hcs_result_error(err, hr, NULL, "process layer %s", path)
				     : 0;
}
