/* SPDX-License-Identifier: Apache-2.0 */
/* Member names as in schema 2.1's ProcessParameters and ProcessModifyRequest. */
#include "backends/hcs_process.h"

/* Linux's numbers, whatever this is built for. */
enum { SIGNAL_HUP = 1, SIGNAL_INT = 2, SIGNAL_QUIT = 3, SIGNAL_TERM = 15 };

struct json_object *hcs_process_start(const struct hcs_process *p)
{
	struct json_object *o = json_object_new_object();
	struct json_object *env = json_object_new_object();

	if (p->application)
		json_put_str(o, "ApplicationName", p->application);
	json_put_str(o, "CommandLine", p->command_line);
	if (p->user)
		json_put_str(o, "User", p->user);
	if (p->workdir)
		json_put_str(o, "WorkingDirectory", p->workdir);
	for (size_t i = 0; i < p->n_env; i++)
		json_put_str(env, p->env[i].name, p->env[i].value);
	json_put_obj(o, "Environment", env);
	json_put_bool(o, "CreateStdInPipe", p->with_stdin);
	json_put_bool(o, "CreateStdOutPipe", p->with_stdout);
	json_put_bool(o, "CreateStdErrPipe", p->with_stderr && !p->with_console);
	if (p->with_console) {
		struct json_object *size = json_object_new_array();

		json_put_bool(o, "EmulateConsole", true);
		json_object_array_add(size, json_object_new_int(p->rows));
		json_object_array_add(size, json_object_new_int(p->cols));
		json_put_obj(o, "ConsoleSize", size);
	}
	return o;
}

/* The operation is named, and its settings stand in a member of the same name. */
static struct json_object *change(const char *operation, struct json_object *settings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Operation", operation);
	json_put_obj(o, operation, settings);
	return o;
}

struct json_object *hcs_process_close_stdin(void)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Handle", "StdIn");
	return change("CloseHandle", o);
}

struct json_object *hcs_process_resize(uint16_t rows, uint16_t cols)
{
	struct json_object *o = json_object_new_object();

	json_put_i64(o, "Height", rows);
	json_put_i64(o, "Width", cols);
	return change("ConsoleSize", o);
}

struct json_object *hcs_process_signal(int sig)
{
	static const struct {
		int sig;
		const char *name;
	} names[] = { { SIGNAL_INT, "CtrlC" },
		      { SIGNAL_QUIT, "CtrlBreak" },
		      { SIGNAL_HUP, "CtrlClose" },
		      { SIGNAL_TERM, "CtrlShutdown" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_object *o;

		if (names[i].sig != sig)
			continue;
		o = json_object_new_object();
		json_put_str(o, "Signal", names[i].name);
		return o;
	}
	return NULL;
}
