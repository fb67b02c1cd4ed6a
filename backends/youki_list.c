/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is there: the table, the bundle directories, the programs' state roots and the
 * owner's control groups, which after a crash need not agree. Starts no process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"
#include "specs/runtime_id.h"

CLEAN_DEFINE(dir, DIR *, closedir)

/* What to do with a name that was found in some directory. */
typedef int found_fn(struct youki *y, const char *id, struct error *err);

static bool is_known(struct youki *y, const char *id)
{
	bool known;

	pthread_mutex_lock(&y->lock);
	known = youki_box_find(y, id) != NULL;
	pthread_mutex_unlock(&y->lock);
	return known;
}

/* One that was found without its bundle has nothing but its name: the bundle may be there by now.
 */
static bool has_record(struct youki *y, const char *id)
{
	const struct youki_box *box;
	bool has;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	has = box && (box->busy || box->rec.program);
	pthread_mutex_unlock(&y->lock);
	return has;
}

typedef bool knows_fn(struct youki *y, const char *id);

/* Calls @found for each runtime id in @path that is not known. No directory: nothing in it. */
static int walk(struct youki *y, const char *path, knows_fn *knows, found_fn *found,
		struct error *err)
{
	DIR *d CLEAN(dir) = opendir(path);
	struct runtime_id id;
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", path);
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int r = 0;

		if (runtime_id_parse(e->d_name, &id) && !knows(y, e->d_name))
			r = found(y, e->d_name, err);
		if (r < 0)
			return r;
	}
	return errno ? error_sys(err, errno, "read %s", path) : 0;
}

static int found_leftover(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	/* A bundle that is not ours keeps its state and its groups. */
	int r = fs_exists(AT_FDCWD, layout_bundle(&y->layout, a, id), err);

	if (r == 0)
		youki_adopt_leftover(y, id);
	return r < 0 ? r : 0;
}

/* An empty group only: processes in one may be those of a store that has the same owner tag. */
static int found_cgroup(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = oci_cgroup_look(&y->cgroups, oci_cgroup_path(&y->cgroups, a, y->layout.owner, id),
				err);

	return r == 0 ? found_leftover(y, id, err) : r < 0 ? r : 0;
}

static int look_everywhere(struct youki *y, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *const *names = oci_program_names();
	const char *own = oci_cgroup_path(&y->cgroups, a, y->layout.owner, NULL);
	int r = walk(y, layout_bundles(&y->layout, a), has_record, youki_adopt_bundle, err);

	for (size_t i = 0; r == 0 && names[i]; i++)
		r = walk(y, layout_oci_root(&y->layout, a, names[i]), is_known, found_leftover,
			 err);
	for (size_t i = 0; r == 0 && i < y->cgroups.n; i++)
		r = walk(y, arena_printf(a, "%s%s", y->cgroups.items[i].mount, own), is_known,
			 found_cgroup, err);
	return r;
}

/* One program looked for per round, not per instance. */
static int check_program(const struct instance *in, const char **checked, struct youki *y,
			 struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct oci_record rec = { .id = in->id,
					.program = in->program,
					.program_path = in->program_path };
	struct oci_program program;

	if (!in->program_path || (*checked && strcmp(*checked, in->program_path) == 0))
		return 0;
	*checked = in->program_path;
	return youki_program_of(y, &rec, a, &program, err);
}

static struct youki_box *snapshot(struct youki *y, struct arena *a, size_t *ret_n)
{
	struct youki_box *copies, *box, *tmp;
	size_t n = 0;

	pthread_mutex_lock(&y->lock);
	copies = arena_array(a, HASH_COUNT(y->boxes) + 1, sizeof(*copies));
	HASH_ITER (hh, y->boxes, box, tmp)
		copies[n++] = youki_box_copy(box, a);
	pthread_mutex_unlock(&y->lock);
	*ret_n = n;
	return copies;
}

int youki_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct observed o = { 0 };
	struct youki_box *copies;
	const char *checked = NULL;
	size_t n;
	int r = look_everywhere(y, err);

	if (r < 0)
		return r;
	copies = snapshot(y, a, &n);
	o.instances = arena_array(a, n, sizeof(*o.instances));
	for (size_t i = 0; i < n; i++) {
		r = youki_box_view(y, &copies[i], a, &o.instances[o.n], err);
		if (r == 0)
			r = check_program(&o.instances[o.n], &checked, y, err);
		if (r < 0)
			return r;
		o.n++;
	}
	observed_sort(&o);
	*ret = o;
	return 0;
}

/* Nothing in memory: look at each place where something of that name could be. */
static int look_for(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *const *names = oci_program_names();
	int r = fs_exists(AT_FDCWD, layout_bundle(&y->layout, a, id), err);

	if (r != 0)
		return r < 0 ? r : youki_adopt_bundle(y, id, err);
	for (size_t i = 0; names[i] && r == 0; i++)
		r = fs_exists(
			AT_FDCWD,
			arena_printf(a, "%s/%s", layout_oci_root(&y->layout, a, names[i]), id),
			err);
	if (r > 0)
		youki_adopt_leftover(y, id);
	for (size_t i = 0; i < y->cgroups.n && r == 0; i++) {
		const char *path = oci_cgroup_path(&y->cgroups, a, y->layout.owner, id);

		r = fs_exists(AT_FDCWD, arena_printf(a, "%s%s", y->cgroups.items[i].mount, path),
			      err);
		if (r > 0)
			return found_cgroup(y, id, err);
	}
	return r < 0 ? r : 0;
}

int youki_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		  struct error *err)
{
	struct youki *y = youki_of(rt);
	struct youki_box *box, copy;
	bool found = false;
	int r = 0;

	if (!is_known(y, id))
		r = look_for(y, id, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box) {
		copy = youki_box_copy(box, a);
		found = true;
	}
	pthread_mutex_unlock(&y->lock);
	return found ? youki_box_view(y, &copy, a, ret, err) : RUNTIME_ABSENT;
}
