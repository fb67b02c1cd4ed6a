/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Documents about processes in a container: how one is started, signalled and changed. Pure; the
 * caller frees what is returned. */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "specs/step.h"

struct hcs_process {
	const char *command_line; /* hcs_cmdline.h */
	const char *application;  /* the program's path; NULL: the line's first word */
	const char *workdir;      /* absolute; NULL: the system's choice */
	const char *user;         /* "ContainerUser"; NULL: the system's choice */
	const struct env_var *env;
	size_t n_env; /* no two names that differ in case only */
	bool with_stdin, with_stdout, with_stderr;
	bool with_console;   /* a terminal: stderr comes out of stdout */
	uint16_t rows, cols; /* of it */
};

/** hcs_process_start() - HcsCreateProcess */
struct json_object *hcs_process_start(const struct hcs_process *p);

/** hcs_process_close_stdin() - HcsModifyProcess; closing our end of the pipe is not enough */
struct json_object *hcs_process_close_stdin(void);

/** hcs_process_resize() - HcsModifyProcess: the terminal's size */
struct json_object *hcs_process_resize(uint16_t rows, uint16_t cols);

/** hcs_process_signal() - HcsSignalProcess for a Linux signal number; NULL: terminate instead */
struct json_object *hcs_process_signal(int sig);
