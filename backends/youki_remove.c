/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an instance away once its process is proved gone. Every step may have been
 * done before: a crash or a failure anywhere is mended by calling again. instance.json
 * goes last, so that what is left is always known to be ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/oci_cgroup_remove.h"
#include "backends/oci_mount.h"
#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"
#include "base/crash.h"
#include "base/fs.h"

/* The program's own delete, if it has something to delete. Only a hang or its absence stops us:
 * what it cannot read (a file cut short) is removed below. */
static int program_delete(struct youki *y, const struct youki_box *box, const char *bundle,
			  struct mono deadline, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_program program;
	const struct oci_call call = { &program, box->id, bundle, deadline };
	/* Through a link it would delete what is elsewhere. */
	int r = fs_is_directory(
		AT_FDCWD,
		arena_printf(a, "%s/%s", layout_oci_root(&y->layout, a, box->rec.program), box->id),
		err);

	if (r <= 0)
		return r;
	r = youki_program_of(y, &box->rec, a, &program, err);
	if (r == 0)
		r = oci_program_delete(&call, false, err);
	return r == -ERR_TIMEOUT || r == -ERR_UNAVAILABLE ? r : 0;
}

/* State directories of all programs: an instance without a record may have been any's. */
int youki_remove_states(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *const *names = oci_program_names();

	for (size_t i = 0; names[i]; i++) {
		const char *root = layout_oci_root(&y->layout, a, names[i]);
		int r = fs_remove_tree(AT_FDCWD, arena_printf(a, "%s/%s", root, id), err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The parts of a bundle; the record with the directory itself, at the end. */
static int remove_bundle(const char *bundle, struct error *err)
{
	static const char *const parts[] = { "rootfs", "upper",       "work", "anonymous",
					     "etc",    "config.json", "pid",  "process" };

	return fs_remove_parts(bundle, parts, sizeof(parts) / sizeof(parts[0]), err);
}

/* A kept layer that was taken for an instance which never ran is kept on. */
static int return_layer(struct youki *y, const struct youki_box *box, const char *bundle,
			struct error *err)
{
	struct quarantine q = youki_box_quarantine(y, box->rec.layer);

	q.dir = bundle;
	return box->rec.layer && !box->note.started ? quarantine_return(&q, err) : 0;
}

static int unlease(struct youki *y, const char *id, struct error *err)
{
	struct image_dir *images;
	int r = youki_images(y, &images, err);

	return r < 0 ? r : image_dir_unlease(images, id, err);
}

static int remove_rest(struct youki *y, const struct youki_box *box, struct mono deadline,
		       struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *bundle = layout_bundle(&y->layout, a, box->id);
	const char *cgroup = youki_box_cgroup(box, a);
	int r = 0;

	if (box->rec.program && box->note.id.pid)
		r = program_delete(y, box, bundle, deadline, err);
	crash_point("deleted", box->id);
	r = r < 0 ? r : oci_cgroup_remove(&y->cgroups, cgroup, err);
	r = r < 0 ? r : youki_remove_states(y, box->id, err);
	crash_point("states", box->id);
	if (r < 0)
		return r;
	if (y->log)
		shim_log_finish(y->log, box->id);
	/* The log knows only what this shim opened. */
	r = shim_log_sweep(arena_printf(a, "%s/%s", layout_fifos(&y->layout, a), box->id), err);
	crash_point("unlease", box->id);
	r = r < 0 ? r : unlease(y, box->id, err);
	r = r < 0 ? r : oci_mount_detach_root(bundle, err);
	r = r < 0 ? r : return_layer(y, box, bundle, err);
	return r < 0 ? r : remove_bundle(bundle, err);
}

enum {
	STRAYS_TRIES = 400
}; /* of 5 ms: what SIGKILL does not end in two seconds sits in the kernel */

/* What is still in the group has no identity we know: it ends with its container. */
static int end_strays(struct youki *y, const struct youki_box *box, struct mono deadline,
		      struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *cgroup = youki_box_cgroup(box, a);

	for (int i = 0;; i++) {
		int r = oci_cgroup_look(&y->cgroups, cgroup, err);

		if (r <= 0)
			return r;
		if (i == STRAYS_TRIES || (deadline.us && clock_mono().us >= deadline.us))
			return error_set(err, ERR_CONFLICT, 0, "processes of %s do not end",
					 box->id);
		r = oci_cgroup_kill(&y->cgroups, cgroup, err);
		if (r < 0)
			return r;
		clock_sleep(5 * CLOCK_MS);
	}
}

/* A process of a program that was cut off may join the group, or make it anew, while we are at it:
 * then from the beginning. */
int youki_remove_all(struct youki *y, const struct youki_box *box, struct mono deadline,
		     struct error *err)
{
	for (;;) {
		int r = end_strays(y, box, deadline, err);

		r = r < 0 ? r : remove_rest(y, box, deadline, err);
		if (r != -ERR_CONFLICT || (deadline.us && clock_mono().us >= deadline.us))
			return r;
	}
}

static int prove_gone(struct youki *y, const struct youki_box *box, struct error *err)
{
	enum process_state state = PROCESS_GONE;
	int r = youki_box_look(y, box, &state, err);

	if (r < 0)
		return r;
	if (state == PROCESS_ALIVE && !box->ended)
		return error_set(err, ERR_CONFLICT, 0, "process %d of %s lives",
				 (int)box->note.id.pid, box->id);
	return 0;
}

int youki_settle_end(struct youki *y, struct youki_box *box, struct mono deadline,
		     struct error *err)
{
	int r = prove_gone(y, box, err);

	if (r < 0)
		return r;
	/* Its exit is told before it is forgotten. */
	youki_box_await_exit(y, box->id);
	if (box->watched)
		shim_reaper_unwatch(y->reaper, box);
	box->watched = false;
	return end_strays(y, box, deadline, err);
}

static int remove_box(struct youki *y, struct youki_box *box, struct mono deadline,
		      struct error *err)
{
	int r = youki_settle_end(y, box, deadline, err);

	return r < 0 ? r : youki_remove_all(y, box, deadline, err);
}

int youki_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct youki_box *box;
	struct arena *a CLEAN(arena) = arena_new();
	struct instance seen;
	/* inspect takes in what is on the disk only. */
	int r = youki_inspect(rt, id, a, &seen, err);

	if (r != 0)
		return r;
	r = youki_box_take(y, id, &box, err);
	if (r < 0 || !box)
		return r < 0 ? r : RUNTIME_ABSENT;
	r = remove_box(y, box, deadline, err);
	if (r < 0)
		youki_box_settle(box);
	else
		youki_box_drop(box);
	return r;
}
