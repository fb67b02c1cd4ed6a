/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, closing and the table of the OCI runtime. The operations are in youki_*.c;
 * they share struct youki. Nothing here starts a program.
 */
#include "backends/runtime_youki.h"

#include <unistd.h>

#include "backends/image_dir_stage.h"
#include "backends/oci_mount.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"

int youki_images(struct youki *y, struct image_dir **ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = 0;

	pthread_mutex_lock(&y->probe_lock);
	if (!y->images)
		r = image_dir_open(layout_images(&y->layout, a), IMAGE_DIR_WRITE, &y->images, err);
	*ret = y->images;
	pthread_mutex_unlock(&y->probe_lock);
	return r;
}

static int stage(struct runtime *rt, const char *digest, struct mono deadline, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct image_layers layers;
	struct image_dir *images;
	int r = youki_images(y, &images, err);

	(void)deadline; /* local work only */
	if (r == 0 && image_dir_layers(images, digest, a, &layers, NULL) == 0)
		return RUNTIME_ALREADY;
	if (r == 0)
		r = image_dir_stage(images, digest, err);
	return r == IMAGE_DIR_ABSENT ? error_set(err, ERR_NOT_FOUND, 0, "no image %s here", digest)
				     : r;
}

static void free_boxes(struct youki *y)
{
	struct youki_box *box, *tmp;

	HASH_ITER (hh, y->boxes, box, tmp) {
		if (box->watched)
			shim_reaper_unwatch(y->reaper, box);
		HASH_DEL(y->boxes, box);
		arena_free(box->arena);
		free(box);
	}
}

static void close_youki(struct runtime *rt)
{
	struct youki *y = youki_of(rt);

	free_boxes(y);
	image_dir_close(y->images);
	if (y->host_ns >= 0)
		close(y->host_ns);
	pthread_cond_destroy(&y->changed);
	pthread_mutex_destroy(&y->lock);
	pthread_mutex_destroy(&y->probe_lock);
	arena_free(y->arena);
	free(y);
}

static const struct runtime_ops youki_ops = {
	.name = "youki",
	.probe = youki_program_probe,
	.stage = stage,
	.list = youki_list,
	.inspect = youki_inspect,
	.create = youki_create,
	.start = youki_start,
	.signal = youki_signal,
	.remove = youki_remove,
	.exec = youki_exec,
	.update = youki_update,
	.stats = youki_stats,
	.close = close_youki,
};

static void init_locks(struct youki *y)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&y->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&y->lock, NULL);
	pthread_mutex_init(&y->probe_lock, NULL);
}

int runtime_youki_open(const struct runtime_youki_options *o, struct runtime **ret,
		       struct error *err)
{
	struct youki *y = xcalloc(1, sizeof(*y));
	int r;

	y->rt = (struct runtime){ &youki_ops, "youki",
				  RUNTIME_CAP_UPDATE | RUNTIME_CAP_EXEC | RUNTIME_CAP_STATS |
					  RUNTIME_CAP_LINUX,
				  &youki_leftovers };
	y->arena = arena_new();
	y->layout = (struct layout){ arena_strdup(y->arena, o->layout->owner),
				     arena_strdup(y->arena, o->layout->state_dir),
				     arena_strdup(y->arena, o->layout->run_dir) };
	y->node_id = arena_strdup(y->arena, o->node_id);
	y->given_path = arena_strdup(y->arena, o->program_path);
	y->reaper = o->reaper;
	y->log = o->log;
	y->sink = o->sink;
	y->host_ns = -1;
	init_locks(y);
	r = process_boot_id(y->boot_id, err);
	r = r < 0 ? r : oci_mount_host(&y->host_ns, err);
	r = r < 0 ? r : youki_facts_read(y, err);
	r = r < 0 ? r : youki_adopt_all(y, err);
	if (r < 0) {
		close_youki(&y->rt);
		return r;
	}
	*ret = &y->rt;
	return 0;
}
