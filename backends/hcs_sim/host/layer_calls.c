/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on layers. The order that is kept: import, process (base), create a scratch, activate,
 * prepare; and back: unprepare, deactivate, destroy.
 */
#include <fcntl.h>
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/layer_folder.h"
#include "backends/hcs_sim/host/layer_import.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/machine.h"
#include "backends/hcs_sim/host/store.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/rand.h"

/* One call's arguments, and what is at the path. */
struct work {
	struct call *c;
	struct arena *a;
	const char *path;
	struct layer_folder folder;
	struct layer *known;
	const char *const *parents; /* that were given; NULL-terminated */
	size_t n_parents;
};

static void work_done(struct work *w)
{
	arena_free(w->a);
}
static inline void clean_work(struct work *w)
{
	work_done(w);
}

static HRESULT fail(struct call *c, const struct error *err)
{
	static const struct {
		enum error_code code;
		HRESULT hr;
	} codes[] = {
		{ ERR_NOT_FOUND, WIN32_PATH_NOT_FOUND },      { ERR_INVALID, WIN32_INVALID_DATA },
		{ ERR_UNAUTHORIZED, E_ACCESSDENIED },         { ERR_EXISTS, WIN32_ALREADY_EXISTS },
		{ ERR_UNAVAILABLE, WIN32_SHARING_VIOLATION },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == err->code)
			return call_fail_error(c, codes[i].hr, err);
	return call_fail_error(c, WIN32_DISK_FULL, err);
}

static HRESULT begin(struct call *c, struct work *w)
{
	struct error err;

	*w = (struct work){ .c = c, .a = arena_new(), .path = call_text(c, "path") };
	if (!w->path || w->path[0] != '/')
		return call_fail(c, E_INVALIDARG, "a layer is named by an absolute path");
	if (layer_folder_read(w->path, w->a, &w->folder, &err) < 0)
		return fail(c, &err);
	w->known = layers_get(c->host->layers, w->path);
	return S_OK;
}

/* For functions on a layer that must be there. */
static HRESULT begin_existing(struct call *c, struct work *w)
{
	HRESULT hr = begin(c, w);

	if (hr < 0 || w->folder.kind != LAYER_NONE)
		return hr;
	if (fs_exists(AT_FDCWD, w->path, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "nothing is there");
	return call_fail(c, HCS_E_INVALID_LAYER, "the folder is no layer");
}

static HRESULT read_parent(struct work *w, struct json_object *o, const char **ret)
{
	const char *path = NULL, *id = "";
	GUID given, own;

	if (json_get_str(o, "path", &path, NULL) != 0 || json_get_str(o, "id", &id, NULL) != 0 ||
	    !hcs_guid_parse(id, &given))
		return E_INVALIDARG;
	if (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		return call_fail(w->c, WIN32_PATH_NOT_FOUND, "parent %s", path);
	if (!layers_is_imported(path))
		return call_fail(w->c, HCS_E_INVALID_LAYER, "parent %s was not imported", path);
	layers_guid(path, &own);
	if (!hcs_guid_equal(&given, &own) &&
	    w->c->host->switches.layer_ids != SWITCH_LAYER_IDS_IGNORED)
		return call_fail(w->c, E_INVALIDARG, "parent %s has another id", path);
	*ret = arena_strdup(w->a, path);
	return S_OK;
}

static HRESULT read_parents(struct work *w)
{
	struct json_object *list = NULL;
	const char **parents;
	HRESULT hr = S_OK;

	(void)json_get_array(w->c->args, "parents", &list, NULL); /* the library sends one */
	w->n_parents = list ? json_object_array_length(list) : 0;
	parents = arena_array(w->a, w->n_parents + 1, sizeof(*parents));
	for (size_t i = 0; hr >= 0 && i < w->n_parents; i++)
		hr = read_parent(w, json_object_array_get_idx(list, i), &parents[i]);
	w->parents = parents;
	return hr;
}

static HRESULT save(struct work *w)
{
	struct error err;

	return layers_save(w->c->host->layers, w->known, &err) < 0 ? fail(w->c, &err) : S_OK;
}

/* A file whose existence is all that counts. */
static int put_file(struct work *w, const char *directory, const char *name, struct error *err)
{
	return store_write(AT_FDCWD, arena_printf(w->a, "%s/%s", directory, name), "simulated\n",
			   strlen("simulated\n"), err);
}

/* --- read-only layers ------------------------------------------------------------------- */

HRESULT on_ImportLayer(struct call *c)
{
	struct work w CLEAN(work);
	const char *source = call_text(c, "source");
	struct error err;
	HRESULT hr = begin(c, &w);

	hr = hr < 0 ? hr : read_parents(&w);
	if (hr < 0)
		return hr;
	if (!source || fs_exists(AT_FDCWD, source, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "no folder to import");
	if (w.folder.kind != LAYER_NONE &&
	    c->host->switches.layer_import_twice != SWITCH_LAYER_IMPORT_TWICE_OK)
		return WIN32_ALREADY_EXISTS;
	if (layer_import(source, w.path,
			 c->host->switches.layer_security == SWITCH_LAYER_SECURITY_REQUIRED,
			 &err) < 0)
		return fail(c, &err);
	w.folder = (struct layer_folder){ .kind = LAYER_READ_ONLY,
					  .parents = w.parents,
					  .n_parents = w.n_parents };
	return layer_folder_write(w.path, &w.folder, &err) < 0 ? fail(c, &err) : S_OK;
}

/* A base layer can also have been written in place, without an import. */
HRESULT on_ProcessBaseImage(struct call *c)
{
	struct work w CLEAN(work);
	struct error err;
	HRESULT hr = begin(c, &w);
	int r;

	if (hr < 0)
		return hr;
	if (fs_exists(AT_FDCWD, arena_printf(w.a, "%s/Files", w.path), NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "there are no Files");
	if (w.folder.kind == LAYER_SCRATCH || w.folder.n_parents > 0)
		return call_fail(c, E_INVALIDARG, "it is no base layer");
	r = put_file(&w, w.path, "blank-base.vhdx", &err);
	r = r < 0 ? r : put_file(&w, w.path, "blank.vhdx", &err);
	w.folder.kind = LAYER_READ_ONLY;
	w.folder.is_processed = true;
	r = r < 0 ? r : layer_folder_write(w.path, &w.folder, &err);
	return r < 0 ? fail(c, &err) : S_OK;
}

HRESULT on_ProcessUtilityImage(struct call *c)
{
	struct work w CLEAN(work);
	struct error err;
	HRESULT hr = begin(c, &w);
	int r;

	if (hr < 0)
		return hr;
	if (fs_exists(AT_FDCWD, arena_printf(w.a, "%s/Files", w.path), NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "there are no Files");
	r = put_file(&w, w.path, "SystemTemplateBase.vhdx", &err);
	r = r < 0 ? r : put_file(&w, w.path, "SystemTemplate.vhdx", &err);
	return r < 0 ? fail(c, &err) : S_OK;
}

/* --- scratch layers --------------------------------------------------------------------- */

HRESULT on_CreateSandboxLayer(struct call *c)
{
	struct work w CLEAN(work);
	struct error err;
	const char *files, *above;
	HRESULT hr = begin(c, &w);
	int r;

	hr = hr < 0 ? hr : read_parents(&w);
	if (hr < 0)
		return hr;
	if (w.n_parents == 0)
		return call_fail(c, E_INVALIDARG, "a scratch layer has parents");
	if (w.folder.kind != LAYER_NONE)
		return WIN32_ALREADY_EXISTS;
	above = arena_strndup(w.a, w.path, (size_t)(strrchr(w.path, '/') - w.path));
	if (*above && fs_exists(AT_FDCWD, above, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "%s", above);
	files = arena_printf(w.a, "%s/Files", w.path);
	r = fs_mkdirs(AT_FDCWD, files, 0755, &err);
	r = r < 0 ? r : put_file(&w, w.path, "sandbox.vhdx", &err);
	w.folder = (struct layer_folder){ .kind = LAYER_SCRATCH,
					  .parents = w.parents,
					  .n_parents = w.n_parents };
	r = r < 0 ? r : layer_folder_write(w.path, &w.folder, &err);
	return r < 0 ? fail(c, &err) : S_OK;
}

HRESULT on_ExpandSandboxSize(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin_existing(c, &w);

	if (hr < 0)
		return hr;
	return w.folder.kind == LAYER_SCRATCH && call_number(c, "size") > 0 ? S_OK : E_INVALIDARG;
}

static HRESULT check_parents_active(struct work *w)
{
	struct host *h = w->c->host;

	if (h->switches.layer_parents_active != SWITCH_LAYER_PARENTS_REQUIRED)
		return S_OK;
	for (size_t i = 0; i < w->folder.n_parents; i++)
		if (!layers_get(h->layers, w->folder.parents[i])->is_active)
			return call_fail(w->c, WIN32_NOT_READY, "parent %s is not active",
					 w->folder.parents[i]);
	return S_OK;
}

HRESULT on_ActivateLayer(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin_existing(c, &w);

	hr = hr < 0 ? hr : check_parents_active(&w);
	if (hr < 0)
		return hr;
	if (w.known->is_active)
		return c->host->switches.layer_activate_twice == SWITCH_LAYER_TWICE_EXISTS
			       ? WIN32_ALREADY_EXISTS
			       : S_OK;
	if (machine_uses(c->host->compute, w.path))
		return call_fail(c, WIN32_SHARING_VIOLATION, "a machine has it");
	w.known->is_active = true;
	return save(&w);
}

static bool is_same_chain(const struct work *w)
{
	if (w->n_parents != w->folder.n_parents)
		return false;
	for (size_t i = 0; i < w->n_parents; i++)
		if (strcmp(w->parents[i], w->folder.parents[i]) != 0)
			return false;
	return true;
}

HRESULT on_PrepareLayer(struct call *c)
{
	struct work w CLEAN(work);
	char text[HCS_GUID_SIZE];
	GUID id;
	HRESULT hr = begin_existing(c, &w);

	hr = hr < 0 ? hr : read_parents(&w);
	if (hr < 0)
		return hr;
	if (w.folder.kind != LAYER_SCRATCH || !is_same_chain(&w))
		return call_fail(c, E_INVALIDARG, "not the scratch layer on these parents");
	if (!w.known->is_active)
		return call_fail(c, WIN32_NOT_READY, "it is not active");
	if (w.known->is_prepared)
		return c->host->switches.layer_prepare_twice == SWITCH_LAYER_TWICE_EXISTS
			       ? WIN32_ALREADY_EXISTS
			       : S_OK;
	rand_bytes(&id, sizeof(id));
	free(w.known->volume);
	w.known->volume =
		xstrdup(arena_printf(w.a, "\\\\?\\Volume{%s}", hcs_guid_format(&id, text)));
	w.known->is_prepared = true;
	return save(&w);
}

HRESULT on_GetLayerMountPath(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin_existing(c, &w);

	if (hr < 0)
		return hr;
	if (w.folder.kind == LAYER_SCRATCH && !w.known->is_prepared)
		return call_fail(c, WIN32_NOT_READY, "it is not prepared");
	call_put_text(c, "text", w.folder.kind == LAYER_SCRATCH ? w.known->volume : w.path);
	return S_OK;
}

/* Undoing what is not so (switch layer_undo_twice). */
static HRESULT not_so(const struct call *c)
{
	return c->host->switches.layer_undo_twice == SWITCH_LAYER_UNDO_TWICE_OK ? S_OK
										: WIN32_NOT_FOUND;
}

HRESULT on_UnprepareLayer(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin_existing(c, &w);

	if (hr < 0)
		return hr;
	if (!w.known->is_prepared)
		return not_so(c);
	if (layers_is_used(c->host->layers, w.known))
		return call_fail(c, WIN32_SHARING_VIOLATION, "a system is on it");
	w.known->is_prepared = false;
	return save(&w);
}

HRESULT on_DeactivateLayer(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin_existing(c, &w);

	if (hr < 0)
		return hr;
	if (!w.known->is_active)
		return not_so(c);
	if (w.known->is_prepared)
		return call_fail(c, WIN32_SHARING_VIOLATION, "it is prepared");
	w.known->is_active = false;
	return save(&w);
}

/* Unlike the real one it looks whether the folder is a layer, and leaves others alone. */
HRESULT on_DestroyLayer(struct call *c)
{
	static const HRESULT absent[] = {
		WIN32_FILE_NOT_FOUND,
		[SWITCH_LAYER_DESTROY_PATH_NOT_FOUND] = WIN32_PATH_NOT_FOUND,
		[SWITCH_LAYER_DESTROY_OK] = S_OK,
	};
	struct work w CLEAN(work);
	struct error err;
	HRESULT hr = begin(c, &w);

	if (hr < 0)
		return hr;
	if (fs_exists(AT_FDCWD, w.path, NULL) != FS_EXISTS)
		return absent[c->host->switches.layer_destroy_absent];
	if (w.folder.kind == LAYER_NONE &&
	    fs_exists(AT_FDCWD, arena_printf(w.a, "%s/Files", w.path), NULL) != FS_EXISTS &&
	    fs_is_empty(AT_FDCWD, w.path, NULL) != FS_EMPTY)
		return call_fail(c, E_INVALIDARG, "that folder is no layer: it is left");
	if (w.known->is_active || w.known->is_prepared ||
	    layers_is_parent(c->host->layers, w.path) || machine_uses(c->host->compute, w.path))
		return call_fail(c, WIN32_SHARING_VIOLATION, "it is in use");
	return fs_remove_tree(AT_FDCWD, w.path, &err) < 0 ? fail(c, &err) : S_OK;
}

/* --- questions -------------------------------------------------------------------------- */

HRESULT on_LayerExists(struct call *c)
{
	struct work w CLEAN(work);
	HRESULT hr = begin(c, &w);

	if (hr < 0)
		return hr;
	call_put_number(c, "number", w.folder.kind != LAYER_NONE);
	return S_OK;
}

HRESULT on_NameToGuid(struct call *c)
{
	const char *name = call_text(c, "name");
	char text[HCS_GUID_SIZE];
	GUID id;

	if (!name || !*name)
		return E_INVALIDARG;
	layers_guid(name, &id);
	call_put_text(c, "guid", hcs_guid_format(&id, text));
	return S_OK;
}

HRESULT on_GrantVmAccess(struct call *c)
{
	const char *id = call_text(c, "id"), *path = call_text(c, "path");

	return id && path ? machine_grant(c, id, path) : E_INVALIDARG;
}
