/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the OCI programs and this runtime leave on a host, a row a kind. An instance is removed as
 * ever (youki_remove); the rows are for what is there without one.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/lease_left.h"
#include "backends/oci_cgroup_remove.h"
#include "backends/oci_left.h"
#include "backends/oci_mount.h"
#include "backends/shim_log.h"
#include "backends/youki.h"
#include "base/fs.h"
#include "specs/runtime_id.h"

static int there(int r)
{
	return r > 0 ? LEFTOVER_THERE : r;
}

/* All names in @path. */
static int list_names(struct leftovers_set *set, const char *path, const char *suffix,
		      enum leftover_what what, struct error *err)
{
	const struct leftovers_names names = { .path = path, .suffix = suffix };

	return leftovers_add_names(set, &names, what, err);
}

/* --- state directories --------------------------------------------------------------- */

static int list_states(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	const char *const *names = oci_program_names();
	int r = 0;

	for (size_t i = 0; r == 0 && names[i]; i++)
		r = list_names(set, layout_oci_root(&y->layout, a, names[i]), "", LEFTOVER_STATE,
			       err);
	return r;
}

static int look_states(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	const char *const *names = oci_program_names();
	int r = 0;

	for (size_t i = 0; r == 0 && names[i]; i++) {
		const char *root = layout_oci_root(&y->layout, a, names[i]);

		r = fs_exists(AT_FDCWD, arena_printf(a, "%s/%s", root, id), err);
	}
	return there(r);
}

static int release_states(struct runtime *rt, const char *id, struct error *err)
{
	return youki_remove_states(youki_of(rt), id, err);
}

/* --- control groups ------------------------------------------------------------------ */

static const char *group(const struct youki *y, struct arena *a, size_t i, const char *id)
{
	return arena_printf(a, "%s%s", y->cgroups.items[i].mount,
			    oci_cgroup_path(&y->cgroups, a, y->layout.owner, id));
}

static int list_groups(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	int r = 0;

	for (size_t i = 0; r == 0 && i < y->cgroups.n; i++)
		r = list_names(set, group(y, a, i, NULL), "", LEFTOVER_CGROUP, err);
	return r;
}

static int look_groups(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	int r = 0;

	for (size_t i = 0; r == 0 && i < y->cgroups.n; i++)
		r = fs_exists(AT_FDCWD, group(y, a, i, id), err);
	return there(r);
}

static int release_groups(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	const char *owner = y->layout.owner;
	int r = oci_cgroup_remove(&y->cgroups, oci_cgroup_path(&y->cgroups, a, owner, id), err);

	if (r == 0)
		oci_cgroup_remove_empty(&y->cgroups, oci_cgroup_path(&y->cgroups, a, owner, NULL));
	return r;
}

/* --- output -------------------------------------------------------------------------- */

static const char *const fifo_suffixes[] = { ".out", ".err" };

static int list_fifos(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(fifo_suffixes) / sizeof(fifo_suffixes[0]); i++)
		r = list_names(set, layout_fifos(&y->layout, a), fifo_suffixes[i], LEFTOVER_FIFO,
			       err);
	return r;
}

static const char *fifo_prefix(const struct youki *y, struct arena *a, const char *id)
{
	return arena_printf(a, "%s/%s", layout_fifos(&y->layout, a), id);
}

static int look_fifos(struct runtime *rt, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *prefix = fifo_prefix(youki_of(rt), a, id);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(fifo_suffixes) / sizeof(fifo_suffixes[0]); i++)
		r = fs_exists(AT_FDCWD, arena_printf(a, "%s%s", prefix, fifo_suffixes[i]), err);
	return there(r);
}

static int release_fifos(struct runtime *rt, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return shim_log_sweep(fifo_prefix(youki_of(rt), a, id), err);
}

/* --- leases and quarantine ------------------------------------------------------------ */

static struct lease_left leases(const struct youki *y)
{
	return (struct lease_left){ .layout = &y->layout,
				    .layer = "upper",
				    .other_layer = "scratch",
				    .other_dir = layout_silo };
}

static int list_leases(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct lease_left l = leases(youki_of(rt));

	return lease_left_list(&l, set, err);
}

static int look_leases(struct runtime *rt, const char *id, struct error *err)
{
	const struct lease_left l = leases(youki_of(rt));

	return lease_left_look(&l, id, err);
}

static int unlease(struct youki *y, const char *name, struct error *err)
{
	struct image_dir *images;
	int r = youki_images(y, &images, err);

	return r < 0 ? r : image_dir_unlease(images, name, err);
}

static int release_leases(struct runtime *rt, const char *id, struct error *err)
{
	int r = look_leases(rt, id, err);

	return r <= 0 ? r : unlease(youki_of(rt), id, err);
}

static int list_kept(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct lease_left l = leases(youki_of(rt));

	return lease_left_list_kept(&l, set, err);
}

static int look_kept(struct runtime *rt, const char *id, struct error *err)
{
	const struct lease_left l = leases(youki_of(rt));

	return lease_left_look_kept(&l, id, err);
}

/* --- roots in the host's table of mounts --------------------------------------------- */

static int look_mounts(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	const char *bundle = layout_bundle(&y->layout, a, id);
	struct stat outer, inner;
	/* What a link points to is somebody else's. */
	int r = fs_is_directory(AT_FDCWD, bundle, err);

	if (r > 0)
		r = fs_exists(AT_FDCWD, arena_printf(a, "%s/rootfs", bundle), err);
	if (r <= 0)
		return r;
	if (lstat(bundle, &outer) < 0 || lstat(arena_printf(a, "%s/rootfs", bundle), &inner) < 0)
		return 0; /* it went meanwhile */
	return outer.st_dev == inner.st_dev ? 0 : LEFTOVER_THERE;
}

static int is_mounted(void *arg, const char *id, struct error *err)
{
	return look_mounts(arg, id, err);
}

static int list_mounts(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct leftovers_names bundles = {
		layout_bundles(&youki_of(rt)->layout, leftovers_arena(set)), "", is_mounted, rt
	};

	return leftovers_add_names(set, &bundles, LEFTOVER_MOUNT, err);
}

static int release_mounts(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();

	return oci_mount_detach_root(layout_bundle(&y->layout, a, id), err);
}

/* --- bundles ------------------------------------------------------------------------- */

static int list_bundles(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();

	return list_names(set, layout_bundles(&y->layout, a), "", LEFTOVER_BUNDLE, err);
}

static int look_bundles(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();

	return there(fs_exists(AT_FDCWD, layout_bundle(&y->layout, a, id), err));
}

static int release_bundles(struct runtime *rt, const char *id, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();

	return fs_remove_tree(AT_FDCWD, layout_bundle(&y->layout, a, id), err);
}

/* --- whose --------------------------------------------------------------------------- */

static bool has_record(struct youki *y, const char *id, bool *ret_known)
{
	struct youki_box *box;
	bool has;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	*ret_known = box != NULL;
	has = box && box->rec.program;
	pthread_mutex_unlock(&y->lock);
	return has;
}

static int judge_states(struct youki *y, struct leftover *l, struct arena *a, struct error *err)
{
	const char *const *names = oci_program_names();

	for (size_t i = 0; names[i]; i++) {
		const char *root = layout_oci_root(&y->layout, a, names[i]);
		struct oci_left left = { 0 };
		int r = oci_left_read(arena_printf(a, "%s/%s", root, l->id), a, &left, err);

		if (r < 0)
			return r;
		if (!left.node_id)
			continue;
		if (strcmp(left.node_id, y->node_id) != 0)
			l->foreign = arena_printf(a, "it is node %s's, in %s", left.node_id,
						  left.bundle ? left.bundle : "a bundle elsewhere");
		return LEFTOVER_THERE; /* said, one way or the other */
	}
	return 0;
}

/* Nothing here explains it. Without life in it that is ours by its name; what lives is ours only
 * if its program's own notes say so. */
static int judge_stray(struct youki *y, struct leftover *l, bool is_known, struct arena *a,
		       struct error *err)
{
	const char *path = oci_cgroup_path(&y->cgroups, a, y->layout.owner, l->id);
	int r = judge_states(y, l, a, err);

	if (r != 0 || is_known || !(l->kinds & leftover_bit(LEFTOVER_CGROUP)))
		return r < 0 ? r : 0;
	r = oci_cgroup_look(&y->cgroups, path, err);
	if (r == OCI_CGROUP_BUSY)
		l->foreign = arena_printf(
			a, "processes in control group %s, and nothing says whose", path);
	return r < 0 ? r : 0;
}

static int judge(struct runtime *rt, struct leftover *l, struct arena *a, struct error *err)
{
	struct youki *y = youki_of(rt);
	const char *bundle = layout_bundle(&y->layout, a, l->id);
	struct error why = ERROR_INIT;
	struct oci_record rec;
	bool is_known;
	int r;

	if (has_record(y, l->id, &is_known))
		return 0; /* read and found ours when it was taken in */
	r = oci_record_load(bundle, a, &rec, &why);
	if (r == 0) {
		if (strcmp(rec.node_id, y->node_id) != 0 || strcmp(rec.owner, y->layout.owner) != 0)
			l->foreign = arena_printf(a, "it is node %s's (owner %s), in %s",
						  rec.node_id, rec.owner, bundle);
		return 0;
	}
	if (r != -ERR_NOT_FOUND && r != -ERR_CORRUPT) {
		if (err)
			*err = why;
		return r;
	}
	return judge_stray(y, l, is_known, a, err);
}

/* --- the table ----------------------------------------------------------------------- */

static const struct leftover_kind kinds[] = {
	{ LEFTOVER_STATE, list_states, look_states, release_states },
	{ LEFTOVER_CGROUP, list_groups, look_groups, release_groups },
	{ LEFTOVER_FIFO, list_fifos, look_fifos, release_fifos },
	{ LEFTOVER_LEASE, list_leases, look_leases, release_leases },
	{ LEFTOVER_MOUNT, list_mounts, look_mounts, release_mounts },
	{ LEFTOVER_BUNDLE, list_bundles, look_bundles, release_bundles },
	{ LEFTOVER_QUARANTINE, list_kept, look_kept, NULL },
};

static const struct leftover_table table = { kinds, sizeof(kinds) / sizeof(kinds[0]), judge };

static int list(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err)
{
	return leftovers_table_list(&table, rt, a, ret, err);
}

static int look(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		struct error *err)
{
	return leftovers_table_look(&table, rt, id, a, ret, err);
}

static int release(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	return leftovers_table_release(&table, rt, id, deadline, err);
}

/* --- keep and drop ------------------------------------------------------------------- */

/* Its layers belong to the writable one above them. A record without a digest never had any. */
static int keep_image(struct youki *y, const struct youki_box *box, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct image_dir *images;
	int r = box->rec.digest ? youki_images(y, &images, err) : 0;

	if (r == 0 && box->rec.digest)
		r = image_dir_lease(images, quarantine_lease(box->id, a), box->rec.digest, err);
	return r < 0 ? r : 0; /* without the image the files are still worth something */
}

static int put_aside(struct youki *y, struct youki_box *box, struct mono deadline,
		     struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *bundle = layout_bundle(&y->layout, a, box->id);
	struct quarantine q = youki_box_quarantine(y, box->id);
	int r = youki_settle_end(y, box, deadline, err);

	r = r < 0 ? r : oci_mount_detach_root(bundle, err);
	r = r < 0 ? r : keep_image(y, box, err);
	if (r < 0)
		return r;
	q.dir = bundle;
	q.log_path = box->rec.log_path;
	r = quarantine_put(&q, err);
	if (r == QUARANTINE_NONE) {
		r = unlease(y, quarantine_lease(box->id, a), err);
		return r < 0 ? r : RUNTIME_ABSENT;
	}
	return r == QUARANTINE_ALREADY ? RUNTIME_ALREADY : r;
}

static int keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct leftover l = { 0 };
	struct youki_box *box;
	struct instance seen;
	int r = look(rt, id, a, &l, err);

	if (r == 0 && l.foreign)
		return error_set(err, ERR_LOCKED, 0, "%s", l.foreign);
	r = r != 0 ? r : youki_inspect(rt, id, a, &seen, err);
	if (r == RUNTIME_ABSENT && l.kinds & leftover_bit(LEFTOVER_QUARANTINE))
		return RUNTIME_ALREADY;
	r = r != 0 ? r : youki_box_take(y, id, &box, err);
	if (r != 0 || !box)
		return r < 0 ? r : RUNTIME_ABSENT;
	r = put_aside(y, box, deadline, err);
	youki_box_settle(box);
	return r;
}

int youki_drop_kept(struct youki *y, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct quarantine q = youki_box_quarantine(y, id);
	int r = quarantine_drop(&q, err);

	return r < 0 ? r : unlease(y, quarantine_lease(id, a), err);
}

static int drop(struct runtime *rt, const char *id, struct error *err)
{
	int r = look_kept(rt, id, err);

	if (r <= 0)
		return r < 0 ? r : RUNTIME_ABSENT;
	return youki_drop_kept(youki_of(rt), id, err);
}

const struct leftovers_ops youki_leftovers = {
	.list = list,
	.look = look,
	.release = release,
	.keep = keep,
	.drop = drop,
};
