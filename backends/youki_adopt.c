/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the disk into memory: what an earlier shim left. A living process is watched
 * again and its output copied on; one that ended meanwhile has no code unless the kernel
 * still tells. Another node's bundle is passed over and never touched.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"
#include "base/fs.h"
#include "specs/runtime_id.h"

CLEAN_DEFINE(dir, DIR *, closedir)

/* A shim that died between the program's create and its own note: the pid file names the process,
 * and its control group proves that it is no stranger. */
static int find_process(struct youki *y, struct youki_box *box, const char *bundle,
			struct error *err)
{
	pid_t pid;
	int r = oci_record_load_process(bundle, &box->note, err);

	if (r != -ERR_NOT_FOUND && r != -ERR_CORRUPT)
		return r;
	box->note = (struct oci_process_note){ .started = false };
	if (oci_record_load_pid(bundle, &pid, NULL) < 0 || !oci_cgroup_holds(box->rec.cgroup, pid))
		return 0;
	if (strcmp(box->rec.boot_id, y->boot_id) != 0)
		return 0;
	if (process_identify(pid, &box->note.id, NULL) < 0)
		return 0;
	return oci_record_save_process(bundle, &box->note, err);
}

static int watch_again(struct youki *y, struct youki_box *box, struct arena *a, struct error *err)
{
	const char *prefix = arena_printf(a, "%s/%s", layout_fifos(&y->layout, a), box->id);
	const struct shim_log_place log = youki_box_log(box);
	struct process_id id = box->note.id;
	int r = 0;

	if (y->log && log.path)
		r = shim_log_adopt(y->log, box->id, &log, prefix, err);
	if (r < 0 && r != -ERR_NOT_FOUND)
		return r;
	pthread_mutex_lock(&y->lock);
	box->watched = true;
	pthread_mutex_unlock(&y->lock);
	return shim_reaper_watch(y->reaper, &id, youki_box_ended, box, err);
}

/* Fills a busy box from its bundle. */
static int adopt(struct youki *y, struct youki_box *box, const char *bundle, struct arena *a,
		 struct error *err)
{
	enum process_state state;
	int r = instance_file_load_exit(bundle, &box->exit, err);

	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT)
		return r;
	box->ended = r == 0;
	youki_drift_recall(y, box->id);
	r = find_process(y, box, bundle, err);
	if (r < 0 || box->ended || !box->note.id.pid)
		return r;
	r = youki_box_look(y, box, &state, err);
	if (r < 0)
		return r;
	/* Of another boot, or gone: the reaper has nothing to wait for and says so at once. A
	 * record without a code is written by that. */
	if (strcmp(box->rec.boot_id, y->boot_id) == 0)
		return watch_again(y, box, a, err);
	box->ended = true;
	box->exit = (struct instance_exit){ .has_code = false };
	return instance_file_save_exit(bundle, &box->exit, err);
}

static bool is_ours(const struct youki *y, const char *id, const struct oci_record *rec)
{
	return strcmp(rec->node_id, y->node_id) == 0 && strcmp(rec->owner, y->layout.owner) == 0 &&
	       strcmp(rec->id, id) == 0;
}

/* What has only its name makes room for what the bundle says; one that is worked on does not. */
static void forget_name(struct youki *y, const char *id)
{
	struct youki_box *box = NULL;

	if (youki_box_take(y, id, &box, NULL) < 0 || !box)
		return;
	if (box->rec.program)
		youki_box_settle(box);
	else
		youki_box_drop(box);
}

int youki_adopt_bundle(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *bundle = layout_bundle(&y->layout, a, id);
	struct error why = ERROR_INIT;
	struct oci_record rec = { 0 };
	struct youki_box *box;
	int r = oci_record_load(bundle, a, &rec, &why);

	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT) {
		if (err)
			*err = why;
		return r;
	}
	if (r == 0 && !is_ours(y, id, &rec))
		return 0;
	if (r == 0)
		forget_name(y, id);
	box = youki_box_new(y, id);
	if (!box)
		return 0;
	/* Without a record it was made, or removed, half: it has nothing but its name. */
	if (r == 0) {
		struct youki_box source = { .rec = rec };

		box->rec = youki_box_copy(&source, box->arena).rec;
		r = adopt(y, box, bundle, a, err);
	} else {
		r = 0;
	}
	youki_box_settle(box);
	if (r < 0)
		youki_box_drop(box);
	return r;
}

void youki_adopt_leftover(struct youki *y, const char *id)
{
	struct youki_box *box = youki_box_new(y, id);

	if (box)
		youki_box_settle(box);
}

int youki_adopt_all(struct youki *y, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = layout_bundles(&y->layout, a);
	DIR *d CLEAN(dir) = opendir(path);
	struct runtime_id id;
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", path);
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int r = 0;

		if (runtime_id_parse(e->d_name, &id))
			r = youki_adopt_bundle(y, e->d_name, err);
		if (r < 0)
			return error_wrap(err, r, "adopt %s", e->d_name);
	}
	return errno ? error_sys(err, errno, "read %s", path) : 0;
}
