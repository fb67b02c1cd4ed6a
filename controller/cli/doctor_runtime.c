/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would make the containers. Only a shim can tell: it tries each program with a container of
 * its own. One that runs has tried already and is what an apply would use; else one is started
 * far away from the node, so that neither its directories nor its cgroup know of the question.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backends/runtime_memory.h"
#include "backends/runtime_remote.h"
#include "base/clock.h"
#include "base/fs.h"
#include "controller/cli/doctor.h"
#include "controller/cli/doctor_place.h"
#include "controller/loop.h"

enum { N_NOTES = sizeof((struct runtime_info){ 0 }.notes) / sizeof(const char *) };
enum { LEAVE_S = 20, LOOK_MS = 10 }; /* a shim leaves at once; a call that hangs is cut by then */

/* --- a shim for the question --- */

struct visit {
	const char *runtime;
	struct layout layout;
	const char *dir; /* NULL: the node's own shim is asked */
	int dir_fd;      /* keeps it; -1 with dir NULL */
	const char *node_id;
	bool may_start;
};

static int begin_visit(struct doctor *d, struct visit *ret, struct error *err)
{
	struct arena *a = d->cli->arena;
	const char *dir;
	int fd = -1;
	int r = doctor_place_make(a, &dir, &fd, err);

	if (r < 0)
		return r;
	*ret = (struct visit){ .runtime = ret->runtime,
			       .layout = { .owner = arena_printf(a, "doctor-%d", (int)getpid()),
					   .state_dir = arena_printf(a, "%s/state", dir),
					   .run_dir = arena_printf(a, "%s/run", dir) },
			       .dir = dir,
			       .dir_fd = fd,
			       .node_id = "doctor",
			       .may_start = true };
	return 0;
}

/* Its lock is free when the last of it is gone. */
static bool wait_for_shim(struct doctor *d, const struct visit *v)
{
	const char *path = layout_shim_lock(&v->layout, d->cli->arena, v->runtime);
	struct mono until = mono_add(clock_mono(), LEAVE_S * CLOCK_SEC);
	int fd CLEAN(fd) = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_mono().us > until.us)
			return false;
		clock_sleep(LOOK_MS * CLOCK_MS);
	}
	return true;
}

static void end_visit(struct doctor *d, const struct visit *v)
{
	struct error err = ERROR_INIT;

	if (!v->dir)
		return;
	if (!wait_for_shim(d, v))
		report_add(d->report, "shim", REPORT_WARNING,
			   arena_printf(d->cli->arena, "see %s/state/logs", v->dir),
			   "the shim that was asked does not leave");
	else if (fs_remove_tree(AT_FDCWD, v->dir, &err) < 0)
		report_add(d->report, "shim", REPORT_WARNING, NULL, "left behind: %s", err.msg);
	close(v->dir_fd);
}

/* --- what it says --- */

static struct json_object *candidate_json(const struct runtime_candidate *c)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "name", c->name);
	json_put_str(o, "path", c->path);
	json_put_str(o, "version", c->version);
	json_put_bool(o, "usable", c->usable);
	json_put_str(o, "why", c->why);
	json_put_str(o, "remedy", c->remedy);
	return o;
}

static void add_json(struct doctor *d, const char *name, const struct runtime_info *info,
		     bool is_simulated)
{
	struct json_object *o = json_object_new_object();
	struct json_object *candidates = json_object_new_array();
	struct json_object *notes = json_object_new_array();

	for (size_t i = 0; i < info->n_candidates; i++)
		json_object_array_add(candidates, candidate_json(&info->candidates[i]));
	for (size_t i = 0; i < N_NOTES && info->notes[i]; i++)
		json_object_array_add(notes, json_object_new_string(info->notes[i]));
	json_put_str(o, "name", name);
	json_put_bool(o, "available", info->available);
	json_put_bool(o, "simulated", is_simulated);
	json_put_str(o, "os", info->os);
	json_put_str(o, "arch", info->arch);
	json_put_str(o, "chosen", info->chosen);
	json_put_str(o, "why", info->why);
	json_put_obj(o, "candidates", candidates);
	json_put_obj(o, "notes", notes);
	json_object_array_add(d->runtimes, o);
}

static void add_usable(struct doctor *d, const struct runtime_info *info,
		       const struct runtime_candidate *c)
{
	bool is_chosen = info->chosen && strcmp(info->chosen, c->name) == 0;

	report_add(d->report, c->name, REPORT_OK, NULL, "%s%s%s: %s%s",
		   c->version ? c->version : "", c->version ? " at " : "", c->path,
		   is_chosen ? "makes new containers" : "works; not used, since it comes after ",
		   is_chosen ? "" : info->chosen);
}

/* A program that is broken matters while another works, too: somebody installed it. */
static void add_candidate(struct doctor *d, const struct runtime_info *info,
			  const struct runtime_candidate *c)
{
	const char *remedy = c->remedy;

	if (c->usable) {
		add_usable(d, info, c);
		return;
	}
	if (!remedy && c->path)
		remedy = arena_printf(d->cli->arena, "mend or remove %s", c->path);
	report_add(d->report, c->name, c->path ? REPORT_WARNING : REPORT_NOTE, remedy, "%s%s%s",
		   c->path ? c->path : "", c->path ? ": not used: " : "",
		   c->why ? c->why : "it does not work");
}

/* What mends one of the programs mends the whole. */
static const char *find_remedy(const struct doctor *d, const struct runtime_info *info)
{
	for (size_t i = 0; i < info->n_candidates; i++)
		if (info->candidates[i].remedy)
			return info->candidates[i].remedy;
	return d->node.oci_path ? "mend it, or set runtime.oci.path to another youki, crun or runc"
				: "install youki, crun or runc";
}

static void tell(struct doctor *d, const struct visit *v, const struct runtime_info *info)
{
	const char *os = session_runtime_os(v->runtime);

	for (size_t i = 0; i < info->n_candidates; i++)
		add_candidate(d, info, &info->candidates[i]);
	if (info->available)
		report_add(d->report, os, REPORT_OK, NULL, "%s makes %s/%s containers%s",
			   info->chosen, os, info->arch,
			   d->node.oci_path ? " (runtime.oci.path)" : "");
	else
		report_add(d->report, os, REPORT_ERROR, find_remedy(d, info), "%s",
			   info->why ? info->why : "no runtime works");
	if (info->stays)
		report_add(d->report, v->runtime, REPORT_NOTE, NULL, "%s", info->stays);
	for (size_t i = 0; i < N_NOTES && info->notes[i]; i++)
		report_add(d->report, v->runtime, REPORT_NOTE, NULL, "%s", info->notes[i]);
}

static int ask(struct doctor *d, const struct visit *v, struct error *err)
{
	const struct runtime_remote_options o = {
		.layout = v->layout,
		.runtime_name = v->runtime,
		.node_id = v->node_id,
		.owner = v->layout.owner,
		.program = d->cli->program,
		.oci_path = d->node.oci_path,
		.hcs_library = d->node.hcs_library,
		.may_start = v->may_start,
	};
	struct runtime *rt CLEAN(runtime) = NULL;
	struct runtime_info info = { 0 };
	bool is_simulated;
	int r = runtime_remote_open(&o, NULL, &rt, err);

	if (r == 0)
		r = runtime_probe(rt, d->cli->arena, &info, err);
	if (r < 0)
		return r;
	is_simulated = info.chosen && strcmp(info.chosen, "hcs_sim") == 0;
	d->n_simulated += is_simulated;
	add_json(d, v->runtime, &info, is_simulated);
	tell(d, v, &info);
	return 0;
}

static void ask_runtime(struct doctor *d, const char *name)
{
	struct error err = ERROR_INIT;
	struct visit v = {
		.runtime = name, .layout = d->node.layout, .dir_fd = -1, .node_id = d->node_id
	};
	bool is_running = runtime_remote_is_running(&v.layout, name);
	int r = is_running ? 0 : begin_visit(d, &v, &err);

	report_add(d->report, "shim", REPORT_OK, NULL, "%s: %s", name,
		   is_running ? "running; this is what it found when it was first asked"
			      : "not running; it starts when it is needed");
	if (r == 0)
		r = ask(d, &v, &err);
	if (r < 0)
		report_add(d->report, session_runtime_os(name), REPORT_ERROR,
			   err.hint[0] ? err.hint : NULL, "%s", err.msg);
	end_visit(d, &v);
}

/* What nobody here makes goes to a peer. */
static void tell_peers(struct doctor *d, const char *const *names)
{
	static const char *const systems[] = { "linux", "windows" };

	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		bool is_here = false;

		for (size_t k = 0; k < RUNTIME_COMPOSITE_MAX && names[k]; k++)
			is_here |= strcmp(session_runtime_os(names[k]), systems[i]) == 0;
		if (!is_here)
			report_add(d->report, systems[i], REPORT_NOTE, NULL,
				   "no runtime: such services need a peer");
	}
}

static void ask_all(struct doctor *d)
{
	const char *names[RUNTIME_COMPOSITE_MAX] = { NULL };
	struct error err = ERROR_INIT;

	if (session_runtime_names(&d->node, names, &err) < 0) {
		report_add(d->report, "runtimes", REPORT_ERROR, err.hint[0] ? err.hint : NULL, "%s",
			   err.msg);
		return;
	}
	for (size_t i = 0; i < RUNTIME_COMPOSITE_MAX && names[i]; i++)
		ask_runtime(d, names[i]);
	tell_peers(d, names);
	if (d->n_simulated)
		report_add(d->report, "simulated", REPORT_NOTE, NULL,
			   "Windows containers: they are processes of this host");
	else
		report_add(d->report, "simulated", REPORT_OK, NULL, "nothing");
}

static void ask_model(struct doctor *d)
{
	struct runtime *rt CLEAN(runtime) = NULL;
	struct runtime_info info = { 0 };
	struct error err = ERROR_INIT;
	int r = runtime_memory_open(NULL, NULL, &rt, &err);

	if (r == 0)
		r = runtime_probe(rt, d->cli->arena, &info, &err);
	if (r < 0) {
		report_add(d->report, "memory", REPORT_ERROR, NULL, "%s", err.msg);
		return;
	}
	add_json(d, "memory", &info, true);
	report_add(d->report, "simulated", REPORT_NOTE, NULL,
		   "everything: the memory runtime is a model and makes no container");
}

int doctor_runtimes(struct doctor *d, struct error *err)
{
	struct loop *loop CLEAN(loop) = NULL;
	struct mono now;
	int r = loop_new(&loop, err);

	if (r < 0)
		return r;
	report_section(d->report, "runtimes");
	if (d->is_memory)
		ask_model(d);
	else if (geteuid() != 0)
		report_add(d->report, "programs", REPORT_ERROR, "run it as root",
			   "not tried: they need root");
	else
		ask_all(d);
	/* The first Ctrl-C waits until nothing of the question is left; the second does not. */
	if (loop_turn(loop, clock_mono(), &now) & LOOP_STOP)
		return error_set(err, ERR_CANCELED, 0, "interrupted");
	return 0;
}
