/* SPDX-License-Identifier: Apache-2.0 */
/* What the filter driver knows of layers, and who uses one. */
#include "backends/hcs_sim/host/layers.h"

#include <fcntl.h>
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/layer_folder.h"
#include "backends/hcs_sim/host/store.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/number.h"

/* --- files ------------------------------------------------------------------------------ */

/* Paths are long: the file is named by a digest of it. */
static const char *file_name(const struct layer *l, char hex[DIGEST_HEX_SIZE])
{
	uint8_t sum[DIGEST_BYTES];

	digest_sha256(l->path, strlen(l->path), sum);
	return digest_hex(sum, hex);
}

int layers_save(struct layers *s, const struct layer *l, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	char hex[DIGEST_HEX_SIZE];

	if (!l->is_active && !l->is_prepared)
		return store_drop(s->host->dirfd, "layers", file_name(l, hex), err);
	json_put_str(o, "Path", l->path);
	json_put_bool(o, "Active", l->is_active);
	json_put_bool(o, "Prepared", l->is_prepared);
	json_put_str(o, "Volume", l->volume);
	return store_put(s->host->dirfd, "layers", file_name(l, hex), o, err);
}

static struct layer *insert(struct layers *s, const char *path)
{
	struct layer *l = xcalloc(1, sizeof(*l));

	l->path = xstrdup(path);
	l->next = s->layers;
	s->layers = l;
	return l;
}

static int load_one(void *arg, const char *name, struct json_object *o, struct error *err)
{
	struct layers *s = arg;
	const char *path = NULL, *volume = NULL;
	struct layer *l;
	int r = json_need_str(o, "Path", &path, err);

	(void)name;
	r = r < 0 ? r : json_get_str(o, "Volume", &volume, err);
	if (r < 0)
		return r;
	l = insert(s, path);
	l->volume = xstrdup(volume);
	(void)json_get_bool(o, "Active", &l->is_active, NULL); /* we wrote them */
	(void)json_get_bool(o, "Prepared", &l->is_prepared, NULL);
	return 0;
}

int layers_load(struct host *h, struct error *err)
{
	h->layers = xcalloc(1, sizeof(*h->layers));
	h->layers->host = h;
	return store_load(h->dirfd, "layers", load_one, h->layers, err);
}

static void clear(struct layers *s)
{
	while (s->layers) {
		struct layer *l = s->layers;

		s->layers = l->next;
		free(l->path);
		free(l->volume);
		free(l);
	}
}

void layers_free(struct layers *s)
{
	if (!s)
		return;
	clear(s);
	free(s);
}

void layers_forget(struct layers *s)
{
	for (struct layer *l = s->layers; l; l = l->next) {
		l->is_active = l->is_prepared = false;
		(void)layers_save(s, l, NULL); /* stays active in the file: a reboot that failed */
	}
	clear(s);
}

/* --- finding ---------------------------------------------------------------------------- */

struct layer *layers_get(struct layers *s, const char *path)
{
	for (struct layer *l = s->layers; l; l = l->next)
		if (strcmp(l->path, path) == 0)
			return l;
	return insert(s, path);
}

static bool is_volume(const char *volume, const char *path)
{
	size_t n = strlen(volume);

	return strncmp(volume, path, n) == 0 && (!path[n] || strcmp(path + n, "\\") == 0);
}

struct layer *layers_of_volume(struct layers *s, const char *volume)
{
	for (struct layer *l = s->layers; l; l = l->next)
		if (l->is_prepared && l->volume && volume && is_volume(l->volume, volume))
			return l;
	return NULL;
}

bool layers_is_used(struct layers *s, const struct layer *l)
{
	for (const struct sys *y = s->host->compute->systems; y; y = y->next)
		if (y->state != SYS_STOPPED && layers_of_volume(s, sys_storage_path(y)) == l)
			return true;
	return false;
}

bool layers_is_parent(struct layers *s, const char *path)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct layer_folder f;

	for (const struct layer *l = s->layers; l; l = l->next) {
		if (!l->is_prepared || layer_folder_read(l->path, a, &f, NULL) < 0)
			continue;
		for (size_t i = 0; i < f.n_parents; i++)
			if (strcmp(f.parents[i], path) == 0)
				return true;
	}
	return false;
}

/* --- folders ---------------------------------------------------------------------------- */

bool layers_is_imported(const char *path)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct layer_folder f;

	if (layer_folder_read(path, a, &f, NULL) < 0 || f.kind != LAYER_READ_ONLY)
		return false;
	return f.n_parents > 0 || f.is_processed;
}

int64_t layers_build(const char *path)
{
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	char file[4096];
	uint64_t build = 0;

	snprintf(file, sizeof(file), "%s/Files/hcs_sim_build.txt", path);
	if (fs_read(AT_FDCWD, file, &text, NULL) < 0)
		return 0;
	text.data[strcspn(text.data, "\r\n")] = '\0';
	(void)number_u64(text.data, INT32_MAX, &build); /* a text that is no number says nothing */
	return (int64_t)build;
}

void layers_guid(const char *path, GUID *ret)
{
	/* A space of its own: the real function's is not documented. */
	static const GUID space = {
		0x5d1f6ee2, 0x8b1c, 0x4d5e, { 0x9a, 0x57, 0x1e, 0x0c, 0x2b, 0x7f, 0x44, 0x90 }
	};
	const char *name = path + strlen(path);

	while (name > path && !strchr("/\\", name[-1]))
		name--;
	hcs_guid_derive(&space, name, strlen(name), ret);
}
