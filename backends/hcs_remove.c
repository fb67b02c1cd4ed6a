/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an instance away once its process is proved gone, in the reverse order of its making:
 * system, utility VM, endpoint, namespace, scratch layer, directory. Every step may have been done
 * before: a crash or a failure anywhere is mended by calling again. instance.json goes last, so
 * that what is left is always known to be ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs.h"
#include "backends/hcs_exit.h"
#include "backends/hcs_machine.h"
#include "backends/shim_log.h"
#include "base/fs.h"

static int unlease(struct hcs *h, const char *id, struct error *err)
{
	struct image_dir *images;
	int r = hcs_box_images(h, &images, err);

	return r < 0 ? r : image_dir_unlease(images, id, err);
}

static int remove_directory(const char *dir, struct error *err)
{
	static const char *const parts[] = { "scratch", "vm", "anonymous", "command", "process" };

	return fs_remove_parts(dir, parts, sizeof(parts) / sizeof(parts[0]), err);
}

int hcs_remove_machine(struct hcs *h, const struct hcs_box *box, struct mono deadline,
		       struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r;

	/* Of what has no record nobody knows whether it had one. */
	if (box->rec.id && !box->rec.vm)
		return 0;
	r = hcs_system_terminate(h, hcs_machine_id(box->id, a), deadline, err);
	return r < 0 ? error_wrap(err, r, "utility VM") : 0;
}

/* A kept layer that was taken for an instance which never ran is kept on. */
static int remove_layer(struct hcs *h, const struct hcs_box *box, const char *dir, struct arena *a,
			struct error *err)
{
	const char *scratch = arena_printf(a, "%s/scratch", dir);
	struct quarantine q = hcs_box_quarantine(h, box->rec.layer);
	int r;

	if (!box->rec.layer || box->has_note)
		return hcs_layers_unmount(h->api, scratch, dir, err);
	q.dir = dir;
	r = hcs_layers_detach(h->api, scratch, dir, err);
	return r < 0 ? r : quarantine_return(&q, err);
}

int hcs_remove_rest(struct hcs *h, const struct hcs_box *box, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *dir = layout_silo(&h->layout, a, box->id);
	int r = network_hcn_detach(h->network, box->id, err);

	if (r == 0)
		r = remove_layer(h, box, dir, a, err);
	if (r < 0)
		return r;
	if (h->log)
		shim_log_finish(h->log, box->id);
	r = unlease(h, box->id, err);
	return r < 0 ? r : remove_directory(dir, err);
}

/* The system may run on without its entry process: Windows' own keep it alive. What must not live
 * is the entry process, or anything in a system that we know nothing else of. */
static int prove_gone(struct hcs *h, struct hcs_box *box, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties seen;
	int r = hcs_exit_check(h, box->id, err);

	if (r < 0)
		return r;
	if (box->ended)
		return 0;
	r = hcs_system_look(h, box->id, 0, a, &seen, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (seen.basics.state == HCS_STATE_STOPPED)
		return 0;
	return error_set(err, ERR_CONFLICT, 0, "the system of %s lives", box->id);
}

int hcs_settle_end(struct hcs *h, struct hcs_box *box, struct mono deadline, struct error *err)
{
	int r = prove_gone(h, box, err);

	if (r < 0)
		return r;
	hcs_box_close(box);
	r = hcs_system_terminate(h, box->id, deadline, err);
	return r < 0 ? r : hcs_remove_machine(h, box, deadline, err);
}

static int remove_box(struct hcs *h, struct hcs_box *box, struct mono deadline, struct error *err)
{
	int r = hcs_settle_end(h, box, deadline, err);

	return r < 0 ? r : hcs_remove_rest(h, box, err);
}

int hcs_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_box *box;
	struct instance seen;
	/* inspect takes in what is on the disk or the service only. */
	int r = hcs_inspect(rt, id, a, &seen, err);

	if (r != 0)
		return r;
	r = hcs_box_take(h, id, &box, err);
	if (r < 0 || !box)
		return r < 0 ? r : RUNTIME_ABSENT;
	r = remove_box(h, box, deadline, err);
	if (r < 0)
		hcs_box_settle(box);
	else
		hcs_box_drop(box);
	return r;
}
