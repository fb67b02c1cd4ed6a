/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of systems and processes; the functions that ask for changes are in compute_calls.c and
 * process_calls.c. Whatever may free a system says so, and is the last thing its caller does with
 * it.
 */
#include "backends/hcs_sim/host/compute.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/machine.h"
#include "backends/hcs_sim/host/store.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/rand.h"

static const char *const states[] = {
	[SYS_CREATED] = "Created", [SYS_RUNNING] = "Running", [SYS_STOPPED] = "Stopped"
};

const char *sys_state_to_string(const struct sys *s)
{
	return states[s->state];
}

/* --- the list --------------------------------------------------------------------------- */

struct sys *compute_find(const struct compute *m, const char *id)
{
	for (struct sys *s = m->systems; s; s = s->next)
		if (strcmp(s->id, id) == 0)
			return s;
	return NULL;
}

static void insert(struct compute *m, struct sys *s)
{
	struct sys **at = &m->systems;

	while (*at && strcmp((*at)->id, s->id) < 0)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
}

static void proc_free(struct proc *p)
{
	free(p->image_name);
	free(p);
}

static void sys_free(struct sys *s)
{
	while (s->procs) {
		struct proc *p = s->procs;

		s->procs = p->next;
		proc_free(p);
	}
	free(s->id);
	free(s->owner);
	json_free(s->config);
	json_free(s->guest);
	free(s);
}

/* Handles on a system or process that is gone are on nothing. */
static void unlink_handle(struct client *c, struct handle *hd, void *arg)
{
	(void)c;
	(void)arg;
	hd->object = NULL;
}

static void unlink_handles(struct sys *s)
{
	clients_for_object(s->host, s, unlink_handle, NULL);
	for (struct proc *p = s->procs; p; p = p->next)
		clients_for_object(s->host, p, unlink_handle, NULL);
}

/* Out of the list, the directory and its namespace. Frees @s. */
static void forget(struct sys *s)
{
	struct compute *m = s->host->compute;
	struct sys **at = &m->systems;
	char name[STORE_NAME_SIZE];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	unlink_handles(s);
	if (store_name(s->id, name, NULL) == 0)
		(void)store_drop(s->host->dirfd, "systems", name,
				 NULL); /* seen at the next start */
	hcn_container_gone(s->host->hcn, s);
	sys_free(s);
}

void compute_free(struct compute *m)
{
	if (!m)
		return;
	while (m->systems) {
		struct sys *s = m->systems;

		m->systems = s->next;
		sys_free(s);
	}
	free(m);
}

/* --- files ------------------------------------------------------------------------------ */

int compute_save(struct sys *s, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	char name[STORE_NAME_SIZE], guid[HCS_GUID_SIZE];
	int r = store_name(s->id, name, err);

	if (r < 0)
		return r;
	json_put_str(o, "Id", s->id);
	json_put_str(o, "Owner", s->owner);
	json_put_str(o, "RuntimeId", hcs_guid_format(&s->runtime_id, guid));
	json_put_str(o, "State", sys_state_to_string(s));
	json_put_obj(o, "Configuration", json_object_get(s->config));
	return store_put(s->host->dirfd, "systems", name, o, err);
}

static struct sys *sys_new(struct host *h, const char *id, struct json_object *config)
{
	struct sys *s = xcalloc(1, sizeof(*s));
	const char *owner = "";

	s->host = h;
	s->id = xstrdup(id);
	s->config = json_object_get(config);
	(void)json_get_str(config, "Owner", &owner, NULL);
	(void)json_get_bool(config, "ShouldTerminateOnLastHandleClosed", &s->must_end_with_handles,
			    NULL);
	s->owner = xstrdup(owner);
	s->is_machine = json_object_object_get(config, "VirtualMachine") != NULL;
	s->guest = json_object_new_object();
	s->created_us = clock_wall().us;
	s->exit_type = "None";
	rand_bytes(&s->runtime_id, sizeof(s->runtime_id));
	return s;
}

int compute_add(struct compute *m, const char *id, struct json_object *config, struct sys **ret,
		struct error *err)
{
	struct sys *s = sys_new(m->host, id, config);
	int r = compute_save(s, err);

	if (r < 0) {
		sys_free(s);
		return r;
	}
	insert(m, s);
	*ret = s;
	return 0;
}

static int load_one(void *arg, const char *name, struct json_object *o, struct error *err)
{
	struct host *h = arg;
	struct json_object *config = NULL;
	const char *id = NULL;
	struct sys *s;
	int r = json_need_str(o, "Id", &id, err);

	(void)name;
	r = r < 0 ? r : json_get_obj(o, "Configuration", &config, err);
	if (r != 0 || !config)
		return r < 0 ? r : error_set(err, ERR_CORRUPT, 0, "no Configuration");
	s = sys_new(h, id, config);
	s->state = SYS_STOPPED;
	s->exit_status = HCS_E_UNEXPECTED_EXIT;
	s->exit_type = "UnexpectedExit";
	insert(h->compute, s);
	if (h->switches.lost_systems != SWITCH_LOST_SYSTEMS_STOPPED)
		forget(s);
	return 0;
}

int compute_load(struct host *h, struct error *err)
{
	h->compute = xcalloc(1, sizeof(*h->compute));
	h->compute->host = h;
	return store_load(h->dirfd, "systems", load_one, h, err);
}

/* --- what a machine hosts ---------------------------------------------------------------- */

static struct sys *find_unstarted(const struct sys *machine)
{
	for (struct sys *s = machine->host->compute->systems; s; s = s->next)
		if (s->state == SYS_CREATED && machine_of(s) == machine)
			return s;
	return NULL;
}

/* Without the machine its containers crash. Those that ran end when they have been waited for. */
static void crash_hosted(const struct sys *machine)
{
	struct sys *unstarted;

	for (struct sys *s = machine->host->compute->systems; s; s = s->next)
		if (s->state == SYS_RUNNING && machine_of(s) == machine)
			silo_kill(&s->silo);
	while ((unstarted = find_unstarted(machine)))
		compute_stop(unstarted);
}

/* --- the end of a process --------------------------------------------------------------- */

struct proc *proc_find(const struct sys *s, pid_t pid)
{
	for (struct proc *p = s->procs; p; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct json_object *proc_status(const struct proc *p)
{
	struct json_object *o = json_object_new_object();

	json_put_i64(o, "ProcessId", p->pid);
	json_put_bool(o, "Exited", p->is_ended);
	json_put_i64(o, "ExitCode", p->exit_code);
	json_put_i64(o, "LastWaitResult", p->is_ended ? S_OK : WIN32_WAIT_TIMEOUT);
	return o;
}

/* The Windows exit code for the way a process of this host has ended. */
static uint32_t exit_code_of(const struct proc *p, int status)
{
	static const struct {
		int sig;
		uint32_t code;
	} crashes[] = {
		{ SIGSEGV, 0xC0000005 }, /* access violation */
		{ SIGBUS, 0xC0000005 },  { SIGILL, 0xC000001D }, { SIGFPE, 0xC0000094 },
		{ SIGABRT, 0xC0000409 }, { SIGINT, 0xC000013A }, /* Ctrl-C */
	};

	if (WIFEXITED(status))
		return (uint32_t)WEXITSTATUS(status);
	if (p->is_told && WTERMSIG(status) != SIGKILL)
		return 0xC000013A;
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		if (WTERMSIG(status) == crashes[i].sig)
			return crashes[i].code;
	return (uint32_t)p->sys->host->switches.terminate_exit_code;
}

static void send_exit(struct client *c, struct handle *hd, void *arg)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "event", "exit");
	json_put_i64(o, "handle", hd->number);
	json_put_str(o, "data", arg);
	client_send(c, o);
}

/* Everybody with a handle on @object, which is of @s, hears of its end, unless a rule drops that.
 */
static void tell_end(const struct sys *s, const char *event, const void *object,
		     struct json_object *take)
{
	struct host *h = s->host;
	char *text = xstrdup(call_json_text(take));

	if (faults_next(h->faults, event, s->id, NULL).kind != FAULT_DROP)
		clients_for_object(h, object, send_exit, text);
	free(text);
	json_object_put(take);
}

/* One that has ended and that nobody holds is kept as the switch says. */
static void drop_proc_if_done(struct proc *p)
{
	struct proc **at = &p->sys->procs;

	if (!p->is_ended || p->n_handles > 0 ||
	    p->sys->host->switches.exited_process != SWITCH_EXITED_PROCESS_GOES)
		return;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	proc_free(p);
}

static bool has_living(const struct sys *s)
{
	for (const struct proc *p = s->procs; p; p = p->next)
		if (!p->is_ended)
			return true;
	return false;
}

/* When all that were told to end have ended, the silo ends. */
static void after_proc(struct sys *s)
{
	if (s->is_ending && !s->is_forced && !has_living(s))
		silo_kill(&s->silo);
}

static void proc_reaped(struct proc *p, int status)
{
	struct sys *s = p->sys;

	p->exit_code = exit_code_of(p, status);
	p->is_ended = true;
	tell_end(s, "ProcessExited", p, proc_status(p));
	drop_proc_if_done(p);
	after_proc(s);
}

static void silo_ended(struct sys *s)
{
	crash_hosted(s);
	silo_done(&s->silo);
	if (!machine_hosts(s))
		compute_stop(s); /* else with the last of them */
}

void compute_reaped(struct compute *m, pid_t pid, int status)
{
	for (struct sys *s = m->systems; s; s = s->next) {
		struct proc *p = proc_find(s, pid);

		if (s->silo.init == pid) {
			silo_ended(s);
			return;
		}
		if (p && !p->is_ended) {
			proc_reaped(p, status);
			return;
		}
	}
}

/* --- the end of a system ---------------------------------------------------------------- */

struct json_object *sys_exit_status(const struct sys *s)
{
	struct json_object *o = json_object_new_object();

	json_put_i64(o, "Status", s->exit_status);
	json_put_str(o, "ExitType", s->exit_type);
	return o;
}

static void drop_sys_if_done(struct sys *s)
{
	bool at_once = s->host->switches.exited_system == SWITCH_EXITED_SYSTEM_AT_ONCE;

	if (s->state == SYS_STOPPED && (s->n_handles == 0 || at_once))
		forget(s);
}

void compute_end(struct sys *s, bool force)
{
	s->is_ending = true;
	s->is_forced = s->is_forced || force;
	crash_hosted(s);
	for (struct proc *p = s->procs; p; p = p->next) {
		if (p->is_ended)
			continue;
		p->is_terminated = p->is_terminated || force;
		p->is_told = p->is_told || !force;
		(void)kill(-p->pid, force ? SIGKILL : SIGTERM); /* not waited for: still ours */
	}
	if (s->silo.init == 0 && !machine_hosts(s))
		compute_stop(s); /* was never started */
	else if (force || !has_living(s))
		silo_kill(&s->silo);
}

void compute_stop(struct sys *s)
{
	struct call *waiting[2] = { s->waiting[0], s->waiting[1] };
	struct sys *machine = machine_of(s);

	if (!s->is_ending) {
		s->exit_status = HCS_E_UNEXPECTED_EXIT;
		s->exit_type = "UnexpectedExit";
	} else {
		s->exit_type = s->is_forced ? "ForcedExit" : "GracefulExit";
	}
	s->state = SYS_STOPPED;
	s->waiting[0] = s->waiting[1] = NULL;
	(void)compute_save(s, NULL); /* lost_systems asks for no more than that it was there */
	tell_end(s, "SystemExited", s, sys_exit_status(s));
	for (int i = 0; i < 2; i++)
		if (waiting[i])
			call_finish(waiting[i], S_OK);
	drop_sys_if_done(s);
	if (machine && machine->state == SYS_RUNNING && machine->silo.init == 0 &&
	    !machine_hosts(machine))
		compute_stop(machine); /* it had ended before and waited for this */
}

void compute_closed(struct compute *m, const struct handle *hd)
{
	(void)m;
	if (hd->kind == HANDLE_PROCESS) {
		struct proc *p = hd->object;

		p->n_handles--;
		drop_proc_if_done(p);
		return;
	}
	struct sys *s = hd->object;

	s->n_handles--;
	if (s->n_handles == 0 && s->must_end_with_handles && s->state != SYS_STOPPED)
		compute_end(s, true);
	else
		drop_sys_if_done(s);
}

void compute_name(const struct handle *hd, struct buf *out)
{
	const struct proc *p = hd->object;

	if (!hd->object)
		return;
	if (hd->kind == HANDLE_SYSTEM)
		buf_puts(out, ((const struct sys *)hd->object)->id);
	else
		buf_printf(out, "%s/%d", p->sys->id, p->pid);
}

/* One that nobody holds and that does not stay for it. */
static struct sys *find_unheld(const struct compute *m)
{
	for (struct sys *s = m->systems; s; s = s->next)
		if (s->state == SYS_STOPPED || (s->must_end_with_handles && !s->is_ending))
			return s;
	return NULL;
}

void compute_forget_handles(struct compute *m)
{
	struct sys *s;

	for (s = m->systems; s; s = s->next) {
		s->n_handles = 0;
		for (struct proc *p = s->procs; p; p = p->next)
			p->n_handles = 0;
	}
	while ((s = find_unheld(m))) {
		if (s->state == SYS_STOPPED)
			drop_sys_if_done(s);
		else
			compute_end(s, true);
	}
}

/* Their processes first, then the init, which ends when they have been waited for. */
static void reap_silo(struct sys *s)
{
	int status;

	compute_end(s, true);
	for (struct proc *p = s->procs; p; p = p->next) {
		if (p->is_ended)
			continue;
		while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
			;
		p->exit_code = exit_code_of(p, status);
		p->is_ended = true;
	}
	while (waitpid(s->silo.init, NULL, 0) < 0 && errno == EINTR)
		;
	silo_done(&s->silo);
}

static struct sys *find_kind(const struct compute *m, bool is_machine)
{
	for (struct sys *s = m->systems; s; s = s->next)
		if (s->is_machine == is_machine)
			return s;
	return NULL;
}

static void kill_one(struct sys *s)
{
	unlink_handles(s); /* so that the end leaves nothing behind */
	s->n_handles = 0;
	if (s->silo.init == 0) {
		s->state = SYS_STOPPED;
		forget(s);
		return;
	}
	reap_silo(s);
	compute_stop(s);
}

void compute_kill_all(struct compute *m)
{
	struct sys *s;

	for (int is_machine = 0; is_machine < 2; is_machine++)
		while ((s = find_kind(m, is_machine)))
			kill_one(s);
}
