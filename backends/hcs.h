/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the parts of the HCS runtime (runtime_hcs, hcs_box, hcs_create …) share. One struct hcs per
 * shim. A box is what we know in memory of one instance: its record, its handles, its end; the
 * directory <state>/hcs/<id> and the service are the truth, a new shim makes its boxes from them.
 *
 * h->lock guards the table and the fields of every box that change. It is never held over a call of
 * the service or over a file. A box that is busy belongs to the call that made it so: only that one
 * uses and closes its handles. Others open handles of their own by id.
 */
#include <pthread.h>
#include <uthash.h>

#include "backends/hcs_call.h"
#include "backends/hcs_layers.h"
#include "backends/hcs_record.h"
#include "backends/hcs_reply.h"
#include "backends/hcs_spec.h"
#include "backends/image_dir.h"
#include "backends/network_hcn.h"
#include "backends/quarantine.h"
#include "backends/runtime_hcs.h"
#include "base/limits.h"

struct hcs;
struct hcs_events;

#define HCS_KILLED_CODE (128 + 9) /* of an instance ended by SIGKILL, as on Linux */

struct hcs_box {
	char id[LIMIT_RUNTIME_ID + 1];
	struct hcs *h;
	struct arena *arena;             /* holds the strings of rec and note */
	struct hcs_record rec;           /* id NULL: no record at all, a leftover */
	bool busy;                       /* create, start or remove is at it */
	struct hcs_process process_spec; /* as in `command`; command_line NULL: not known, and so it
					  * cannot be started */
	bool has_note;                   /* its entry process was made, or about to be */
	struct hcs_process_note note;    /* pid 0: nobody knows it any more */
	bool killed; /* by us, with its system: whatever code the service made up for that */
	bool ended;
	struct instance_exit exit;
	HCS_SYSTEM sys;      /* open for its events; NULL: not, or the service has dropped it */
	HCS_PROCESS process; /* the entry process, likewise */
	UT_hash_handle hh;
};

struct hcs {
	struct runtime rt; /* first: the vtable's view of us */
	struct arena *arena;
	struct layout layout;
	const char *node_id;
	char boot_id[64];
	const char *library; /* NULL: the system's */
	struct hcs_api *api;
	struct hcs_limbo *limbo;
	struct network_hcn *network;
	struct shim_log *log;
	struct runtime_sink sink;
	struct hcs_version version;
	struct hcs_host host;
	struct hcs_events *events;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* a box ended, or is no longer busy */
	struct hcs_box *boxes;
	struct image_dir *images;  /* opened with the first use */
	pthread_mutex_t importing; /* one import at a time: images share layers */
};

static inline struct hcs *hcs_of(struct runtime *rt)
{
	return (struct hcs *)(void *)rt;
}

/* hcs_box.c: the table */

/** hcs_box_find() - under the lock; NULL */
struct hcs_box *hcs_box_find(struct hcs *h, const char *id);
/** hcs_box_new() - a busy box in the table; NULL when there is one. Takes the lock */
struct hcs_box *hcs_box_new(struct hcs *h, const char *id);
/** hcs_box_take() - the box for a change: busy; NULL when there is none.
 *  -ERR_CONFLICT when another call is at it */
int hcs_box_take(struct hcs *h, const char *id, struct hcs_box **ret, struct error *err);
/** hcs_box_settle() - no longer busy */
void hcs_box_settle(struct hcs_box *box);
/** hcs_box_close() - give the handles back; the caller's box */
void hcs_box_close(struct hcs_box *box);
/** hcs_box_drop() - out of the table and freed, handles and all */
void hcs_box_drop(struct hcs_box *box);
/** hcs_box_copy() - a snapshot without handles, strings in @a; false when there is none */
bool hcs_box_copy(struct hcs *h, const char *id, struct arena *a, struct hcs_box *ret);
/** hcs_box_quarantine() - of instance @id; its dir is the caller's matter */
struct quarantine hcs_box_quarantine(const struct hcs *h, const char *id);
/** hcs_box_set_note() - the entry process, on disk and in memory; strings are copied */
int hcs_box_set_note(struct hcs_box *box, const struct hcs_process_note *note, struct error *err);
/** hcs_box_end() - how it ended, on disk, in memory, to the log and to the sink; once: later calls
 *  for the same box change nothing */
void hcs_box_end(struct hcs *h, const char *id, const struct instance_exit *e);
/** hcs_box_images() - the image store of this node, opened when first needed */
int hcs_box_images(struct hcs *h, struct image_dir **ret, struct error *err);

/* hcs_system.c: one compute system, by calls of the service */

/** hcs_system_open() - HCS_SYSTEM_ABSENT (> 0) when there is none of that id */
enum { HCS_SYSTEM_ABSENT = 1 };
int hcs_system_open(struct hcs *h, const char *id, HCS_SYSTEM *ret, struct error *err);
/** hcs_system_look() - its state and what @properties asks for; HCS_SYSTEM_ABSENT */
int hcs_system_look(struct hcs *h, const char *id, unsigned properties, struct arena *a,
		    struct hcs_properties *ret, struct error *err);
/** hcs_system_list() - all of this owner; complete, or fails */
int hcs_system_list(struct hcs *h, struct arena *a, struct hcs_system **ret, size_t *ret_n,
		    struct error *err);
/** hcs_system_is_ours() - does the service list it for this owner? Its own properties often do not
 *  say whose it is */
int hcs_system_is_ours(struct hcs *h, const char *id, bool *ret, struct error *err);
/** hcs_system_terminate() - end it and see that it is gone; absent is success. -ERR_CONFLICT for
 * one that is not ours; -ERR_TIMEOUT when it is still there at @deadline */
int hcs_system_terminate(struct hcs *h, const char *id, struct mono deadline, struct error *err);
/** hcs_system_create() - make one out of its document
 * @target: its handle, also after some failures
 *
 * -ERR_CONFLICT when one of that id is there, which is not of this call. */
int hcs_system_create(struct hcs *h, const char *id, struct json_object *document,
		      struct mono deadline, struct hcs_target *target, struct error *err);
/** hcs_system_modify() - one change of a running one; @take is freed. -ERR_NOT_FOUND */
int hcs_system_modify(struct hcs *h, const char *id, struct json_object *take, struct mono deadline,
		      struct error *err);
/** hcs_system_error() - 0 or an error out of an answer; HCS_SYSTEM_ABSENT for one about nothing */
int hcs_system_error(const struct hcs_answer *answer, const char *what, struct error *err);

/* hcs_adopt.c */

/** hcs_adopt_all() - at open: every directory of ours becomes a box, living ones are watched */
int hcs_adopt_all(struct hcs *h, struct error *err);
/** hcs_adopt_leftover() - a box without a record for something that has only that name */
void hcs_adopt_leftover(struct hcs *h, const char *id);
/** hcs_adopt_directory() - a box for <state>/hcs/<id>; 0 also when it is somebody else's */
int hcs_adopt_directory(struct hcs *h, const char *id, struct error *err);
/** hcs_adopt_again() - open handles that are missing, after the service lost them; the caller's box
 */
int hcs_adopt_again(struct hcs_box *box, struct error *err);

/* Operations, one file each. */
int hcs_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
	       struct arena *a, struct instance *ret, struct error *err);
int hcs_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int hcs_signal(struct runtime *rt, const char *id, int sig, struct error *err);
int hcs_update(struct runtime *rt, const struct instance_spec *spec, struct error *err);
int hcs_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct error *err);
int hcs_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int hcs_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code, struct error *err);
int hcs_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err);
int hcs_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		struct error *err);

/** hcs_remove_machine() - its utility VM, if it can have one; after its container's system */
int hcs_remove_machine(struct hcs *h, const struct hcs_box *box, struct mono deadline,
		       struct error *err);
/** hcs_remove_rest() - everything of @box that is not a living system; repeatable */
int hcs_remove_rest(struct hcs *h, const struct hcs_box *box, struct error *err);

/** hcs_settle_end() - the process of @box is proved gone, its handles and its system are closed;
 *  the caller's box. -ERR_CONFLICT: it lives */
int hcs_settle_end(struct hcs *h, struct hcs_box *box, struct mono deadline, struct error *err);

/** hcs_drop_kept() - what is in quarantine of @id, and the lease for it; none is success */
int hcs_drop_kept(struct hcs *h, const char *id, struct error *err);

/** hcs_leftovers - the table of leftovers.h (hcs_leftovers.c) */
extern const struct leftovers_ops hcs_leftovers;
