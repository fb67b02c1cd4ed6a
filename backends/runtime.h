/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Runtime: something that makes containers. The instance embeds `struct runtime`
 * first and points ops at one const table at the end of its file. Callers use the
 * runtime_*() wrappers, never ops: they check arguments and name the runtime in errors.
 *
 * Threads: every operation is called from worker threads, several at once, never
 * two at once for the same instance, and never from the loop. Each may block, but
 * only on the runtime's own work: no operation waits for a container. Bounded by
 * `deadline` of the struct runtime_call; a call that runs out of time answers
 * -ERR_TIMEOUT and its effect is unknown: look again.
 *
 * Arguments are the caller's and valid for the call; results live in the given arena.
 * "Already so" is an outcome (> 0), never an error. An error is never absence:
 * only RUNTIME_ABSENT is. What is no runtime id, or a spec that does not fit its id, is
 * -ERR_INVALID before any runtime is asked. tests/backends/runtime_contract*.c is all this as
 * tests.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "specs/layout.h"
#include "specs/observed.h"
#include "specs/step.h"

struct runtime;

/* Outcomes; each operation says which it gives. */
enum runtime_outcome {
	RUNTIME_ABSENT = 1,  /* no such instance: proved, by asking for exactly that */
	RUNTIME_ALREADY = 2, /* it is so already; nothing was done */
	RUNTIME_GONE = 3,    /* signal: its process has ended */
};

enum runtime_caps {
	RUNTIME_CAP_UPDATE = 1 << 0, /* limits change in place */
	RUNTIME_CAP_EXEC = 1 << 1,
	RUNTIME_CAP_STATS = 1 << 2,
	RUNTIME_CAP_LINUX = 1 << 3, /* runs Linux images */
	RUNTIME_CAP_WINDOWS = 1 << 4,
	RUNTIME_CAP_MODEL = 1 << 5,   /* makes nothing real: takes every image and every platform */
	RUNTIME_CAP_ADDRESS = 1 << 6, /* its instances have the address that the spec names */
};

/* An instance's first process ended; told once to each sink that had it at the time, also of one
 * never started. Called from a thread of the runtime; the receiver copies and returns. The code is
 * on disk before this is called, and this before a remove of the instance is done. */
struct runtime_exit {
	const char *id;
	bool has_code;
	int code; /* 0..255, 128 + signal */
	struct wall at;
};

struct runtime_sink {
	void (*exited)(void *arg, const struct runtime_exit *e);
	/* The connection to the runtime broke: exits may have been missed, look again. May be NULL.
	 */
	void (*lost)(void *arg);
	void *arg;
};

/* One program a runtime could use, as probe found it. */
struct runtime_candidate {
	const char *name;    /* "crun" */
	const char *path;    /* absolute; NULL when not found */
	const char *version; /* NULL unknown */
	bool usable;
	const char *why;    /* why not, in one line; NULL when usable */
	const char *remedy; /* what the operator can type; may be NULL */
};

struct runtime_info {
	bool available;
	const char *os;     /* "linux", "windows" */
	const char *arch;   /* "amd64", "arm64" */
	const char *chosen; /* name of the candidate used for new instances; NULL */
	const char *why;    /* why it is not available; NULL when it is */
	struct runtime_candidate *candidates;
	size_t n_candidates;
	const char *stays;    /* what is left on the host without an instance, and why; NULL */
	const char *notes[8]; /* facts for doctor: "cgroup v1", …; NULL-terminated */
};

struct runtime_exec {
	const char *id;
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* "K=V", added to the container's; NULL-terminated or NULL */
	const char *user;        /* NULL: the container's */
	const char *workdir;     /* NULL: the container's */
	bool tty;
	int fds[3]; /* the caller's stdin, stdout, stderr; -1: nothing */
	const volatile bool *cancel;
};

struct runtime_stats {
	uint64_t cpu_us;
	uint64_t memory_bytes;
	uint64_t n_processes;
};

struct runtime_ops {
	const char *name;

	/** What is there to run with; fills @ret also when nothing is. */
	int (*probe)(struct runtime *rt, struct arena *a, struct runtime_info *ret,
		     struct error *err);

	/** Have the layers of @digest ready. RUNTIME_ALREADY. -ERR_NOT_FOUND: no such image here.
	 */
	int (*stage)(struct runtime *rt, const char *digest, struct mono deadline,
		     struct error *err);

	/** All instances of this owner and node, sorted. Complete; or fails; or says with partial
	 *  and missing that a part of the node could not be asked (a composite). */
	int (*list)(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err);

	/** One instance. RUNTIME_ABSENT: nothing of that id is left anywhere on the runtime. */
	int (*inspect)(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		       struct error *err);

	/**
	 * Make it; its process waits for start. RUNTIME_ALREADY: an instance with that id is
	 * there, *ret shows it. After a failure nothing of it is left, or inspect shows BROKEN.
	 * -ERR_INVALID, -ERR_NOT_FOUND, -ERR_UNSUPPORTED: trying again changes nothing.
	 * -ERR_EXISTS: somebody else on the host has its address: another one may do.
	 */
	int (*create)(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		      struct arena *a, struct instance *ret, struct error *err);

	/** Let it run. RUNTIME_ALREADY when it runs, or has ended. -ERR_NOT_FOUND: no such
	 *  instance. -ERR_CONFLICT: it is BROKEN and must be removed. */
	int (*start)(struct runtime *rt, const char *id, struct mono deadline, struct error *err);

	/** Deliver @sig to its first process (SIGKILL: to all of it) and return. A paused one is
	 *  thawed first. RUNTIME_ABSENT, RUNTIME_GONE. */
	int (*signal)(struct runtime *rt, const char *id, int sig, struct error *err);

	/** Take away all that belongs to it. RUNTIME_ABSENT. -ERR_CONFLICT: its process lives.
	 *  After a failure it can be called again, after success the id is as new. */
	int (*remove)(struct runtime *rt, const char *id, struct mono deadline, struct error *err);

	/** Run a program inside; returns when it ended. -ERR_NOT_FOUND: not running, no program. */
	int (*exec)(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		    struct error *err);

	/** Change limits of a living instance to @spec's, and thaw it; what it shows as config_hash
	 *  stays that of its create. -ERR_UNSUPPORTED. -ERR_NOT_FOUND: none, or it has ended. */
	int (*update)(struct runtime *rt, const struct instance_spec *spec, struct error *err);

	/** What it uses; one that has ended, no process. RUNTIME_ABSENT. -ERR_UNSUPPORTED. */
	int (*stats)(struct runtime *rt, const char *id, struct runtime_stats *ret,
		     struct error *err);

	/** Release @rt. Containers stay. */
	void (*close)(struct runtime *rt);
};

struct leftovers_ops;

struct runtime {
	const struct runtime_ops *ops;
	const char *name; /* "youki", "hcs", "memory": what rows and steps call it */
	unsigned caps;
	const struct leftovers_ops *leftovers; /* leftovers.h; NULL: it cannot tell */
};

int runtime_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret, struct error *err);
int runtime_stage(struct runtime *rt, const char *digest, struct mono deadline, struct error *err);
int runtime_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err);
int runtime_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		    struct error *err);
int runtime_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		   struct arena *a, struct instance *ret, struct error *err);
int runtime_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int runtime_signal(struct runtime *rt, const char *id, int sig, struct error *err);
int runtime_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int runtime_run_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		     struct error *err);
int runtime_update(struct runtime *rt, const struct instance_spec *spec, struct error *err);
int runtime_read_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		       struct error *err);
void runtime_close(struct runtime *rt); /* NULL is fine */
CLEAN_DEFINE(runtime, struct runtime *, runtime_close)

/**
 * runtime_check_id() - what all of the above do first; for who calls ops with ids from outside
 * runtime_check_spec() - the same, and that the rest of @spec says what its id says
 *
 * Return: 0; -ERR_INVALID.
 */
int runtime_check_id(const char *id, struct error *err);
int runtime_check_spec(const struct instance_spec *spec, struct error *err);

/** runtime_unsupported() - the error for an operation a runtime does not have */
int runtime_unsupported(struct runtime *rt, const char *what, struct error *err);
