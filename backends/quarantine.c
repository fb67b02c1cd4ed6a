/* SPDX-License-Identifier: Apache-2.0 */
/* Files and renames within one state directory. Whose a layer is, and whether it may be moved, is
 * the runtime's matter. */
#include "backends/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/instance_file.h"
#include "base/crash.h"
#include "base/fs.h"
#include "base/limits.h"

const char *quarantine_lease(const char *id, struct arena *a)
{
	return arena_printf(a, "%s" QUARANTINE_LEASE_SUFFIX, id);
}

static const char *layer_in(const char *dir, const struct quarantine *q, struct arena *a)
{
	return arena_printf(a, "%s/%s", dir, q->layer);
}

static const char *kept_layer(const struct quarantine *q, struct arena *a)
{
	return layer_in(layout_quarantine(q->layout, a, q->id), q, a);
}

/* Absent, or moved by an earlier try, is success. */
static int move(const char *from, const char *to, struct error *err)
{
	if (rename(from, to) < 0 && errno != ENOENT)
		return error_sys(err, errno, "move %s to %s", from, to);
	return 0;
}

/* As it is: what cannot be read is kept as it was found. */
static int copy_record(const struct quarantine *q, const char *to, struct arena *a,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	struct error why = ERROR_INIT;
	int r = fs_read(AT_FDCWD, arena_printf(a, "%s/" INSTANCE_FILE, q->dir), &text, &why);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	return fs_write_atomic(AT_FDCWD, arena_printf(a, "%s/" INSTANCE_FILE, to), text.data,
			       text.n, 0600, err);
}

/* The slot's log goes on and is rotated away; this name keeps what is in it now. */
static int link_log(const struct quarantine *q, const char *to, struct arena *a, struct error *err)
{
	if (!q->log_path || link(q->log_path, arena_printf(a, "%s/log", to)) == 0)
		return 0;
	return errno == ENOENT || errno == EEXIST ? 0
						  : error_sys(err, errno, "keep %s", q->log_path);
}

static int gather(const struct quarantine *q, const char *kept, struct arena *a, struct error *err)
{
	int r;

	if (mkdir(kept, 0700) < 0 && errno != EEXIST)
		return error_sys(err, errno, "make %s", kept);
	r = copy_record(q, kept, a, err);
	r = r < 0 ? r : link_log(q, kept, a, err);
	crash_point("gathered", q->id);
	r = r < 0 ? r : move(layer_in(q->dir, q, a), layer_in(kept, q, a), err);
	crash_point("moved", q->id);
	return r < 0 ? r : fs_sync_dir(AT_FDCWD, kept, err);
}

static int publish(const struct quarantine *q, const char *kept, struct arena *a, struct error *err)
{
	const char *all = layout_quarantine(q->layout, a, NULL);
	int r = fs_mkdirs(AT_FDCWD, all, 0700, err);

	if (r < 0)
		return r;
	if (rename(kept, layout_quarantine(q->layout, a, q->id)) < 0)
		return error_sys(err, errno, "move %s to %s", kept, all);
	return fs_sync_dir(AT_FDCWD, all, err);
}

/* Is it still to be put: beside the record, or gathered by a try that was cut off? */
static int is_here(const struct quarantine *q, const char *kept, struct arena *a, struct error *err)
{
	int r = fs_is_directory(AT_FDCWD, q->dir, err);

	if (r <= 0)
		return r; /* what a link points to is not ours to move */
	r = fs_exists(AT_FDCWD, layer_in(q->dir, q, a), err);
	return r == 0 ? fs_exists(AT_FDCWD, layer_in(kept, q, a), err) : r;
}

int quarantine_put(const struct quarantine *q, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *kept = arena_printf(a, "%s/kept", q->dir);
	int r = quarantine_has(q, err);

	if (r != 0)
		return r < 0 ? r : QUARANTINE_ALREADY;
	r = is_here(q, kept, a, err);
	if (r <= 0)
		return r < 0 ? r : QUARANTINE_NONE;
	r = gather(q, kept, a, err);
	return r < 0 ? r : publish(q, kept, a, err);
}

int quarantine_has(const struct quarantine *q, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return fs_exists(AT_FDCWD, kept_layer(q, a), err);
}

int quarantine_take(const struct quarantine *q, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = quarantine_has(q, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, 0, "nothing of %s is kept", q->id);
	return r < 0 ? r : move(kept_layer(q, a), layer_in(q->dir, q, a), err);
}

int quarantine_return(const struct quarantine *q, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = fs_is_directory(AT_FDCWD, q->dir, err);

	return r <= 0 ? r : move(layer_in(q->dir, q, a), kept_layer(q, a), err);
}

int quarantine_drop(const struct quarantine *q, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return fs_remove_tree(AT_FDCWD, layout_quarantine(q->layout, a, q->id), err);
}
