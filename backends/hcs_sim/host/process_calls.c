/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on processes. Their pipes are the client's: here only what a process gets of them. */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/command.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/machine.h"
#include "backends/hcs_sim/host/schema.h"
#include "base/arena.h"
#include "base/clock.h"

/* Where programs of a system are looked for: Files of its scratch, then of its layers. */
static void find_roots(struct host *h, const struct sys *s, struct arena *a,
		       struct command_place *ret)
{
	struct json_object *storage = json_object_object_get(sys_container(s), "Storage");
	struct json_object *list = json_object_object_get(storage, "Layers");
	const struct layer *scratch = layers_of_volume(h->layers, sys_storage_path(s));
	const char *mounted = machine_host_path(s, sys_storage_path(s), a);
	size_t n_layers = json_object_array_length(list), n = 0;
	const char **roots = arena_array(a, n_layers + 2, sizeof(*roots));

	if (scratch || mounted)
		ret->scratch = roots[n++] =
			arena_printf(a, "%s/Files", scratch ? scratch->path : mounted);
	for (size_t i = 0; i < n_layers; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *path = json_object_get_string(json_object_object_get(o, "Path"));
		const char *shared = machine_host_path(s, path, a);

		roots[n++] = arena_printf(a, "%s/Files", shared ? shared : path);
	}
	ret->roots = roots;
	ret->system_id = s->id;
	ret->host_name = sys_host_name(s);
}

static bool flag(struct json_object *o, const char *name)
{
	bool set = false;

	(void)json_get_bool(o, name, &set, NULL); /* checked by its schema */
	return set;
}

/* Which of the descriptors that came is which; with a console one is all three. */
static void place_fds(const struct call *c, struct json_object *parameters, int fds[3])
{
	static const char *const names[] = { "CreateStdInPipe", "CreateStdOutPipe",
					     "CreateStdErrPipe" };
	size_t n = 0;

	for (int i = 0; i < 3; i++) {
		fds[i] = -1;
		if (flag(parameters, "EmulateConsole"))
			fds[i] = c->fds.n > 0 ? c->fds.fd[0] : -1;
		else if (flag(parameters, names[i]) && n < c->fds.n)
			fds[i] = c->fds.fd[n++];
	}
}

static void size_console(int fd, struct json_object *parameters)
{
	struct json_object *list = json_object_object_get(parameters, "ConsoleSize");
	struct winsize size = { 0 };

	if (fd < 0 || !list || json_object_array_length(list) != 2)
		return;
	size.ws_row = (unsigned short)json_object_get_int(json_object_array_get_idx(list, 0));
	size.ws_col = (unsigned short)json_object_get_int(json_object_array_get_idx(list, 1));
	(void)ioctl(fd, TIOCSWINSZ, &size); /* a console of no size is one, too */
}

/* Starts it and makes its record. */
static HRESULT start(struct call *c, struct sys *s, struct json_object *parameters,
		     struct proc **ret)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct command_place place = { 0 };
	struct silo_program program = { 0 };
	struct command command;
	struct error err;
	struct proc *p = NULL;
	pid_t pid;
	int r;

	find_roots(c->host, s, a, &place);
	r = command_resolve(&place, parameters, a, &command, &err);
	if (r < 0)
		return call_fail_error(c, r == -ERR_NOT_FOUND ? WIN32_FILE_NOT_FOUND : E_INVALIDARG,
				       &err);
	program.path = command.path;
	program.argv = command.argv;
	program.env = command.env;
	program.directory = command.directory;
	program.terminal = flag(parameters, "EmulateConsole") && c->fds.n > 0;
	place_fds(c, parameters, program.fds);
	if (program.terminal)
		size_console(program.fds[0], parameters);
	r = silo_run(&s->silo, &program, &pid, &err);
	if (r < 0)
		return call_fail_error(
			c, r == -ERR_NOT_FOUND ? WIN32_FILE_NOT_FOUND : E_ACCESSDENIED, &err);
	p = xcalloc(1, sizeof(*p));
	p->sys = s;
	p->pid = pid;
	p->image_name = xstrdup(command.image_name);
	p->started_us = clock_wall().us;
	p->next = s->procs;
	s->procs = p;
	*ret = p;
	return S_OK;
}

static HRESULT create(struct call *c, struct sys *s, struct json_object *parameters)
{
	struct proc *p = NULL;
	HRESULT hr;

	if (s->is_machine)
		return call_fail(c, WIN32_NOT_SUPPORTED, "%s is a machine", s->id);
	if (s->state != SYS_RUNNING || s->is_ending)
		return call_fail(c, HCS_E_INVALID_STATE, "%s is %s", s->id, sys_state_to_string(s));
	hr = start(c, s, parameters, &p);
	wire_fds_close(&c->fds);
	if (hr < 0)
		return hr;
	c->pid = p->pid;
	if (c->client) {
		p->n_handles = 1;
		call_open(c, HANDLE_PROCESS, p, NULL);
	}
	return S_OK;
}

HRESULT on_HcsCreateProcess(struct call *c)
{
	struct json_object *parameters CLEAN(json) = NULL;
	struct handle *hd = NULL;
	HRESULT hr = call_handle(c, HANDLE_SYSTEM, &hd);

	if (hr < 0)
		return call_refuse(c, hr);
	if (!call_text(c, "document"))
		return call_refuse(c, E_INVALIDARG);
	hr = call_document(c, "document", &schema_process_parameters, false, &parameters);
	return hr < 0 ? hr : create(c, hd->object, parameters);
}

HRESULT on_HcsOpenProcess(struct call *c)
{
	struct handle *hd = NULL;
	struct proc *p = NULL;
	HRESULT hr = call_handle(c, HANDLE_SYSTEM, &hd);

	if (hr < 0)
		return hr;
	p = proc_find(hd->object, (pid_t)call_number(c, "pid"));
	if (!p)
		return WIN32_NOT_FOUND;
	p->n_handles++;
	call_open(c, HANDLE_PROCESS, p, NULL);
	call_put_number(c, "pid", p->pid);
	if (p->is_ended)
		call_put_json(c, "data", proc_status(p));
	return S_OK;
}

static HRESULT need_process(struct call *c, struct proc **ret)
{
	struct handle *hd = NULL;
	HRESULT hr = call_handle(c, HANDLE_PROCESS, &hd);

	*ret = NULL; /* the compiler does not see that a refusal is below 0 */
	if (hr < 0)
		return call_refuse(c, hr);
	*ret = hd->object;
	return S_OK;
}

HRESULT on_HcsTerminateProcess(struct call *c)
{
	struct proc *p = NULL;
	HRESULT hr = need_process(c, &p);

	if (hr < 0)
		return hr;
	if (p->is_ended)
		return HCS_E_PROCESS_ALREADY_STOPPED;
	p->is_terminated = true;
	(void)kill(p->pid, SIGKILL); /* not waited for: still ours */
	return S_OK;
}

HRESULT on_HcsSignalProcess(struct call *c)
{
	static const struct {
		const char *name;
		int sig;
	} signals[] = {
		{ "CtrlC", SIGINT },       { "CtrlBreak", SIGTERM },    { "CtrlClose", SIGTERM },
		{ "CtrlLogOff", SIGTERM }, { "CtrlShutdown", SIGTERM },
	};
	struct json_object *options CLEAN(json) = NULL;
	const char *name = "CtrlC";
	struct proc *p = NULL;
	HRESULT hr = need_process(c, &p);

	if (hr >= 0)
		hr = call_document(c, "document", &schema_signal_options, true, &options);
	if (hr < 0)
		return hr;
	if (p->is_ended)
		return HCS_E_PROCESS_ALREADY_STOPPED;
	if (options)
		(void)json_get_str(options, "Signal", &name, NULL); /* checked */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (strcmp(signals[i].name, name) != 0)
			continue;
		p->is_told = true;
		(void)kill(-p->pid, signals[i].sig); /* its session: those it started, too */
	}
	return S_OK;
}

HRESULT on_HcsGetProcessInfo(struct call *c)
{
	struct proc *p = NULL;
	HRESULT hr = need_process(c, &p);

	if (hr < 0)
		return hr;
	c->pid = p->pid;
	return S_OK;
}

HRESULT on_HcsGetProcessProperties(struct call *c)
{
	struct json_object *query CLEAN(json) = NULL;
	struct proc *p = NULL;
	HRESULT hr = need_process(c, &p);

	if (hr >= 0)
		hr = call_document(c, "document", &schema_property_query, true, &query);
	if (hr < 0)
		return hr;
	call_result(c, proc_status(p));
	return S_OK;
}

HRESULT on_HcsModifyProcess(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	const char *operation = "";
	struct proc *p = NULL;
	HRESULT hr = need_process(c, &p);

	if (hr < 0)
		return hr;
	if (!call_text(c, "document"))
		return call_refuse(c, E_INVALIDARG);
	hr = call_document(c, "document", &schema_process_modify, false, &doc);
	if (hr < 0)
		return hr;
	(void)json_get_str(doc, "Operation", &operation, NULL); /* checked */
	if (!json_object_object_get(doc, operation))
		return call_fail(c, HCS_E_INVALID_JSON, "%s: missing", operation);
	if (p->is_ended)
		return HCS_E_PROCESS_ALREADY_STOPPED;
	return S_OK; /* the library does it to the pipes it has made */
}
