/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The OCI runtime programs (youki, crun, runc) as functions. Each call is one
 * process with a deadline; absolute paths only; a clean environment. Never their
 * `list` (one broken file breaks it) nor their `kill` (no identity check).
 *
 * Errors: -ERR_UNAVAILABLE the program is not there or cannot be run; -ERR_TIMEOUT it
 * hung and was killed, effect unknown; -ERR_NOT_FOUND, -ERR_INVALID what the
 * container wants cannot be had (trying again changes nothing); -ERR_CORRUPT it
 * printed rubbish; -ERR_IO everything else, with what it said in one line.
 */
#include "backends/oci_state.h"
#include "base/process.h"

struct oci_program {
	const char *name; /* "crun" */
	const char *path; /* absolute */
	const char *version;
	const char *root; /* its state root, absolute */
	struct process_waiter *waiter;
};

struct oci_call {
	const struct oci_program *program;
	const char *id;
	const char *bundle; /* absolute; where the log of the call is written */
	struct mono deadline;
};

/** oci_program_find() - absolute path of @name, looked for where programs are; NULL: not there */
const char *oci_program_find(const char *name, struct arena *a);

/** oci_program_name() - which of the three stands at @path, by its file name; NULL: none */
const char *oci_program_name(const char *path);

/** oci_program_names() - youki, crun, runc: the order of preference; ends with NULL */
const char *const *oci_program_names(void);

/** oci_program_version() - first line of `--version`, without the name */
int oci_program_version(const struct oci_program *p, struct mono deadline, struct arena *a,
			const char **ret, struct error *err);

/**
 * oci_program_create() - make the container of the bundle; its process waits for start
 * @fds: stdin, stdout, stderr of the container; -1: /dev/null
 *
 * Writes <bundle>/pid. In the caller's mount namespace.
 */
int oci_program_create(const struct oci_call *c, const int fds[3], struct error *err);
int oci_program_start(const struct oci_call *c, struct error *err);
int oci_program_state(const struct oci_call *c, struct arena *a, struct oci_state *ret,
		      struct error *err);
/** oci_program_resume() - let a container go on that the program itself has frozen */
int oci_program_resume(const struct oci_call *c, struct error *err);
/** oci_program_delete() - only on proof that the process has ended, or for one never started */
int oci_program_delete(const struct oci_call *c, bool force, struct error *err);

struct oci_exec {
	const char *process_file; /* absolute: the process document */
	const char *log_file;     /* absolute: where the program says what went wrong */
	const char *pid_file;     /* absolute: where its pid on the host is written */
	const char *console;      /* absolute path of a listening socket; NULL: no terminal */
	int fds[3];
	const volatile bool *cancel;
};

/** oci_program_exec() - run one more process in it; returns its exit code at its end. Canceled, the
 *  program is gone and the process may live on.
 *  -ERR_NOT_FOUND: there is no such program in it, or it does not run */
int oci_program_exec(const struct oci_call *c, const struct oci_exec *x, int *ret_code,
		     struct error *err);
