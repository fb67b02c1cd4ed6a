/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Compute systems and their processes: vmcompute's share.
 *
 *   Created ──start──▶ Running ──processes told to end, all have ended──▶ Stopped ─▶ gone
 *      └──────────────────┴──────────────terminate──────────────────────────▲
 *
 * A Running system has a silo; it goes on running without any process, until it is shut down or
 * terminated. A Stopped one stays until its last handle is closed (switch exited_system).
 */
#include "backends/hcs_sim/host/calls.h"
#include "backends/hcs_sim/host/silo.h"

enum sys_state { SYS_CREATED, SYS_RUNNING, SYS_STOPPED };

struct proc {
	struct proc *next;
	struct sys *sys;
	pid_t pid; /* on this host: what HCS calls ProcessId */
	char *image_name;
	int64_t started_us; /* wall */
	int n_handles;
	bool is_ended;      /* its exit code is known */
	bool is_terminated; /* by HcsTerminateProcess or with its system */
	bool is_told;       /* to end, by a signal that a program takes as Ctrl-C */
	uint32_t exit_code;
};

struct sys {
	struct sys *next;
	struct host *host;
	char *id, *owner; /* owner: "" when none was given */
	GUID runtime_id;
	enum sys_state state;
	struct json_object *config; /* the create document, with what was modified since */
	struct json_object *guest;  /* of a machine: what its guest was told */
	bool must_end_with_handles; /* ShouldTerminateOnLastHandleClosed */
	bool is_machine;            /* virtual, see machine.h */
	bool is_ending;             /* shutdown or terminate is under way */
	bool is_forced;             /* it is terminate */
	int n_handles;
	int64_t created_us, started_us; /* wall; started 0: never */
	struct silo silo;
	struct proc *procs;      /* newest first */
	struct call *waiting[2]; /* HcsShutDownComputeSystem, HcsTerminateComputeSystem; NULL */
	HRESULT exit_status;
	const char *exit_type; /* static */
};

struct compute {
	struct host *host;
	struct sys *systems; /* in the order of their ids */
};

/** compute_load() - systems of a keeper that is gone, as lost_systems says */
int compute_load(struct host *h, struct error *err);

/** compute_free() - all silos were killed and waited for before */
void compute_free(struct compute *m);

/** compute_find() - by id; NULL */
struct sys *compute_find(const struct compute *m, const char *id);

/** compute_add() - a new system, Created; -ERR_LIMIT for a bad id, and file errors */
int compute_add(struct compute *m, const char *id, struct json_object *config, struct sys **ret,
		struct error *err);

/** compute_save() - write its file; a failure is the call's */
int compute_save(struct sys *s, struct error *err);

/** compute_end() - begin its end: tell its processes, or (@force) kill the silo; a machine's takes
 * what it hosts along. May free any */
void compute_end(struct sys *s, bool force);

/** compute_stop() - it has ended: handles hear of it, waiting calls finish; may free @s */
void compute_stop(struct sys *s);

/** compute_reaped() - a child of the keeper has ended */
void compute_reaped(struct compute *m, pid_t pid, int status);

/** compute_closed() - a handle on a system or process was closed; may free what it was on */
void compute_closed(struct compute *m, const struct handle *hd);

/** compute_name() - what a handle of its kinds is on: "id" or "id/pid" */
void compute_name(const struct handle *hd, struct buf *out);

/** compute_kill_all() - all silos, waited for; systems become Stopped, and go */
void compute_kill_all(struct compute *m);

/** compute_forget_handles() - after clients_lose(): no handle counts any more */
void compute_forget_handles(struct compute *m);

/** proc_find() - a process of a system by pid, the newest of that number; NULL */
struct proc *proc_find(const struct sys *s, pid_t pid);

/** proc_status() - {"ProcessId", "Exited", "ExitCode", "LastWaitResult"} */
struct json_object *proc_status(const struct proc *p);

const char *sys_state_to_string(const struct sys *s); /* "Running" and so on */

/** sys_exit_status() - {"Status", "ExitType"} of a Stopped one */
struct json_object *sys_exit_status(const struct sys *s);

/* Parts of the create document; NULL where it does not say. */
struct json_object *sys_container(const struct sys *s);
const char *sys_namespace(const struct sys *s);
const char *sys_host_name(const struct sys *s);
const char *sys_storage_path(const struct sys *s);

/** compute_statistics() - the Statistics of a property query */
struct json_object *compute_statistics(const struct sys *s);

/** compute_process_list() - ProcessList of a property query: those that live */
struct json_object *compute_process_list(const struct sys *s);
