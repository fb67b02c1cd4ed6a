/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of instances in memory, the exits that change it, and the look at one:
 * what its record, its process, its freezer and its state directory say together.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/oci_cgroup_remove.h"
#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"
#include "base/crash.h"
#include "base/fs.h"
#include "specs/runtime_id.h"

struct youki_box *youki_box_find(struct youki *y, const char *id)
{
	struct youki_box *box;

	HASH_FIND_STR(y->boxes, id, box);
	return box;
}

struct youki_box *youki_box_new(struct youki *y, const char *id)
{
	struct youki_box *box = NULL;

	pthread_mutex_lock(&y->lock);
	if (!youki_box_find(y, id)) {
		box = xcalloc(1, sizeof(*box));
		snprintf(box->id, sizeof(box->id), "%s", id);
		box->y = y;
		box->arena = arena_new();
		box->busy = true;
		HASH_ADD_STR(y->boxes, id, box);
	}
	pthread_mutex_unlock(&y->lock);
	return box;
}

void youki_box_settle(struct youki_box *box)
{
	pthread_mutex_lock(&box->y->lock);
	box->busy = false;
	pthread_mutex_unlock(&box->y->lock);
}

void youki_box_drop(struct youki_box *box)
{
	struct youki *y = box->y;

	pthread_mutex_lock(&y->lock);
	HASH_DEL(y->boxes, box);
	/* The last one takes the owner's group along; a create puts its box in first. */
	if (!y->boxes) {
		struct arena *a CLEAN(arena) = arena_new();

		oci_cgroup_remove_empty(&y->cgroups,
					oci_cgroup_path(&y->cgroups, a, y->layout.owner, NULL));
	}
	pthread_mutex_unlock(&y->lock);
	arena_free(box->arena);
	free(box);
}

int youki_box_take(struct youki *y, const char *id, struct youki_box **ret, struct error *err)
{
	struct youki_box *box;
	bool busy = false;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box) {
		busy = box->busy;
		box->busy = true;
	}
	pthread_mutex_unlock(&y->lock);
	if (busy)
		return error_set(err, ERR_CONFLICT, 0, "another call works on %s", id);
	*ret = box;
	return 0;
}

/* Disk first, then memory, then the others: what was reported is never forgotten. */
void youki_box_ended(void *arg, pid_t pid, bool has_code, int code)
{
	struct youki_box *box = arg;
	struct youki *y = box->y;
	struct arena *a CLEAN(arena) = arena_new();
	struct instance_exit e = { has_code, has_code ? (uint32_t)code : 0, clock_wall() };
	struct runtime_exit report = { box->id, e.has_code, (int)e.code, e.at };

	(void)pid;
	/* Without a bundle (removed behind our back) there is nothing to keep it in. */
	(void)instance_file_save_exit(layout_bundle(&y->layout, a, box->id), &e, NULL);
	if (y->log)
		shim_log_finish(y->log, box->id);
	pthread_mutex_lock(&y->lock);
	box->ended = true;
	box->logged = true;
	box->exit = e;
	pthread_cond_broadcast(&y->changed);
	pthread_mutex_unlock(&y->lock);
	crash_point("exit", box->id);
	if (y->sink.exited)
		y->sink.exited(y->sink.arg, &report);
}

struct shim_log_place youki_box_log(const struct youki_box *box)
{
	return (struct shim_log_place){ box->rec.log_path, box->rec.log_max_bytes,
					box->rec.log_keep_s };
}

const char *youki_box_cgroup(const struct youki_box *box, struct arena *a)
{
	const struct layout *l = &box->y->layout;
	const char *own = arena_printf(a, "/%s/%s", l->owner, box->id), *was = box->rec.cgroup;
	size_t n = strlen(own);

	if (was && strlen(was) >= n && strcmp(was + strlen(was) - n, own) == 0)
		return was;
	return oci_cgroup_path(&box->y->cgroups, a, l->owner, box->id);
}

struct quarantine youki_box_quarantine(const struct youki *y, const char *id)
{
	return (struct quarantine){ .layout = &y->layout, .id = id, .layer = "upper" };
}

struct youki_box youki_box_copy(const struct youki_box *box, struct arena *a)
{
	struct youki_box copy = *box;
	const char **const strings[] = {
		&copy.rec.id,         &copy.rec.node_id,      &copy.rec.owner,
		&copy.rec.deployment, &copy.rec.service,      &copy.rec.config_hash,
		&copy.rec.image,      &copy.rec.digest,       &copy.rec.address,
		&copy.rec.program,    &copy.rec.program_path, &copy.rec.program_version,
		&copy.rec.boot_id,    &copy.rec.log_path,     &copy.rec.cgroup,
		&copy.rec.layer,      &copy.limits,
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = arena_strdup(a, *strings[i]);
	memset(&copy.hh, 0, sizeof(copy.hh));
	copy.arena = NULL;
	return copy;
}

static bool same_boot(const struct youki *y, const struct youki_box *copy)
{
	return copy->rec.boot_id && strcmp(copy->rec.boot_id, y->boot_id) == 0;
}

int youki_box_look(struct youki *y, const struct youki_box *copy, enum process_state *ret,
		   struct error *err)
{
	if (copy->note.id.pid == 0 || !same_boot(y, copy)) {
		*ret = PROCESS_GONE;
		return 0;
	}
	return process_look(&copy->note.id, ret, err);
}

static int has_state(struct youki *y, const struct youki_box *copy, struct arena *a,
		     struct error *err)
{
	const char *dir = arena_printf(a, "%s/%s",
				       layout_oci_root(&y->layout, a, copy->rec.program), copy->id);

	return fs_exists(AT_FDCWD, dir, err);
}

static void fill(const struct youki_box *copy, struct arena *a, struct instance *in)
{
	const struct oci_record *rec = &copy->rec;
	struct runtime_id id = { .generation = 0 };

	(void)runtime_id_parse(copy->id, &id); /* only such ids come here */
	*in = (struct instance){
		.id = arena_strdup(a, copy->id),
		.deployment = arena_strdup(a, id.deployment),
		.service = arena_strdup(a, id.service),
		.slot = id.slot,
		.generation = id.generation,
		.runtime = "youki",
		.program = rec->program,
		.program_path = rec->program_path,
		.program_version = rec->program_version,
		.boot_id = rec->boot_id,
		.config_hash = rec->config_hash,
		.image = rec->image,
		.digest = rec->digest,
		.address = rec->address,
		.stop_signal = rec->stop_signal,
		.own_end = rec->own_end,
		.created = rec->created,
		.started = copy->note.started_at,
		.start_time = copy->note.id.start_time,
	};
}

/* A living process: paused, running or waiting for its start. Without the program's state, or once
 * the program has refused to start it, nobody can drive it any more. */
static int view_living(struct youki *y, const struct youki_box *copy, struct arena *a,
		       struct instance *in, struct error *err)
{
	int r = has_state(y, copy, a, err);

	if (r < 0)
		return r;
	in->pid = copy->note.id.pid;
	if (r == 0 || (copy->spoilt && !copy->note.started))
		in->state = INSTANCE_BROKEN;
	else if (oci_cgroup_is_frozen(&y->cgroups, copy->rec.cgroup))
		in->state = INSTANCE_PAUSED;
	else
		in->state = copy->note.started ? INSTANCE_RUNNING : INSTANCE_CREATED;
	if (in->state == INSTANCE_RUNNING)
		in->altered = youki_drift_tell(y, copy, a);
	return 0;
}

static void view_ended(const struct youki_box *copy, struct instance *in)
{
	in->state = INSTANCE_EXITED;
	in->has_exit_code = copy->ended && copy->exit.has_code;
	in->exit_code = in->has_exit_code ? (int)copy->exit.code : 0;
	in->finished = copy->ended ? copy->exit.at : (struct wall){ 0 };
}

static int view(struct youki *y, const struct youki_box *copy, enum process_state state,
		struct arena *a, struct instance *ret, struct error *err)
{
	struct instance in;
	int r = 0;

	fill(copy, a, &in);
	if (copy->busy)
		in.state = INSTANCE_UNKNOWN;
	else if (!copy->rec.program || copy->note.id.pid == 0)
		in.state = INSTANCE_BROKEN;
	else if (!copy->ended && state == PROCESS_ALIVE)
		r = view_living(y, copy, a, &in, err);
	else if (!copy->ended && copy->watched)
		in.state = INSTANCE_UNKNOWN; /* the reaper has yet to say how it ended */
	else
		view_ended(copy, &in);
	if (r == 0)
		*ret = in;
	return r;
}

/* The reaper knows how a process that just died ended; a moment later so do we. */
void youki_box_await_exit(struct youki *y, const char *id)
{
	const struct mono until = mono_add(clock_mono(), 2 * CLOCK_SEC);
	const struct timespec at = { until.us / CLOCK_SEC, until.us % CLOCK_SEC * 1000 };
	const struct youki_box *box;

	pthread_mutex_lock(&y->lock);
	do
		box = youki_box_find(y, id);
	while (box && !box->ended && box->watched &&
	       pthread_cond_timedwait(&y->changed, &y->lock, &at) == 0);
	pthread_mutex_unlock(&y->lock);
}

/* One look at the process. A second one could find it dead beside a snapshot from before. */
int youki_box_view(struct youki *y, const struct youki_box *copy, struct arena *a,
		   struct instance *ret, struct error *err)
{
	struct youki_box now = *copy;
	enum process_state state;
	int r = youki_box_look(y, copy, &state, err);

	if (r < 0)
		return r;
	if (state != PROCESS_ALIVE && copy->watched && !copy->ended && !copy->busy) {
		const struct youki_box *box;

		youki_box_await_exit(y, copy->id);
		pthread_mutex_lock(&y->lock);
		box = youki_box_find(y, copy->id);
		if (box)
			now = youki_box_copy(box, a);
		pthread_mutex_unlock(&y->lock);
	}
	return view(y, &now, state, a, ret, err);
}
