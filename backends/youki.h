/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the parts of the OCI runtime (runtime_youki, youki_*) share. One struct youki
 * per shim. A box is what we know in memory of one instance; the bundle directory is
 * the truth, a new shim reads its boxes from there.
 *
 * y->lock guards the table and the fields of every box that change. It is never held
 * over a file, a process or a call into the reaper.
 */
#include <pthread.h>
#include <uthash.h>

#include "backends/image_dir.h"
#include "backends/oci_bundle.h"
#include "backends/oci_cgroup.h"
#include "backends/oci_program.h"
#include "backends/oci_record.h"
#include "backends/quarantine.h"
#include "backends/runtime_youki.h"
#include "backends/shim_log_file.h"
#include "base/limits.h"

struct youki_box {
	char id[LIMIT_RUNTIME_ID + 1];
	struct youki *y;
	struct arena *arena;   /* holds the record's strings */
	struct oci_record rec; /* set before the box is shown; program NULL: no record at all */
	bool busy;             /* create or remove is at it */
	bool watched;          /* the reaper will call us */
	bool ended;
	bool spoilt;                  /* its start was refused: it can only be taken away */
	bool logged;                  /* its log was closed */
	struct oci_process_note note; /* note.id.pid 0: no process is known */
	struct instance_exit exit;
	const char *limits; /* as the kernel showed them when they were set; NULL: not known */
	UT_hash_handle hh;
};

enum { YOUKI_MAX_NAMES = 3 }; /* of programs */

struct youki_candidate;
struct stat;

struct youki {
	struct runtime rt; /* first: the vtable's view of us */
	struct arena *arena;
	struct layout layout;
	const char *node_id;
	const char *given_path; /* runtime.oci.path where an instance names none; NULL: as found */
	char boot_id[PROCESS_BOOT_ID_SIZE];
	struct shim_reaper *reaper;
	struct shim_log *log;
	struct runtime_sink sink;
	struct image_dir *images; /* opened with the first use */
	int host_ns;
	struct oci_cgroups cgroups;
	struct oci_facts facts; /* what does not change */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* a box ended */
	struct youki_box *boxes;

	pthread_mutex_t probe_lock;
	struct youki_candidate *candidates; /* a list in the arena */
	uint64_t n_execs;                   /* under lock: names their files */
};

static inline struct youki *youki_of(struct runtime *rt)
{
	return (struct youki *)(void *)rt;
}

/* youki_box.c: the table */

/** youki_box_find() - under the lock; NULL */
struct youki_box *youki_box_find(struct youki *y, const char *id);
/** youki_box_new() - a busy box in the table; NULL when there is one. Takes the lock */
struct youki_box *youki_box_new(struct youki *y, const char *id);
/** youki_box_settle() - no longer busy */
void youki_box_settle(struct youki_box *box);
/** youki_box_drop() - out of the table and freed; nobody watches it any more */
void youki_box_drop(struct youki_box *box);
/** youki_box_take() - the box for a change: busy; NULL when there is none.
 *  -ERR_CONFLICT when another call is at it */
int youki_box_take(struct youki *y, const char *id, struct youki_box **ret, struct error *err);
/** youki_box_ended() - the reaper's call; @arg is the box */
void youki_box_ended(void *arg, pid_t pid, bool has_code, int code);
/** youki_box_await_exit() - give the reaper a moment to say how a dead process ended */
void youki_box_await_exit(struct youki *y, const char *id);
/** youki_box_log() - where its output goes; path NULL: nowhere */
struct shim_log_place youki_box_log(const struct youki_box *box);
/** youki_box_cgroup() - its control group, wherever groups began when it was made; never another's
 */
const char *youki_box_cgroup(const struct youki_box *box, struct arena *a);
/** youki_box_copy() - a snapshot, strings in @a */
struct youki_box youki_box_copy(const struct youki_box *box, struct arena *a);
/** youki_box_quarantine() - of instance @id; its dir is the caller's matter */
struct quarantine youki_box_quarantine(const struct youki *y, const char *id);
/** youki_box_look() - is its first process alive? GONE too when it never had one */
int youki_box_look(struct youki *y, const struct youki_box *copy, enum process_state *ret,
		   struct error *err);
/** youki_box_view() - the snapshot as an instance: looks at process, freezer and state directory,
 *  starts nothing. Waits a moment for the reaper's word about a process that just died; without
 *  it the state is UNKNOWN, never an end without its code */
int youki_box_view(struct youki *y, const struct youki_box *copy, struct arena *a,
		   struct instance *ret, struct error *err);

/* youki_program.c: which program */

/**
 * youki_program_choose() - the first that works
 * @given: only this path; NULL: youki, crun, runc, wherever they are
 *
 * Return: 0; -ERR_UNSUPPORTED: none, and trying again alone changes nothing; -ERR_UNAVAILABLE: one
 *         gave no answer in time, or could not be asked.
 */
int youki_program_choose(struct youki *y, const char *given, struct mono deadline,
			 const struct oci_program **ret, struct error *err);
/** youki_program_probe() - the operation: tries all */
int youki_program_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			struct error *err);
/** youki_program_of() - the one that made an instance; -ERR_UNAVAILABLE when it is gone */
int youki_program_of(struct youki *y, const struct oci_record *rec, struct arena *a,
		     struct oci_program *ret, struct error *err);

/** youki_probe() - make and delete a container with @p (youki_probe.c). > 0: it refuses, see @err;
 *  < 0: there was no answer, or what it needs could not be laid out */
enum { YOUKI_REFUSES = 1 };
int youki_probe(struct youki *y, const struct oci_program *p, struct mono deadline,
		struct error *err);

/** youki_program_doubt() - it failed; what only an earlier shim has seen it do is proved again */
void youki_program_doubt(struct youki *y, const struct oci_program *p);

/* youki_verdict.c: what was proved in this boot, for the next shim. @file: the program's */

/** youki_verdict_recall() - true: @p works here; *ret_version in @a */
bool youki_verdict_recall(const struct youki *y, const struct oci_program *p,
			  const struct stat *file, struct arena *a, const char **ret_version);
void youki_verdict_save(const struct youki *y, const struct oci_program *p,
			const struct stat *file);
void youki_verdict_forget(const struct youki *y, const struct oci_program *p);

/* youki_facts.c: the host */
int youki_facts_read(struct youki *y, struct error *err);
/** youki_facts_now() - the same with what may change: name servers, hosts */
struct oci_facts youki_facts_now(const struct youki *y, struct arena *a);

/* youki_root.c: inside of a container's root; @root is a descriptor of its directory */

int youki_root_user(int root, const char *user, const struct strings *extra, struct arena *a,
		    struct oci_user *ret, struct error *err);
/** youki_root_workdir() - make @path there, as docker does, with what is missing above it.
 *  -ERR_INVALID: something in its way is no directory */
int youki_root_workdir(int root, const char *path, struct error *err);
/** youki_root_modes() - runc gives a tmpfs the mode of the directory it hides: give it that of the
 *  file. -ERR_INVALID as above */
int youki_root_modes(int root, const struct storages *storage, struct error *err);

/* youki_devices.c */

/** youki_devices() - the nodes a service's containers get; -ERR_NOT_FOUND, -ERR_INVALID for a named
 *  one that is none */
int youki_devices(const struct service *s, struct arena *a, struct oci_device **ret, size_t *ret_n,
		  struct error *err);

/* youki_limits.c */

/** youki_limits_complete() - what the programs leave out of a new instance's control groups */
int youki_limits_complete(const struct youki *y, const char *path, const struct resources_spec *res,
			  struct arena *a, struct error *err);
/** youki_limits_update() - all limits of a living one */
int youki_limits_update(const struct youki *y, const char *path, const struct resources_spec *res,
			struct arena *a, struct error *err);

/* youki_drift.c: limits that somebody else has changed */

/** youki_drift_note() - they are as they shall be: remember them, also for the next shim */
void youki_drift_note(struct youki *y, const char *id, const char *cgroup);
/** youki_drift_forget() - about to be changed by us: no look compares until they are noted again */
void youki_drift_forget(struct youki *y, const char *id);
/** youki_drift_recall() - what an earlier shim remembered */
void youki_drift_recall(struct youki *y, const char *id);
/** youki_drift_tell() - "memory.max 64, not 32"; NULL: they are as remembered, or nothing is */
const char *youki_drift_tell(const struct youki *y, const struct youki_box *copy, struct arena *a);

/** youki_images() - the image store of this node, opened when first needed */
int youki_images(struct youki *y, struct image_dir **ret, struct error *err);

/* Operations, one file each. */
int youki_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		 struct arena *a, struct instance *ret, struct error *err);
int youki_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int youki_signal(struct runtime *rt, const char *id, int sig, struct error *err);
int youki_update(struct runtime *rt, const struct instance_spec *spec, struct error *err);
int youki_stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct error *err);
int youki_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int youki_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code, struct error *err);
int youki_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err);
int youki_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		  struct error *err);

/** youki_remove_all() - everything of @box, whose own process is proved gone; repeatable.
 *  -ERR_CONFLICT: something in its control group does not end */
int youki_remove_all(struct youki *y, const struct youki_box *box, struct mono deadline,
		     struct error *err);

/** youki_settle_end() - @box's process and all that came of it are proved gone, its end is told;
 *  the caller's box. -ERR_CONFLICT: it lives */
int youki_settle_end(struct youki *y, struct youki_box *box, struct mono deadline,
		     struct error *err);
/** youki_remove_states() - the state directories of @id, of whichever program; absent is success */
int youki_remove_states(struct youki *y, const char *id, struct error *err);

/** youki_drop_kept() - what is in quarantine of @id, and the lease for it; none is success */
int youki_drop_kept(struct youki *y, const char *id, struct error *err);

/** youki_leftovers - the table of leftovers.h (youki_leftovers.c) */
extern const struct leftovers_ops youki_leftovers;

/** youki_adopt_all() - at open: every bundle of ours becomes a box, living ones are watched */
int youki_adopt_all(struct youki *y, struct error *err);
/** youki_adopt_bundle() - one; 0 also when it is somebody else's (then there is no box) */
int youki_adopt_bundle(struct youki *y, const char *id, struct error *err);
/** youki_adopt_leftover() - a box without a record for something that has only that name */
void youki_adopt_leftover(struct youki *y, const char *id);
