/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to an instance between its create and its removal: start, signals, limits, figures.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs.h"
#include "backends/hcs_apart.h"
#include "backends/hcs_events.h"
#include "backends/hcs_exit.h"
#include "backends/hcs_mend.h"
#include "backends/hcs_result.h"
#include "backends/shim_log.h"

enum {
	CALL_S = 10,
	DELIVER_S = 1, /* a signal is delivered, not waited for */
};

/* A call on an open system or process with one document. */
struct act {
	HCS_SYSTEM sys;
	HCS_PROCESS process, *ret_process;
	PCWSTR document;
};

static HRESULT begin_start(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	return api->HcsStartComputeSystem(((const struct act *)arg)->sys, op, NULL);
}

static HRESULT begin_process(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct act *x = arg;

	return api->HcsCreateProcess(x->sys, x->document, op, NULL, x->ret_process);
}

static HRESULT begin_shutdown(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	return api->HcsShutDownComputeSystem(arg, op, NULL);
}

static HRESULT begin_terminate(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	return api->HcsTerminateComputeSystem(((const struct act *)arg)->sys, op, NULL);
}

static HRESULT begin_signal(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct act *x = arg;

	return api->HcsSignalProcess(x->process, op, x->document);
}

/* --- start --------------------------------------------------------------------------- */

/* The system runs; started by us now, or by a call that was cut short. */
static int start_system(struct hcs *h, const char *id, struct mono deadline,
			struct hcs_target *target, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct hcs_call call = { h->limbo, deadline, target, a };
	struct act x = { .sys = target->sys };
	struct hcs_properties seen;
	struct hcs_answer answer;
	int r;

	hcs_call_run(&call, begin_start, &x, &answer);
	if (!hcs_result_failed(answer.result))
		return 0;
	if (hcs_result_outcome(answer.result) == HCS_STATE) {
		r = hcs_system_look(h, id, 0, a, &seen, err);
		if (r == 0 && seen.basics.state == HCS_STATE_RUNNING)
			return 0;
		if (r < 0)
			return r;
	}
	return hcs_result_error(err, answer.result, answer.document, "start");
}

static void take_output(struct hcs_box *box, const HCS_PROCESS_INFORMATION *info)
{
	struct hcs *h = box->h;
	const struct shim_log_place log = { box->rec.log_path, box->rec.log_max_bytes,
					    box->rec.log_keep_s };
	const int fds[2] = { hcs_api_fd(info->StdOutput), hcs_api_fd(info->StdError) };
	int in = hcs_api_fd(info->StdInput);

	if (in >= 0)
		close(in);
	/* Without a log what it writes is thrown away with the pipes. A log that cannot be opened
	 * holds up no container. */
	if (h->log)
		(void)shim_log_take(h->log, box->id, &log, fds, NULL);
	for (int i = 0; i < 2 && !h->log; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Noted before it is made, and again with its pid: what lies between is never guessed. */
static int make_process(struct hcs_box *box, struct mono deadline, struct hcs_target *target,
			struct arena *a, struct error *err)
{
	struct hcs *h = box->h;
	const struct hcs_call call = { h->limbo, deadline, target, a };
	struct json_object *o CLEAN(json) = hcs_process_start(&box->process_spec);
	struct hcs_properties seen;
	struct hcs_process_note note = { .started = clock_wall() };
	struct act x = { .sys = target->sys,
			 .document = hcs_call_document(o, a),
			 .ret_process = &target->process };
	struct hcs_answer answer;
	int r = hcs_system_look(h, box->id, 0, a, &seen, err);

	if (r == HCS_SYSTEM_ABSENT)
		return error_set(err, ERR_NOT_FOUND, 0, "its system went away");
	if (r < 0)
		return r;
	note.runtime_id = seen.basics.runtime_id ? seen.basics.runtime_id : "";
	r = hcs_box_set_note(box, &note, err);
	if (r < 0)
		return r;
	hcs_call_process(&call, begin_process, &x, &answer);
	if (hcs_result_failed(answer.result))
		return hcs_result_error(err, answer.result, answer.document, "start the command");
	note.pid = answer.info.ProcessId;
	take_output(box, &answer.info);
	return hcs_box_set_note(box, &note, err);
}

static int start_box(struct hcs_box *box, struct mono deadline, struct error *err)
{
	struct hcs *h = box->h;
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_target target = { 0 };
	int r = hcs_system_open(h, box->id, &target.sys, err);

	if (r == HCS_SYSTEM_ABSENT)
		return error_set(err, ERR_NOT_FOUND, 0, "its system went away");
	if (r == 0)
		r = start_system(h, box->id, deadline, &target, err);
	if (r == 0)
		r = make_process(box, deadline, &target, a, err);
	if (r == 0) {
		pthread_mutex_lock(&h->lock);
		box->process = TAKE(target.process);
		pthread_mutex_unlock(&h->lock);
		hcs_events_watch(h->events, box);
		hcs_events_hint(h->events, box->id);
	}
	if (target.process)
		h->api->HcsCloseProcess(target.process);
	if (target.sys)
		h->api->HcsCloseComputeSystem(target.sys);
	return r;
}

/* 0 when it can be started; else the answer to the caller. */
static int may_start(const struct hcs_box *box, struct error *err)
{
	if (!box->has_note && box->process_spec.command_line && !box->ended)
		return 0;
	if (box->note.pid || box->ended)
		return RUNTIME_ALREADY;
	return error_set(err, ERR_CONFLICT, 0, "it was made half and must be removed");
}

int hcs_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_box *box;
	struct instance seen;
	int r = hcs_inspect(rt, id, a, &seen, err);

	if (r < 0)
		return r;
	if (r == 0)
		r = hcs_box_take(h, id, &box, err);
	if (r < 0)
		return r;
	if (r == RUNTIME_ABSENT || !box)
		return error_set(err, ERR_NOT_FOUND, 0, "no such instance");
	r = may_start(box, err);
	if (r == 0)
		r = start_box(box, deadline, err);
	/* It has the layer now; what else was kept of the one before would be swept, too. */
	if (r == 0 && box->rec.layer)
		(void)hcs_drop_kept(h, box->rec.layer, NULL);
	hcs_box_settle(box);
	return r;
}

/* --- signal -------------------------------------------------------------------------- */

static int answered(const struct hcs_answer *answer, const char *what, struct error *err)
{
	enum hcs_outcome o = hcs_result_outcome(answer->result);

	/* It was delivered; whether it has ended is asked by others. */
	if (!hcs_result_failed(answer->result) || o == HCS_RUNNING)
		return 0;
	if (o == HCS_STOPPED || o == HCS_ABSENT)
		return RUNTIME_GONE;
	return hcs_result_error(err, answer->result, answer->document, "%s", what);
}

/* To the entry process, through handles opened for it: the service serialises signals by handle. */
static int signal_process(struct hcs *h, const struct hcs_box *copy, struct json_object *o,
			  struct hcs_target *target, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct hcs_call call = { h->limbo, mono_add(clock_mono(), CALL_S * CLOCK_SEC), target,
				       a };
	struct act x = { .document = hcs_call_document(o, a) };
	struct hcs_answer answer = { 0 };

	answer.result =
		h->api->HcsOpenProcess(target->sys, copy->note.pid, GENERIC_ALL, &target->process);
	if (hcs_result_failed(answer.result))
		return answered(&answer, "open its process", err);
	x.process = target->process;
	hcs_call_run(&call, begin_signal, &x, &answer);
	return answered(&answer, "signal", err);
}

/* Ended or not, the service has it then: what follows is the caller's patience with the container.
 * A call that does not come back at all must not keep the terminate waiting behind it. */
static int shut_down(struct hcs *h, struct hcs_target *target, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct hcs_call call = { h->limbo, mono_add(clock_mono(), DELIVER_S * CLOCK_SEC),
				       target, a };
	struct hcs_answer answer;

	hcs_apart_system(&call, begin_shutdown, &answer);
	return answered(&answer, "shut down", err);
}

static int terminate(struct hcs *h, struct hcs_target *target, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct hcs_call call = { h->limbo, mono_add(clock_mono(), CALL_S * CLOCK_SEC), target,
				       a };
	struct act x = { .sys = target->sys };
	struct hcs_answer answer;

	hcs_call_run(&call, begin_terminate, &x, &answer);
	return answered(&answer, "terminate", err);
}

static void set_killed(struct hcs *h, const char *id, bool killed)
{
	struct hcs_box *box;

	pthread_mutex_lock(&h->lock);
	box = hcs_box_find(h, id);
	if (box)
		box->killed = killed;
	pthread_mutex_unlock(&h->lock);
}

/* With its system everything in it has ended. The flag comes before: an end may be seen at once. */
static int kill_all(struct hcs *h, const struct hcs_box *copy, struct hcs_target *target,
		    struct error *err)
{
	const struct instance_exit e = { true, HCS_KILLED_CODE, clock_wall() };
	int r;

	set_killed(h, copy->id, true);
	r = terminate(h, target, err);
	if (r != 0)
		set_killed(h, copy->id, false);
	else if (!copy->note.pid)
		hcs_box_end(h, copy->id, &e); /* it never had a process whose end could be seen */
	return r;
}

static int deliver(struct hcs *h, const struct hcs_box *copy, int sig, struct hcs_target *target,
		   struct error *err)
{
	/* SIGTERM is for the whole container: it is shut down. */
	struct json_object *o CLEAN(json) = sig == SIGTERM ? NULL : hcs_process_signal(sig);

	if (sig == SIGKILL)
		return kill_all(h, copy, target, err);
	if (o)
		return signal_process(h, copy, o, target, err);
	/* Nothing that ends a process on Linux; for all others Windows has but one word. */
	if (sig == SIGCONT || sig == SIGWINCH || sig == SIGURG || sig == SIGCHLD)
		return 0;
	return shut_down(h, target, err);
}

int hcs_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_target target = { 0 };
	struct instance seen;
	struct hcs_box copy;
	int r = hcs_inspect(rt, id, a, &seen, err);

	if (r != 0)
		return r;
	if (!hcs_box_copy(h, id, a, &copy))
		return RUNTIME_ABSENT;
	if (copy.ended || (sig != SIGKILL && !copy.note.pid))
		return RUNTIME_GONE;
	r = hcs_system_open(h, id, &target.sys, err);
	if (r == 0)
		r = deliver(h, &copy, sig, &target, err);
	else if (r == HCS_SYSTEM_ABSENT)
		r = RUNTIME_GONE;
	if (target.process)
		h->api->HcsCloseProcess(target.process);
	if (target.sys)
		h->api->HcsCloseComputeSystem(target.sys);
	hcs_events_hint(h->events, id);
	return r;
}

/* --- limits, figures ----------------------------------------------------------------- */

static int modify(struct hcs *h, const char *id, struct json_object *take, struct error *err)
{
	int r = hcs_system_modify(h, id, take, mono_add(clock_mono(), CALL_S * CLOCK_SEC), err);

	return r < 0 ? error_wrap(err, r, "change limits") : 0;
}

static bool has_processor(const struct hcs_limits *l)
{
	return l->processor_count || l->processor_maximum || l->processor_weight;
}

/* Modify sets limits and has no way to say "none". */
static bool lifts_one(const struct hcs_limits *have, const struct hcs_limits *want)
{
	return (have->memory_mb && !want->memory_mb) ||
	       (has_processor(have) && !has_processor(want));
}

static int set_limits(struct hcs *h, const char *id, const struct hcs_limits *want,
		      struct error *err)
{
	int r = 0;

	if (want->memory_mb)
		r = modify(h, id, hcs_document_memory(want->memory_mb), err);
	if (r == 0 && has_processor(want))
		r = modify(h, id, hcs_document_processor(want), err);
	return r;
}

static int update_box(struct hcs_box *box, const struct instance_spec *spec, struct error *err)
{
	struct hcs *h = box->h;
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_limits want;
	struct hcs_record rec;
	int r;

	r = box->rec.vm ? hcs_spec_limits_in(&spec->service->resources, box->rec.vm_memory_mb,
					     box->rec.vm_processors, &want, err)
			: hcs_spec_limits(&spec->service->resources, &h->host, &want, err);
	r = r < 0 ? r : hcs_mend_network(box, spec, err);
	if (r == 0 && lifts_one(&box->rec.limits, &want))
		return error_set(err, ERR_UNSUPPORTED, 0, "a limit cannot be lifted in place");
	if (r == 0)
		r = set_limits(h, box->id, &want, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&h->lock);
	box->rec.limits = want;
	rec = box->rec;
	pthread_mutex_unlock(&h->lock);
	return hcs_record_save(layout_silo(&h->layout, a, box->id), &rec, err);
}

int hcs_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_box *box = NULL;
	struct instance seen;
	int r = hcs_inspect(rt, spec->id, a, &seen, err);

	if (r < 0)
		return r;
	if (r == 0 && seen.state == INSTANCE_PAUSED)
		return error_set(err, ERR_UNSUPPORTED, 0, "it cannot be thawed in place");
	if (r == 0 && seen.state == INSTANCE_RUNNING)
		r = hcs_box_take(h, spec->id, &box, err);
	if (r < 0)
		return r;
	if (!box)
		return error_set(err, ERR_NOT_FOUND, 0, "it does not run");
	r = update_box(box, spec, err);
	hcs_box_settle(box);
	return r;
}

int hcs_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties seen;
	int r = hcs_system_look(h, id, HCS_PROPERTY_STATISTICS | HCS_PROPERTY_PROCESSES, a, &seen,
				err);

	if (r != 0)
		return r < 0 ? r : RUNTIME_ABSENT;
	*ret = (struct runtime_stats){ .cpu_us = seen.cpu_us,
				       .memory_bytes = seen.memory_bytes,
				       .n_processes = seen.n_processes };
	return 0;
}
