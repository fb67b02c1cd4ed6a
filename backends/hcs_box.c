/* SPDX-License-Identifier: Apache-2.0 */
/* The table of instances in memory, and the ends that change it. Asks the service nothing. */
#include <string.h>

#include "backends/hcs.h"
#include "backends/shim_log.h"

struct hcs_box *hcs_box_find(struct hcs *h, const char *id)
{
	struct hcs_box *box;

	HASH_FIND_STR(h->boxes, id, box);
	return box;
}

struct hcs_box *hcs_box_new(struct hcs *h, const char *id)
{
	struct hcs_box *box = NULL;

	pthread_mutex_lock(&h->lock);
	if (!hcs_box_find(h, id)) {
		box = xcalloc(1, sizeof(*box));
		snprintf(box->id, sizeof(box->id), "%s", id);
		box->h = h;
		box->arena = arena_new();
		box->busy = true;
		HASH_ADD_STR(h->boxes, id, box);
	}
	pthread_mutex_unlock(&h->lock);
	return box;
}

int hcs_box_take(struct hcs *h, const char *id, struct hcs_box **ret, struct error *err)
{
	struct hcs_box *box;
	bool busy = false;

	pthread_mutex_lock(&h->lock);
	box = hcs_box_find(h, id);
	if (box) {
		busy = box->busy;
		box->busy = true;
	}
	pthread_mutex_unlock(&h->lock);
	if (busy)
		return error_set(err, ERR_CONFLICT, 0, "another call works on %s", id);
	*ret = box;
	return 0;
}

void hcs_box_settle(struct hcs_box *box)
{
	struct hcs *h = box->h;

	pthread_mutex_lock(&h->lock);
	box->busy = false;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

void hcs_box_close(struct hcs_box *box)
{
	const struct hcs_api *api = box->h->api;
	HCS_PROCESS process;
	HCS_SYSTEM sys;

	pthread_mutex_lock(&box->h->lock);
	process = TAKE(box->process);
	sys = TAKE(box->sys);
	pthread_mutex_unlock(&box->h->lock);
	if (process)
		api->HcsCloseProcess(process);
	if (sys)
		api->HcsCloseComputeSystem(sys);
}

void hcs_box_drop(struct hcs_box *box)
{
	struct hcs *h = box->h;

	hcs_box_close(box);
	pthread_mutex_lock(&h->lock);
	HASH_DEL(h->boxes, box);
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	arena_free(box->arena);
	free(box);
}

static void copy_strings(struct hcs_box *copy, struct arena *a)
{
	const char **const strings[] = {
		&copy->rec.id,         &copy->rec.node_id,  &copy->rec.owner,
		&copy->rec.deployment, &copy->rec.service,  &copy->rec.config_hash,
		&copy->rec.image,      &copy->rec.digest,   &copy->rec.address,
		&copy->rec.slice,      &copy->rec.endpoint, &copy->rec.space,
		&copy->rec.boot_id,    &copy->rec.log_path, &copy->note.runtime_id,
		&copy->rec.layer,      &copy->rec.vm,
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = arena_strdup(a, *strings[i]);
}

struct quarantine hcs_box_quarantine(const struct hcs *h, const char *id)
{
	return (struct quarantine){ .layout = &h->layout, .id = id, .layer = "scratch" };
}

bool hcs_box_copy(struct hcs *h, const char *id, struct arena *a, struct hcs_box *ret)
{
	struct hcs_box *box;

	pthread_mutex_lock(&h->lock);
	box = hcs_box_find(h, id);
	if (box) {
		*ret = *box;
		copy_strings(ret, a);
		ret->arena = NULL;
		ret->sys = NULL;
		ret->process = NULL;
		memset(&ret->hh, 0, sizeof(ret->hh));
	}
	pthread_mutex_unlock(&h->lock);
	return box != NULL;
}

int hcs_box_set_note(struct hcs_box *box, const struct hcs_process_note *note, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *dir = layout_silo(&box->h->layout, a, box->id);
	int r = hcs_record_save_process(dir, note, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&box->h->lock);
	box->note = *note;
	box->note.runtime_id = arena_strdup(box->arena, note->runtime_id);
	box->has_note = true;
	pthread_mutex_unlock(&box->h->lock);
	return 0;
}

/* Disk first, then memory, then the others: what was reported is never forgotten. */
void hcs_box_end(struct hcs *h, const char *id, const struct instance_exit *e)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct runtime_exit report = { id, e->has_code, (int)e->code, e->at };
	struct hcs_box copy;
	bool is_first = false;
	struct hcs_box *box;

	if (!hcs_box_copy(h, id, a, &copy) || copy.ended)
		return;
	/* Without its directory (removed behind our back) there is nothing to keep it in. */
	(void)instance_file_save_exit(layout_silo(&h->layout, a, id), e, NULL);
	if (h->log)
		shim_log_finish(h->log, id);
	pthread_mutex_lock(&h->lock);
	box = hcs_box_find(h, id);
	if (box && !box->ended) {
		box->ended = is_first = true;
		box->exit = *e;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	if (is_first && h->sink.exited)
		h->sink.exited(h->sink.arg, &report);
}

int hcs_box_images(struct hcs *h, struct image_dir **ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = 0;

	pthread_mutex_lock(&h->lock);
	if (!h->images)
		r = image_dir_open(layout_images(&h->layout, a), IMAGE_DIR_WRITE, &h->images, err);
	*ret = h->images;
	pthread_mutex_unlock(&h->lock);
	return r;
}
