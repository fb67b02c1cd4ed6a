/* SPDX-License-Identifier: Apache-2.0 */
/* One wish at a time. The thread owns `error` and `result` until it has set `done`. */
#include "backends/shim_upgrade.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "backends/shim_build.h"
#include "backends/shim_handover.h"
#include "base/limits.h"

enum { REHEARSAL_S = 20 }; /* it only prints a line; on a machine that is busy */

struct shim_upgrade {
	struct shim_upgrade_options o;
	enum shim_upgrade_state state;
	char *program;
	struct shim_conn *conn;
	uint64_t id;
	pthread_t thread;
	atomic_bool done;
	int result;
	struct error error;
};

const char *shim_upgrade_word(struct arena *a)
{
	return arena_printf(a, "handover %d build %s", SHIM_HANDOVER, shim_build);
}

/* --- the rehearsal ------------------------------------------------------------------- */

/* A word of the same version of what is handed over, whatever the build. */
static bool is_word(const struct buf *out)
{
	char want[32];
	int n = snprintf(want, sizeof(want), "handover %d ", SHIM_HANDOVER);

	return strncmp(out->data, want, (size_t)n) == 0;
}

static int judge(const char *program, const struct process_result *res, struct error *err)
{
	size_t n = strcspn(res->err.data, "\n");

	if (res->exit_code)
		return error_set(err, ERR_UNSUPPORTED, 0, "%s cannot take over: exit code %d%s%.*s",
				 program, res->exit_code, n ? ": " : "", (int)(n > 100 ? 100 : n),
				 res->err.data);
	if (!is_word(&res->out))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "%s cannot take over: it does not say how", program);
	return 0;
}

static int try_it(const struct shim_upgrade *u, struct error *err)
{
	static const char *const more[] = { "--rehearse", NULL };
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct arena *a CLEAN(arena) = arena_new();
	struct shim_command command = *u->o.command;
	struct process_spec spec = { .waiter = u->o.waiter };
	int r;

	command.program = u->program;
	spec.argv = shim_command_words(&command, more, a);
	spec.deadline = mono_add(clock_mono(), REHEARSAL_S * CLOCK_SEC);
	r = process_run(&spec, &res, err);
	return r < 0 ? error_wrap(err, r, "rehearse %s", u->program) : judge(u->program, &res, err);
}

static void *rehearse(void *arg)
{
	struct shim_upgrade *u = arg;
	const uint64_t one = 1;

	u->result = try_it(u, &u->error);
	atomic_store(&u->done, true);
	/* A full eventfd wakes as well. */
	if (write(u->o.wake_fd, &one, sizeof(one)) < 0)
		return NULL;
	return NULL;
}

/* --- the wish ------------------------------------------------------------------------ */

struct shim_upgrade *shim_upgrade_new(const struct shim_upgrade_options *o)
{
	struct shim_upgrade *u = xcalloc(1, sizeof(*u));

	u->o = *o;
	return u;
}

static void forget(struct shim_upgrade *u)
{
	if (u->state == SHIM_UPGRADE_REHEARSING)
		pthread_join(u->thread, NULL);
	u->state = SHIM_UPGRADE_NONE;
	shim_conn_unref(u->conn);
	u->conn = NULL;
	free(u->program);
	u->program = NULL;
}

void shim_upgrade_free(struct shim_upgrade *u)
{
	if (!u)
		return;
	forget(u);
	free(u);
}

void shim_upgrade_refuse(struct shim_upgrade *u, const struct error *why)
{
	if (u->conn)
		shim_conn_answer(u->conn, u->id, -(int)why->code, why);
	u->o.refused(u->o.arg, u->program, why);
	forget(u);
}

static int begin(struct shim_upgrade *u, struct error *err)
{
	int e;

	if (u->o.stays)
		return error_set(err, ERR_UNSUPPORTED, 0, "%s", u->o.stays);
	if (u->program[0] != '/')
		return error_set(err, ERR_INVALID, 0, "%.80s is not an absolute path", u->program);
	u->error = ERROR_INIT;
	atomic_store(&u->done, false);
	e = pthread_create(&u->thread, NULL, rehearse, u);
	if (e)
		return error_sys(err, e, "start a thread");
	u->state = SHIM_UPGRADE_REHEARSING;
	return 0;
}

void shim_upgrade_ask(struct shim_upgrade *u, const char *program, struct shim_conn *conn,
		      uint64_t id)
{
	struct error err = ERROR_INIT;
	int r;

	if (u->state != SHIM_UPGRADE_NONE) {
		r = error_set(&err, ERR_CONFLICT, 0, "an upgrade is under way already");
		if (conn)
			shim_conn_answer(conn, id, r, &err);
		return;
	}
	u->program = xstrdup(program ? program : u->o.command->program);
	u->conn = conn ? shim_conn_ref(conn) : NULL;
	u->id = id;
	r = begin(u, &err);
	if (r < 0)
		shim_upgrade_refuse(u, &err);
}

enum shim_upgrade_state shim_upgrade_look(struct shim_upgrade *u)
{
	if (u->state != SHIM_UPGRADE_REHEARSING || !atomic_load(&u->done))
		return u->state;
	pthread_join(u->thread, NULL);
	u->state = SHIM_UPGRADE_READY;
	if (u->result < 0)
		shim_upgrade_refuse(u, &u->error);
	return u->state;
}

bool shim_upgrade_has_asker(const struct shim_upgrade *u)
{
	return u->conn != NULL;
}

const char *shim_upgrade_grant(struct shim_upgrade *u)
{
	if (u->conn)
		shim_conn_answer(u->conn, u->id, 0, NULL);
	return u->program;
}
