/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function per verb over base/process. The container's stdio is the create's,
 * so what the program itself has to say is read from its --log file. Knows nothing
 * of bundles' content, cgroups or mounts.
 */
#include "backends/oci_program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/oci_message.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"

static const char *const names[] = { "youki", "crun", "runc", NULL };

/* Where distributions and cargo put them; PATH is not asked: a shim starts with any. */
static const char *const places[] = { "/usr/local/bin", "/usr/local/sbin",
				      "/usr/bin",       "/usr/sbin",
				      "/bin",           "/sbin" };

/* No RUST_BACKTRACE, NOTIFY_SOCKET or LISTEN_FDS of ours reaches a program or a container. */
static const char *const clean_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RUST_BACKTRACE=0",
	NULL
};

const char *const *oci_program_names(void)
{
	return names;
}

const char *oci_program_name(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; names[i]; i++)
		if (strncmp(base, names[i], strlen(names[i])) == 0)
			return names[i];
	return NULL;
}

const char *oci_program_find(const char *name, struct arena *a)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = arena_printf(a, "%s/%s", places[i], name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* A command line under construction: the global options, then the verb's. */
struct words {
	const char *v[24];
	size_t n;
};

static void add(struct words *w, const char *word)
{
	w->v[w->n++] = word;
}

static void begin(struct words *w, const struct oci_call *c, const char *log, const char *verb)
{
	*w = (struct words){ .n = 0 };
	add(w, c->program->path);
	add(w, "--root");
	add(w, c->program->root);
	if (log) {
		add(w, "--log");
		add(w, log);
		add(w, "--log-format");
		add(w, "json");
	}
	add(w, verb);
}

static struct process_spec spec_of(const struct oci_call *c, const struct words *w)
{
	return (struct process_spec){ .argv = w->v,
				      .env = clean_env,
				      .deadline = c->deadline,
				      .waiter = c->program->waiter };
}

/* A missing program is no missing container: the spawn's ENOENT changes its code here. */
static int run(const struct oci_call *c, const struct process_spec *spec,
	       struct process_result *res, struct error *err)
{
	int r = process_run(spec, res, err);

	if (r == -ERR_NOT_FOUND || r == -ERR_UNAUTHORIZED) {
		if (err)
			err->code = ERR_UNAVAILABLE;
		r = error_wrap(err, -ERR_UNAVAILABLE, "%s is gone", c->program->name);
		error_hint(err, "install %s again", c->program->name);
	}
	return r;
}

static void log_path(const struct oci_call *c, char ret[LIMIT_PATH])
{
	snprintf(ret, LIMIT_PATH, "%s/program.log", c->bundle);
}

static struct oci_message read_message(const char *path, const char *text, struct arena *a)
{
	struct buf log CLEAN(buf) = BUF_INIT(LIMIT_PROCESS_OUTPUT);

	(void)fs_read(AT_FDCWD, path, &log, NULL); /* without it the exit code must do */
	return oci_message_read(log.data, text, a);
}

/* The verb failed: say what the program said. */
static int refused(const struct oci_call *c, const char *verb, const struct process_result *res,
		   struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	char path[LIMIT_PATH];
	struct oci_message m;

	log_path(c, path);
	m = read_message(path, res->err.data, a);
	if (!m.text)
		return error_set(err, ERR_IO, res->exit_code,
				 "%s %s ended with %d and said nothing", c->program->name, verb,
				 res->exit_code);
	(void)error_set(err, m.code, res->exit_code, "%s %s: %s", c->program->name, verb, m.text);
	if (m.hint)
		error_hint(err, "%s", m.hint);
	return -(int)m.code;
}

/* Runs a verb whose output does not matter. */
static int run_verb(const struct oci_call *c, const char *verb, const struct words *w,
		    struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct process_spec spec = spec_of(c, w);
	int r = run(c, &spec, &res, err);

	if (r < 0)
		return r;
	return res.exit_code == 0 ? 0 : refused(c, verb, &res, err);
}

int oci_program_create(const struct oci_call *c, const int fds[3], struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	char log[LIMIT_PATH], pid[LIMIT_PATH];
	int null CLEAN(fd) = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct process_spec spec;
	struct words w;
	int r;

	if (null < 0)
		return error_sys(err, errno, "open /dev/null");
	log_path(c, log);
	snprintf(pid, sizeof(pid), "%s/pid", c->bundle);
	begin(&w, c, log, "create");
	add(&w, "--bundle");
	add(&w, c->bundle);
	add(&w, "--pid-file");
	add(&w, pid);
	add(&w, c->id);
	spec = spec_of(c, &w);
	/* Never a pipe of ours: the container would hold it open and the call not end. */
	spec.stdin_fd = fds[0] >= 0 ? fds[0] : null;
	spec.stdout_fd = fds[1] >= 0 ? fds[1] : null;
	spec.stderr_fd = fds[2] >= 0 ? fds[2] : null;
	r = run(c, &spec, &res, err);
	if (r < 0)
		return r;
	return res.exit_code == 0 ? 0 : refused(c, "create", &res, err);
}

int oci_program_start(const struct oci_call *c, struct error *err)
{
	char log[LIMIT_PATH];
	struct words w;

	log_path(c, log);
	(void)unlink(log); /* what an earlier call said is not what this one says */
	begin(&w, c, log, "start");
	add(&w, c->id);
	return run_verb(c, "start", &w, err);
}

int oci_program_resume(const struct oci_call *c, struct error *err)
{
	struct words w;

	begin(&w, c, NULL, "resume");
	add(&w, c->id);
	return run_verb(c, "resume", &w, err);
}

int oci_program_delete(const struct oci_call *c, bool force, struct error *err)
{
	struct words w;

	begin(&w, c, NULL, "delete");
	if (force)
		add(&w, "--force");
	add(&w, c->id);
	return run_verb(c, "delete", &w, err);
}

int oci_program_state(const struct oci_call *c, struct arena *a, struct oci_state *ret,
		      struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct process_spec spec;
	struct words w;
	int r;

	begin(&w, c, NULL, "state");
	add(&w, c->id);
	spec = spec_of(c, &w);
	r = run(c, &spec, &res, err);
	if (r < 0)
		return r;
	if (res.exit_code != 0) {
		const struct oci_message m = oci_message_read(NULL, res.err.data, a);

		return error_set(err, ERR_NOT_FOUND, res.exit_code, "%s state: %s",
				 c->program->name, m.text ? m.text : "nothing said");
	}
	r = oci_state_parse(res.out.data, res.out.n, a, ret, err);
	return r < 0 ? error_wrap(err, r, "%s state", c->program->name) : 0;
}

/* 255 is the program's own failure when its log says why, else the command's. */
static int exec_result(const struct oci_call *c, const struct oci_exec *x, int code, int *ret_code,
		       struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *message = code == 0 ? NULL : read_message(x->log_file, NULL, a).text;

	if (message && (code == 255 || code == 1))
		return error_set(err, ERR_NOT_FOUND, code, "%s exec: %s", c->program->name,
				 message);
	*ret_code = code;
	return 0;
}

int oci_program_exec(const struct oci_call *c, const struct oci_exec *x, int *ret_code,
		     struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	int null CLEAN(fd) = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct process_spec spec;
	struct words w;
	int r;

	if (null < 0)
		return error_sys(err, errno, "open /dev/null");
	begin(&w, c, x->log_file, "exec");
	if (x->console) {
		add(&w, "--console-socket");
		add(&w, x->console);
	}
	add(&w, "--pid-file");
	add(&w, x->pid_file);
	add(&w, "--process");
	add(&w, x->process_file);
	add(&w, c->id);
	spec = spec_of(c, &w);
	spec.stdin_fd = x->fds[0] >= 0 ? x->fds[0] : null;
	spec.stdout_fd = x->fds[1] >= 0 ? x->fds[1] : null;
	spec.stderr_fd = x->fds[2] >= 0 ? x->fds[2] : null;
	spec.cancel = x->cancel;
	r = run(c, &spec, &res, err);
	if (r < 0)
		return r;
	return exec_result(c, x, res.exit_code, ret_code, err);
}

int oci_program_version(const struct oci_program *p, struct mono deadline, struct arena *a,
			const char **ret, struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *const argv[] = { p->path, "--version", NULL };
	struct process_spec spec = {
		.argv = argv, .env = clean_env, .deadline = deadline, .waiter = p->waiter
	};
	const struct oci_call c = { p, NULL, NULL, deadline };
	const char *text, *v;
	int r = run(&c, &spec, &res, err);

	if (r < 0)
		return r;
	text = oci_message_line(res.out.data, a);
	v = strstr(text, "version");
	if (res.exit_code != 0 || !v)
		return error_set(err, ERR_CORRUPT, 0, "%s --version printed \"%.60s\"", p->path,
				 text);
	v += strcspn(v, "0123456789");
	if (!*v)
		return error_set(err, ERR_CORRUPT, 0, "%s --version printed \"%.60s\"", p->path,
				 text);
	*ret = v;
	return 0;
}
