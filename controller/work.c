/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs as values. Nothing is decided and nothing is stored here. */
#include "controller/work.h"

#include "base/arena.h"
#include "base/crash.h"

/* How long the runtime's own work may take. Past it the call ends with a timeout and its effect is
 * unknown. Unpacking an image is bound by the disk; the others are a few milliseconds when all is
 * well, and these times are for a machine that is not. */
static const int64_t time_limit_us[STEP_N_KINDS] = {
	[STEP_STAGE] = 600 * CLOCK_SEC, [STEP_CREATE] = 60 * CLOCK_SEC,
	[STEP_START] = 30 * CLOCK_SEC,  [STEP_SIGNAL] = 10 * CLOCK_SEC,
	[STEP_UPDATE] = 10 * CLOCK_SEC, [STEP_REMOVE] = 60 * CLOCK_SEC,
};

enum { LOOK_LIMIT_US = 60 * 1000 * 1000 };

struct instance work_copy_instance(const struct instance *i, struct arena *a)
{
	struct instance c = *i;

	c.id = arena_strdup(a, i->id);
	c.deployment = arena_strdup(a, i->deployment);
	c.service = arena_strdup(a, i->service);
	c.runtime = arena_strdup(a, i->runtime);
	c.program = arena_strdup(a, i->program);
	c.program_path = arena_strdup(a, i->program_path);
	c.program_version = arena_strdup(a, i->program_version);
	c.boot_id = arena_strdup(a, i->boot_id);
	c.config_hash = arena_strdup(a, i->config_hash);
	c.image = arena_strdup(a, i->image);
	c.digest = arena_strdup(a, i->digest);
	c.address = arena_strdup(a, i->address);
	c.altered = arena_strdup(a, i->altered);
	return c;
}

/* Somebody took it away, or it ended: the world has moved. That no program of the name is in the
 * image would be the same code, and no use trying again. */
static void judge_absence(struct work_step *w)
{
	struct instance is;
	bool is_gone = w->step.kind == STEP_UPDATE;

	if (w->result != -ERR_NOT_FOUND)
		return;
	if (w->step.kind == STEP_START)
		is_gone = runtime_inspect(w->rt, w->step.instance_id, w->arena, &is, NULL) ==
			  RUNTIME_ABSENT;
	if (!is_gone)
		return;
	w->result = -ERR_CONFLICT;
	w->error.code = ERR_CONFLICT;
}

static void do_step(struct work_step *w)
{
	const struct step *s = &w->step;
	struct mono deadline = w->job.deadline;

	switch (s->kind) {
	case STEP_STAGE:
		w->result = runtime_stage(w->rt, s->digest, deadline, &w->error);
		break;
	case STEP_CREATE:
		w->result =
			runtime_create(w->rt, s->spec, deadline, w->arena, &w->after, &w->error);
		w->has_after = w->result >= 0;
		break;
	case STEP_START:
		w->result = runtime_start(w->rt, s->instance_id, deadline, &w->error);
		break;
	case STEP_SIGNAL:
		w->result = runtime_signal(w->rt, s->instance_id, s->signal, &w->error);
		break;
	case STEP_UPDATE:
		w->result = runtime_update(w->rt, s->spec, &w->error);
		break;
	case STEP_REMOVE:
		w->result = runtime_remove(w->rt, s->instance_id, deadline, &w->error);
		break;
	case STEP_N_KINDS:
		break;
	}
}

static void run_step(struct job *j)
{
	struct work_step *w = (struct work_step *)j;

	if (w->is_refused)
		return;
	crash_point("step", step_kind_to_string(w->step.kind));
	do_step(w);
	judge_absence(w);
}

static void drop_step(struct job *j)
{
	struct work_step *w = (struct work_step *)j;

	arena_free(w->arena);
	free(w);
}

static void run_look(struct job *j)
{
	struct work_look *w = (struct work_look *)j;

	crash_point("look", w->rt->name);
	observe_runtime(w->rt, w->rows, w->n_rows, w->arena, &w->result);
}

static void drop_look(struct job *j)
{
	struct work_look *w = (struct work_look *)j;

	arena_free(w->arena);
	free(w);
}

struct work_step *work_step_new(struct runtime *rt, const struct step *step, struct mono now)
{
	struct work_step *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new();
	w->rt = rt;
	w->step = *step;
	w->step.runtime = arena_strdup(w->arena, step->runtime);
	w->step.deployment = arena_strdup(w->arena, step->deployment);
	w->step.service = arena_strdup(w->arena, step->service);
	w->step.instance_id = arena_strdup(w->arena, step->instance_id);
	w->step.digest = arena_strdup(w->arena, step->digest);
	w->step.cause = arena_strdup(w->arena, step->cause);
	w->job.run = run_step;
	w->job.drop = drop_step;
	w->job.deadline = mono_add(now, time_limit_us[step->kind]);
	return w;
}

struct work_look *work_look_new(struct runtime *rt, const struct instance *rows, size_t n_rows,
				struct mono now)
{
	struct work_look *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new();
	w->rt = rt;
	w->rows = arena_array(w->arena, n_rows, sizeof(*w->rows));
	w->n_rows = n_rows;
	for (size_t i = 0; i < n_rows; i++)
		w->rows[i] = work_copy_instance(&rows[i], w->arena);
	w->job.run = run_look;
	w->job.drop = drop_look;
	w->job.deadline = mono_add(now, LOOK_LIMIT_US);
	return w;
}
