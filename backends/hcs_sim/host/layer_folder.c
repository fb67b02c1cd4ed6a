/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own file in a layer. */
#include "backends/hcs_sim/host/layer_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include "backends/hcs_sim/host/store.h"
#include "base/fs.h"
#include "base/json.h"

#define MARK "hcs_sim.json"

enum { MAX_MARK = 1 << 20 };

static int read_parents(struct json_object *o, struct arena *a, struct layer_folder *f,
			struct error *err)
{
	struct json_object *list = NULL;
	const char **parents;
	int r = json_get_array(o, "Parents", &list, err);

	if (r < 0)
		return r;
	f->n_parents = list ? json_object_array_length(list) : 0;
	parents = arena_array(a, f->n_parents + 1, sizeof(*parents));
	for (size_t i = 0; i < f->n_parents; i++)
		parents[i] =
			arena_strdup(a, json_object_get_string(json_object_array_get_idx(list, i)));
	f->parents = parents;
	return 0;
}

int layer_folder_read(const char *path, struct arena *a, struct layer_folder *ret,
		      struct error *err)
{
	struct layer_folder f = { .kind = LAYER_READ_ONLY };
	struct json_object *o CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_MARK);
	bool scratch = false;
	int r = fs_read(AT_FDCWD, arena_printf(a, "%s/%s", path, MARK), &text, err);

	if (r == -ERR_NOT_FOUND) {
		*ret = (struct layer_folder){ .kind = LAYER_NONE };
		return 0;
	}
	r = r < 0 ? r : json_parse(text.data, text.n, &o, err);
	r = r < 0 ? r : json_get_bool(o, "Scratch", &scratch, err);
	r = r < 0 ? r : json_get_bool(o, "Processed", &f.is_processed, err);
	r = r < 0 ? r : read_parents(o, a, &f, err);
	if (r < 0)
		return error_wrap(err, r, "layer %s", path);
	if (scratch)
		f.kind = LAYER_SCRATCH;
	*ret = f;
	return 0;
}

int layer_folder_write(const char *path, const struct layer_folder *f, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct buf text CLEAN(buf) = BUF_INIT(MAX_MARK);
	int dirfd CLEAN(fd) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	json_put_bool(o, "Scratch", f->kind == LAYER_SCRATCH);
	json_put_bool(o, "Processed", f->is_processed);
	for (size_t i = 0; i < f->n_parents; i++)
		json_object_array_add(list, json_object_new_string(f->parents[i]));
	json_put_obj(o, "Parents", list);
	json_pretty(o, &text);
	return store_write(dirfd, MARK, text.data, text.n, err);
}
