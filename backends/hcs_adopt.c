/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the disk and the service into memory: what an earlier shim left. A living process is watched
 * again; its output went with the shim that had its pipes, and the log says so. Another node's
 * directory is passed over and never touched.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backends/hcs.h"
#include "backends/hcs_events.h"
#include "backends/hcs_exit.h"
#include "backends/hcs_result.h"
#include "backends/shim_log.h"
#include "specs/runtime_id.h"

CLEAN_DEFINE(dir, DIR *, closedir)

int hcs_adopt_again(struct hcs_box *box, struct error *err)
{
	struct hcs *h = box->h;
	HCS_SYSTEM sys;
	HCS_PROCESS process = NULL;
	int r = hcs_system_open(h, box->id, &sys, err);

	if (r != 0)
		return r < 0 ? r : 0;
	/* Without the process the system's own end still tells. */
	if (box->note.pid &&
	    hcs_result_failed(h->api->HcsOpenProcess(sys, box->note.pid, GENERIC_ALL, &process)))
		process = NULL;
	pthread_mutex_lock(&h->lock);
	box->sys = sys;
	box->process = process;
	pthread_mutex_unlock(&h->lock);
	hcs_events_watch(h->events, box);
	hcs_events_hint(h->events, box->id); /* it may have ended before the callback was set */
	return 0;
}

/* Fills a busy box from its directory. */
static int adopt(struct hcs *h, struct hcs_box *box, const char *dir, struct error *err)
{
	int r = instance_file_load_exit(dir, &box->exit, err);

	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT)
		return r;
	box->ended = r == 0;
	r = hcs_record_load_command(dir, box->arena, &box->process_spec, err);
	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT)
		return r;
	r = hcs_record_load_process(dir, box->arena, &box->note, err);
	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT)
		return r;
	/* A note that cannot be read is one that says nothing of the process. */
	box->has_note = r != -ERR_NOT_FOUND;
	if (box->ended || !box->note.pid)
		return 0;
	r = hcs_exit_check(h, box->id, err);
	if (r < 0 || box->ended)
		return r;
	if (h->log && box->rec.log_path)
		shim_log_tell_gap(box->rec.log_path);
	return hcs_adopt_again(box, err);
}

static bool is_ours(const struct hcs *h, const char *id, const struct hcs_record *rec)
{
	return strcmp(rec->node_id, h->node_id) == 0 && strcmp(rec->owner, h->layout.owner) == 0 &&
	       strcmp(rec->id, id) == 0;
}

int hcs_adopt_directory(struct hcs *h, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *dir = layout_silo(&h->layout, a, id);
	struct error why = ERROR_INIT;
	struct hcs_record rec = { 0 };
	struct hcs_box *box;
	int r = hcs_record_load(dir, a, &rec, &why);

	if (r < 0 && r != -ERR_NOT_FOUND && r != -ERR_CORRUPT) {
		if (err)
			*err = why;
		return r;
	}
	if (r == 0 && !is_ours(h, id, &rec))
		return 0;
	box = hcs_box_new(h, id);
	if (!box)
		return 0;
	/* Without a record it was made, or removed, half: it has nothing but its name. */
	if (r == 0) {
		r = hcs_record_load(dir, box->arena, &box->rec, err);
		r = r < 0 ? r : adopt(h, box, dir, err);
	} else {
		r = 0;
	}
	hcs_box_settle(box);
	if (r < 0)
		hcs_box_drop(box);
	return r;
}

void hcs_adopt_leftover(struct hcs *h, const char *id)
{
	struct hcs_box *box = hcs_box_new(h, id);

	if (box)
		hcs_box_settle(box);
}

int hcs_adopt_all(struct hcs *h, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = layout_silos(&h->layout, a);
	DIR *d CLEAN(dir) = opendir(path);
	struct runtime_id id;
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", path);
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int r = 0;

		if (runtime_id_parse(e->d_name, &id))
			r = hcs_adopt_directory(h, e->d_name, err);
		if (r < 0)
			return error_wrap(err, r, "adopt %s", e->d_name);
	}
	return errno ? error_sys(err, errno, "read %s", path) : 0;
}
