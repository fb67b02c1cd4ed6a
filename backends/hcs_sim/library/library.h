/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The library's state: one for the process, as a DLL has it, and one lock around all of it.
 * Threads: those of the program, which wait here for answers; the reader, which takes what the
 * keeper says; and the one that runs callbacks (callbacks.h). None of ours handles signals.
 *
 * A handle is a number with a generation, so that one that was closed is E_HANDLE and no accident.
 * Objects behind handles are counted: a call in flight keeps its object.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/hcs_result.h"
#include "backends/hcs_types.h"
#include "base/json.h"

enum object_kind {
	OBJECT_OPERATION = 1,
	OBJECT_SYSTEM,
	OBJECT_PROCESS,
	OBJECT_NETWORK,
	OBJECT_NAMESPACE,
	OBJECT_ENDPOINT,
	OBJECT_CALLBACK,
};

enum operation_state { OPERATION_UNUSED, OPERATION_RUNNING, OPERATION_DONE };

struct operation {
	enum operation_state state;
	HCS_OPERATION_TYPE type;
	int64_t id;
	HRESULT hr;
	char *document; /* NULL: none */
	DWORD pid;
	int pipes[3];      /* the caller's ends, until it has fetched them; -1 */
	struct object *on; /* the system or process it was started on; counted; NULL */
	HCS_OPERATION_COMPLETION callback;
};

struct object {
	struct object *next; /* of all that are open */
	enum object_kind kind;
	uintptr_t handle;
	int refs;
	int64_t number; /* the keeper's */
	uint64_t epoch; /* of the connection it belongs to */
	bool is_closed;
	/* of systems, processes and callbacks */
	bool is_ended; /* `exit` is how */
	char *exit;
	HCS_EVENT_CALLBACK on_event;
	HCS_EVENT_OPTIONS event_options;
	HCN_NOTIFICATION_CALLBACK on_notification;
	void *context; /* of whatever callback it has */
	int console;   /* of a process with an emulated console that was made here; -1 */
	struct operation op;
};

struct request; /* connection.h */
struct event;   /* callbacks.h */

struct library {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* anything somebody may wait for; by the monotonic clock */
	char *dir;              /* of the simulated host */
	char *program;          /* its keeper */
	int dirfd;              /* -1: not yet */
	int socket;             /* -1: no connection */
	uint64_t epoch;         /* counts connections */
	int64_t last_id;        /* of calls and operations */
	uintptr_t last_handle;
	struct object *objects;
	struct request *waiting;
	struct event *events, **last_event;
	bool has_dispatcher;
	pthread_t dispatcher;
	struct object *running; /* its callback runs right now */
};

/** library_lock() - the one there is, ready for use; library_unlock() gives it back */
struct library *library_lock(void);
void library_unlock(struct library *l);

/** library_find_host() - set dir and program from the environment, or from where the library lies
 */
void library_find_host(struct library *l);

/** library_wait() - until something changes or @deadline_us (monotonic; INT64_MAX: none) is past */
bool library_wait(struct library *l, int64_t deadline_us); /* false: it is past */

/** library_deadline() - in @timeout_ms from now; INFINITE is INT64_MAX */
int64_t library_deadline(DWORD timeout_ms);

/* --- objects; all with the lock held (objects.c) ------------------------------------------ */

/** object_new() - open, with one reference for the handle */
struct object *object_new(struct library *l, enum object_kind kind);

/** object_get() - the open object of a handle, counted once more; NULL: no such handle */
struct object *object_get(struct library *l, const void *handle, enum object_kind kind);

/** object_put() - one reference less; NULL is fine */
void object_put(struct object *o);

/** object_close() - the handle is no more; waits for its callback, unless called from it */
void object_close(struct library *l, struct object *o);

/** object_by_number() - the system or process the keeper calls so, not counted; NULL */
struct object *object_by_number(struct library *l, int64_t number);

/** object_lost() - the code of a handle whose service is gone, S_OK while it is there */
HRESULT object_lost(const struct library *l, const struct object *o);
