/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to an instance between its create and its removal: start, signals,
 * figures. Signals are ours: the programs' kill does not compare identities.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "backends/youki.h"
#include "base/crash.h"

/* A snapshot, and its state; RUNTIME_ABSENT when there is nothing of that id. */
static int find_in(struct youki *y, const char *id, struct arena *a, struct youki_box *ret,
		   enum instance_state *ret_state, struct error *err)
{
	struct instance seen;
	struct youki_box *box;
	int r = youki_inspect(&y->rt, id, a, &seen, err);

	if (r != 0)
		return r;
	*ret_state = seen.state;
	r = RUNTIME_ABSENT;
	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box) {
		*ret = youki_box_copy(box, a);
		r = 0;
	}
	pthread_mutex_unlock(&y->lock);
	return r;
}

static int find(struct youki *y, const char *id, struct arena *a, struct youki_box *ret,
		struct error *err)
{
	enum instance_state unused;

	return find_in(y, id, a, ret, &unused, err);
}

/* @at: when it was asked to, since it may have ended before the answer. */
static int note_started(struct youki *y, const char *id, struct wall at, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_process_note note = { .started = false };
	struct youki_box *box;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box) {
		box->note.started = true;
		box->note.started_at = at;
		note = box->note;
	}
	pthread_mutex_unlock(&y->lock);
	return box ? oci_record_save_process(layout_bundle(&y->layout, a, id), &note, err) : 0;
}

/* A start that was cut off may have let the container run, and then no second one is taken: youki
 * goes on calling it created. So what refused once is made anew. */
static void spoil(struct youki *y, const char *id)
{
	struct youki_box *box;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box)
		box->spoilt = true;
	pthread_mutex_unlock(&y->lock);
}

/* The program refused: perhaps because it had been started and we had died before noting it. */
static int explain_refusal(struct youki *y, const struct oci_call *call, struct wall at, int r,
			   struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_state state;

	if (r == -ERR_UNAVAILABLE || r == -ERR_TIMEOUT)
		return r;
	if (oci_program_state(call, a, &state, NULL) < 0)
		return r;
	if (state.state != INSTANCE_RUNNING && state.state != INSTANCE_PAUSED) {
		spoil(y, call->id);
		return r;
	}
	r = note_started(y, call->id, at, err);
	return r < 0 ? r : RUNTIME_ALREADY;
}

int youki_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct youki_box box;
	struct oci_program program;
	struct oci_call call = { &program, id, layout_bundle(&y->layout, a, id), deadline };
	const struct wall at = clock_wall();
	enum instance_state state = INSTANCE_UNKNOWN;
	int r = find_in(y, id, a, &box, &state, err);

	if (r < 0)
		return r;
	if (r == RUNTIME_ABSENT)
		return error_set(err, ERR_NOT_FOUND, 0, "no such instance");
	if (box.note.started || state == INSTANCE_EXITED)
		return RUNTIME_ALREADY;
	if (state == INSTANCE_UNKNOWN)
		return error_set(err, ERR_CONFLICT, 0,
				 "another call works on it, or it just ended");
	if (state == INSTANCE_BROKEN)
		return error_set(err, ERR_CONFLICT, 0, "it was made half and must be removed");
	r = youki_program_of(y, &box.rec, a, &program, err);
	if (r < 0)
		return r;
	r = oci_program_start(&call, err);
	crash_point("started", id);
	r = r < 0 ? explain_refusal(y, &call, at, r, err) : note_started(y, id, at, err);
	/* It has the layer now; what else was kept of the one before would be swept, too. */
	if (r >= 0 && box.rec.layer)
		(void)youki_drop_kept(y, box.rec.layer, NULL);
	return r;
}

static int kill_all(struct youki *y, const struct youki_box *box, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *cgroup = youki_box_cgroup(box, a);
	int busy = oci_cgroup_look(&y->cgroups, cgroup, err);
	int r = busy < 0 ? busy : oci_cgroup_kill(&y->cgroups, cgroup, err);

	if (r < 0)
		return r;
	return busy ? 0 : RUNTIME_GONE;
}

/* Its first process has ended, whatever else is still on its way out of the group; where none was
 * ever known, the group is all there is to speak for it. */
static int kill_rest(struct youki *y, const struct youki_box *box, struct error *err)
{
	int r = kill_all(y, box, err);

	return r < 0 || !box->note.id.pid ? r : RUNTIME_GONE;
}

/* Its first process; @was_killed: with its group a moment ago, so that it may be gone by now. */
static int signal_first(const struct youki_box *box, int sig, bool was_killed, struct error *err)
{
	int r = process_signal(&box->note.id, sig, err);

	if (r == PROCESS_SIGNAL_GONE)
		return was_killed ? 0 : RUNTIME_GONE;
	return r;
}

int youki_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	enum process_state state;
	struct youki_box box;
	int r = find(y, id, a, &box, err);

	if (r != 0)
		return r;
	r = youki_box_look(y, &box, &state, err);
	if (r < 0)
		return r;
	/* No process that we know: what a broken one still has is ended by its group. */
	if (state != PROCESS_ALIVE || box.ended)
		return sig == SIGKILL && !box.busy ? kill_rest(y, &box, err) : RUNTIME_GONE;
	r = oci_cgroup_thaw(&y->cgroups, box.rec.cgroup, err);
	if (r == 0 && sig == SIGKILL)
		r = kill_all(y, &box, err);
	return r < 0 ? r : signal_first(&box, sig, r == 0 && sig == SIGKILL, err);
}

int youki_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct youki_box box;
	int r = find(y, id, a, &box, err);

	if (r != 0)
		return r;
	return box.rec.cgroup ? oci_cgroup_stats(&y->cgroups, box.rec.cgroup, ret, err)
			      : RUNTIME_ABSENT;
}

/* The program keeps a note of its own that a container is paused, and refuses to work in one. So
 * it is asked first; one that was frozen without it says no, and the cgroup is thawed. */
static int thaw(struct youki *y, const struct youki_box *box, struct arena *a, struct error *err)
{
	struct oci_program program;
	const struct oci_call call = {
		.program = &program,
		.id = box->id,
		.bundle = layout_bundle(&y->layout, a, box->id),
		.deadline = mono_add(clock_mono(), 10 * CLOCK_SEC),
	};
	struct error unused = ERROR_INIT;

	if (box->rec.program && youki_program_of(y, &box->rec, a, &program, &unused) == 0)
		(void)oci_program_resume(&call, &unused); /* the thaw below decides */
	return oci_cgroup_thaw(&y->cgroups, box->rec.cgroup, err);
}

int youki_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	enum process_state state;
	struct youki_box box;
	int r = find(y, spec->id, a, &box, err);

	if (r < 0)
		return r;
	if (r == 0)
		r = youki_box_look(y, &box, &state, err);
	if (r == RUNTIME_ABSENT || (r == 0 && (state != PROCESS_ALIVE || box.ended)))
		return error_set(err, ERR_NOT_FOUND, 0, "it does not run");
	if (r < 0)
		return r;
	youki_drift_forget(y, spec->id);
	r = youki_limits_update(y, box.rec.cgroup, &spec->service->resources, a, err);
	if (r < 0)
		return r;
	youki_drift_note(y, spec->id, box.rec.cgroup);
	return thaw(y, &box, a, err);
}
