/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a shim comes to be, and goes. fork() is safe here, because no thread runs yet; the
 * first process only waits for the word that clients can connect.
 */
#include "backends/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_relay.h"
#include "backends/shim_server.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"

/* What the new process tells the first one through a pipe: one write, smaller than PIPE_BUF. */
struct word {
	int result; /* 0: clients can connect, here or to the shim that was there before */
	struct error err;
};

struct shim {
	const struct shim_options *o;
	struct arena *a;
	struct shim_hello mine;
	int lock, signals, ready;
	char boot_id[PROCESS_BOOT_ID_SIZE];
	struct shim_server *server;
	struct shim_reaper *reaper;
	struct shim_log *log;
	struct runtime *rt;
};

/* --- the process --------------------------------------------------------------------- */

static void tell(struct shim *s, int result, const struct error *err)
{
	struct word w = { .result = result };

	if (s->ready < 0)
		return;
	if (result < 0)
		w.err = *err;
	w.err.where = NULL;
	/* A starter that is gone does not need to know. */
	if (write(s->ready, &w, sizeof(w)) < 0)
		w.result = -1;
	close(s->ready);
	s->ready = -1;
}

static int move_to(int fd, int to, struct error *err)
{
	return dup2(fd, to) < 0 ? error_sys(err, errno, "set up descriptor %d", to) : 0;
}

static const char *own_log(const struct shim *s)
{
	return arena_printf(s->a, "%s/shim-%s.log", layout_logs(&s->o->layout, s->a),
			    s->o->runtime);
}

/* /dev/null and the shim's own log instead of the starter's terminal. */
static int set_stdio(const struct shim *s, struct error *err)
{
	const char *dir = layout_logs(&s->o->layout, s->a);
	const char *path = own_log(s);
	int null CLEAN(fd) = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log CLEAN(fd) = -1;
	int r = fs_mkdirs(AT_FDCWD, dir, 0750, err);

	if (r < 0)
		return r;
	log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (null < 0 || log < 0)
		return error_sys(err, errno, "open %s", null < 0 ? "/dev/null" : path);
	r = move_to(null, STDIN_FILENO, err);
	if (r == 0)
		r = move_to(log, STDOUT_FILENO, err);
	if (r == 0)
		r = move_to(log, STDERR_FILENO, err);
	return r;
}

static int set_process(const struct shim *s, struct error *err)
{
	if (chdir("/") < 0)
		return error_sys(err, errno, "change to /");
	(void)umask(0022);
	if (s->o->foreground)
		return 0;
	if (setsid() < 0)
		return error_sys(err, errno, "begin a session");
	return set_stdio(s, err);
}

/* Signals come as a descriptor; threads inherit the mask, programs get a clean one. */
static int set_signals(struct shim *s, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (!s->o->foreground)
		(void)signal(SIGHUP, SIG_IGN);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_sys(err, errno, "set up signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? error_sys(err, errno, "set up signals") : 0;
}

/* The lock is held until the process is gone. */
enum { OTHER_SHIM = 1 };
static int take_lock(struct shim *s, struct error *err)
{
	const char *path = layout_shim_lock(&s->o->layout, s->a, s->o->runtime);
	int r = fs_mkdirs(AT_FDCWD, s->o->layout.run_dir, 0700, err);
	char pid[32];
	int n;

	if (r < 0)
		return r;
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return error_sys(err, errno, "open %s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? OTHER_SHIM : error_sys(err, errno, "lock %s", path);
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(s->lock, 0) < 0 || write(s->lock, pid, (size_t)n) != n)
		return error_sys(err, errno, "write %s", path);
	return 0;
}

/* --- the parts ----------------------------------------------------------------------- */

static int open_parts(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	struct shim_services services = { .layout = &s->o->layout,
					  .node_id = s->o->node_id,
					  .oci_path = s->o->oci_path,
					  .hcs_library = s->o->hcs_library };
	int r = shim_server_new(&s->mine, layout_shim_exits(&s->o->layout, s->a, s->o->runtime),
				&s->server, err);

	if (r == 0)
		r = shim_reaper_new(&s->reaper, err);
	if (r == 0)
		r = shim_log_new(&s->log, err);
	if (r < 0)
		return r;
	services.reaper = s->reaper;
	services.log = s->log;
	services.sink = shim_server_sink(s->server);
	r = hosted->open(&services, &s->rt, err);
	if (r < 0)
		return error_wrap(err, r, "open runtime %s", s->o->runtime);
	return shim_server_listen(s->server, layout_shim_socket(&s->o->layout, s->a, s->o->runtime),
				  err);
}

static void close_parts(struct shim *s)
{
	runtime_close(s->rt);
	shim_server_free(s->server);
	shim_log_free(s->log);
	shim_reaper_free(s->reaper);
}

static int serve(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	int r = process_boot_id(s->boot_id, err);

	s->mine = (struct shim_hello){ .protocol = SHIM_PROTOCOL,
				       .build = SHIM_BUILD,
				       .runtime = s->o->runtime,
				       .owner = s->o->layout.owner,
				       .node_id = s->o->node_id,
				       .boot_id = s->boot_id,
				       .pid = getpid() };
	if (r == 0)
		r = open_parts(s, hosted, err);
	tell(s, r, err);
	if (r == 0)
		r = shim_server_run(s->server, s->rt, s->signals, err);
	/* A call that hangs still uses them: the end of the process is what releases them. */
	if (r != SHIM_SERVER_BUSY)
		close_parts(s);
	return r < 0 ? r : 0;
}

/* --- the start ----------------------------------------------------------------------- */

static int be_shim(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	int r = set_process(s, err);

	if (r == 0)
		r = take_lock(s, err);
	if (r == OTHER_SHIM) {
		tell(s, 0, err);
		return 0;
	}
	if (r == 0)
		r = set_signals(s, err);
	if (r == 0)
		r = serve(s, hosted, err);
	tell(s, r, err);
	return r;
}

static int wait_for_word(const struct shim *s, int fd, struct error *err)
{
	struct word w;
	ssize_t n = read(fd, &w, sizeof(w));

	if (n != sizeof(w)) {
		(void)error_set(err, ERR_UNAVAILABLE, 0, "it ended while it started");
		error_hint(err, "its log may tell why: %s", own_log(s));
		return -ERR_UNAVAILABLE;
	}
	if (w.result < 0 && err) {
		*err = w.err;
		err->where = ERROR_HERE;
	}
	return w.result;
}

/* In the new process: never returns to the caller's code with an error it would print twice. */
static int detached(struct shim *s, const struct shim_hosted *hosted)
{
	struct error err = ERROR_INIT;
	int r = be_shim(s, hosted, &err);

	if (r < 0)
		log_error(LOG_ERROR, &err, "shim=%s", s->o->runtime);
	return 0;
}

static int detach(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	int fds[2] = { -1, -1 };
	pid_t pid;
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(err, errno, "make a pipe");
	pid = fork();
	if (pid < 0) {
		r = error_sys(err, errno, "start the shim");
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0) {
		close(fds[0]);
		s->ready = fds[1];
		return detached(s, hosted);
	}
	close(fds[1]);
	r = wait_for_word(s, fds[0], err);
	close(fds[0]);
	return r < 0 ? r : pid;
}

static int check_options(const struct shim_options *o, const struct shim_hosted **hosted,
			 struct error *err)
{
	*hosted = o->hosted ? o->hosted : shim_hosted_find(o->runtime);
	if (!*hosted)
		return error_set(err, ERR_INVALID, 0, "no shim hosts a runtime '%.40s'",
				 o->runtime);
	if (o->layout.state_dir[0] != '/' || o->layout.run_dir[0] != '/')
		return error_set(err, ERR_INVALID, 0, "the shim needs absolute directories");
	if (o->node_id && o->node_id[0])
		return 0;
	(void)error_set(err, ERR_INVALID, 0, "the shim needs a node id");
	error_hint(err, "a changing command, for example apply, makes one");
	return -ERR_INVALID;
}

int shim_run(const struct shim_options *o, struct error *err)
{
	struct shim s = { .o = o, .lock = -1, .signals = -1, .ready = -1 };
	struct arena *a CLEAN(arena) = arena_new();
	const struct shim_hosted *hosted;
	int r = check_options(o, &hosted, err);

	if (r < 0)
		return r;
	s.a = a;
	/* Whatever the starter had open (its store, its locks) ends here. */
	if (close_range(3, ~0U, 0) < 0)
		return error_sys(err, errno, "close inherited descriptors");
	if (o->foreground)
		r = be_shim(&s, hosted, err);
	else
		r = detach(&s, hosted, err);
	if (r > 0 && o->stdio)
		r = shim_relay_run(layout_shim_socket(&o->layout, a, o->runtime), err);
	if (s.signals >= 0)
		close(s.signals);
	/* s.lock stays open: it goes with the process. */
	return r < 0 ? r : 0;
}
