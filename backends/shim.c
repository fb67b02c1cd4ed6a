/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a shim comes to be, becomes another program, and goes. fork() is safe here, because no thread
 * runs yet; the first process only waits for the word that clients can connect. An upgrade closes
 * all parts and opens them again from what is handed over; whether a new program does the latter
 * or, when it cannot be executed, this one, is no difference.
 */
#include "backends/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_build.h"
#include "backends/shim_handover.h"
#include "backends/shim_relay.h"
#include "backends/shim_server.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/notify.h"

/* What the new process tells the first one through a pipe: one write, smaller than PIPE_BUF. */
struct word {
	int result; /* 0: clients can connect, here or to the shim that was there before */
	struct error err;
};

struct shim {
	const struct shim_options *o;
	struct arena *a;
	struct shim_command command; /* that made this process a shim */
	struct shim_hello mine;
	int lock, signals, ready;
	int program; /* this one, whatever is at its path meanwhile; -1: unknown */
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

/* A manager that cannot be told has a time limit of its own. */
static void tell_manager(const struct shim *s)
{
	(void)notify_state(s->o->manager, NOTIFY_READY, NULL, NULL);
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
	sigaddset(&set, SIGHUP);
	/* One that is ignored, as nohup makes it, would not come. */
	(void)signal(SIGHUP, SIG_DFL);
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

static void on_refused(void *arg, const char *program, const struct error *why)
{
	const struct shim *s = arg;

	log_error(LOG_WARN, why, "shim=%s upgrade=%s", s->o->runtime, program);
}

static int open_server(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	const struct shim_server_options o = {
		.mine = &s->mine,
		.exits = layout_shim_exits(&s->o->layout, s->a, s->o->runtime),
		.upgrade = { .command = &s->command,
			     .stays = hosted->stays,
			     .waiter = shim_reaper_waiter(s->reaper),
			     .refused = on_refused,
			     .arg = s },
	};

	return shim_server_new(&o, &s->server, err);
}

/* @h: NULL at the start of a shim. */
static int open_logs(struct shim *s, const struct shim_handover *h, struct error *err)
{
	int r = shim_log_new(&s->log, err);

	for (size_t i = 0; h && r == 0 && i < h->n_logs; i++)
		r = shim_log_take_over(s->log, &h->logs[i], err);
	return r;
}

static int open_seat(struct shim *s, const struct shim_handover *h, struct error *err)
{
	const char *path = layout_shim_socket(&s->o->layout, s->a, s->o->runtime);

	return h ? shim_server_take_over(s->server, path, h->listen, err)
		 : shim_server_listen(s->server, path, err);
}

static int open_parts(struct shim *s, const struct shim_hosted *hosted,
		      const struct shim_handover *h, struct error *err)
{
	struct shim_services services = { .layout = &s->o->layout,
					  .node_id = s->o->node_id,
					  .oci_path = s->o->oci_path,
					  .hcs_library = s->o->hcs_library };
	int r = shim_reaper_new(&s->reaper, err);

	if (r == 0)
		r = open_server(s, hosted, err);
	if (r == 0)
		r = open_logs(s, h, err);
	if (r < 0)
		return r;
	services.reaper = s->reaper;
	services.log = s->log;
	services.sink = shim_server_sink(s->server);
	r = hosted->open(&services, &s->rt, err);
	if (r < 0)
		return error_wrap(err, r, "open runtime %s", s->o->runtime);
	return open_seat(s, h, err);
}

/* What has ended so far is reported first: to the disk, the logs and whoever listens. */
static void close_parts(struct shim *s)
{
	if (s->reaper)
		shim_reaper_stop(s->reaper);
	runtime_close(TAKE(s->rt));
	shim_server_free(TAKE(s->server));
	shim_log_free(TAKE(s->log));
	shim_reaper_free(TAKE(s->reaper));
}

/* --- another program ----------------------------------------------------------------- */

/* Closes all parts; @ret has what must live on. */
static void hand_over(struct shim *s, struct shim_handover *ret)
{
	*ret = (struct shim_handover){ .lock = s->lock, .program = s->program };
	shim_reaper_stop(s->reaper);
	runtime_close(TAKE(s->rt));
	ret->listen = shim_server_give_seat(s->server);
	shim_log_hand_over(s->log, s->a, &ret->logs, &ret->n_logs);
	close_parts(s);
}

/* Returns only when there is no way. @program -1: at its path. */
static int execute(const struct shim_command *command, int program, int resume, bool foreground,
		   struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *more[] = { "--resume", arena_printf(a, "%d", resume),
			       foreground ? "--foreground" : NULL, NULL };
	char *const *words = (char *const *)(uintptr_t)shim_command_words(command, more, a);

	if (program >= 0)
		(void)execveat(program, "", words, environ, AT_EMPTY_PATH);
	else
		(void)execve(command->program, words, environ);
	return error_sys(err, errno, "execute %s", command->program);
}

/* The whole process becomes @program; returns only when it cannot. */
static int become(const struct shim *s, const char *program, int program_fd,
		  const struct shim_handover *h, struct error *err)
{
	struct shim_command command = s->command;
	int fd CLEAN(fd) = -1;
	int r = shim_handover_save(h, &fd, err);

	command.program = program;
	r = r < 0 ? r : shim_handover_inherit(h, fd, true, err);
	r = r < 0 ? r : execute(&command, program_fd, fd, s->o->foreground, err);
	(void)shim_handover_inherit(h, fd, false, NULL);
	return r;
}

/* Another program could not go on with what was left: the one before takes it back. What this one
 * did so far is as if a shim had died. */
static void give_back(const struct shim *s, const struct shim_handover *h, const struct error *why)
{
	struct shim_handover back = *h;
	struct error err = ERROR_INIT;

	log_error(LOG_ERROR, why, "shim=%s upgrade=failed", s->o->runtime);
	back.program = -1; /* once is enough */
	if (s->log) {
		struct shim_handed_log *unused; /* the descriptors are those of @h */
		size_t n;

		shim_log_hand_over(s->log, s->a, &unused, &n);
	}
	if (h->program >= 0)
		(void)become(s, s->command.program, h->program, &back, &err);
	if (err.code)
		log_error(LOG_ERROR, &err, "shim=%s", s->o->runtime);
}

/* --- serving ------------------------------------------------------------------------- */

static int greet_all(struct shim *s, struct error *err)
{
	s->mine = (struct shim_hello){ .protocol = SHIM_PROTOCOL,
				       .build = shim_build,
				       .runtime = s->o->runtime,
				       .owner = s->o->layout.owner,
				       .node_id = s->o->node_id,
				       .boot_id = s->boot_id,
				       .pid = getpid(),
				       .state_dir = s->o->layout.state_dir };
	return process_boot_id(s->boot_id, err);
}

/* One life of the parts: SHIM_SERVER_UPGRADE when another one shall follow, with *h. */
static int serve_once(struct shim *s, const struct shim_hosted *hosted, struct shim_handover **h,
		      struct error *err)
{
	struct shim_handover *left = *h;
	const char *program;
	int r = open_parts(s, hosted, left, err);

	tell(s, r, err);
	if (r == 0)
		tell_manager(s);
	if (r < 0 && left)
		give_back(s, left, err);
	if (r == 0 && left && left->program >= 0 && left->program != s->program)
		close(left->program); /* the one before is not needed any more */
	if (r == 0)
		r = shim_server_run(s->server, s->rt, s->signals, err);
	if (r != SHIM_SERVER_UPGRADE) {
		/* A call that hangs still uses them: the end of the process releases them. */
		if (r != SHIM_SERVER_BUSY)
			close_parts(s);
		return r < 0 ? r : 0;
	}
	program = arena_strdup(s->a, shim_server_program(s->server));
	*h = arena_alloc(s->a, sizeof(**h));
	hand_over(s, *h);
	(void)become(s, program, -1, *h, err);
	return SHIM_SERVER_UPGRADE;
}

static int serve(struct shim *s, const struct shim_hosted *hosted, struct shim_handover *h,
		 struct error *err)
{
	int r = greet_all(s, err);

	for (r = r < 0 ? r : SHIM_SERVER_UPGRADE; r == SHIM_SERVER_UPGRADE;) {
		struct error why = ERROR_INIT;

		r = serve_once(s, hosted, &h, &why);
		if (r == SHIM_SERVER_UPGRADE)
			log_error(LOG_WARN, &why, "shim=%s upgrade=failed", s->o->runtime);
		if (r < 0 && err)
			*err = why;
	}
	tell(s, r, err);
	return r;
}

/* --- the start ----------------------------------------------------------------------- */

static int be_shim(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	int r = set_process(s, err);

	if (r == 0)
		r = take_lock(s, err);
	if (r == OTHER_SHIM) {
		tell(s, 0, err);
		tell_manager(s); /* this one ends well */
		return 0;
	}
	if (r == 0)
		r = set_signals(s, err);
	if (r == 0)
		r = serve(s, hosted, NULL, err);
	tell(s, r, err);
	return r;
}

/* In the place of the program before, with its process, lock, session, signals and stdio. */
static int resume(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	struct shim_handover *h = arena_alloc(s->a, sizeof(*h));
	int r = shim_handover_load(s->o->resume, s->a, h, err);

	if (r == 0)
		r = shim_handover_inherit(h, s->o->resume, false, err);
	close(s->o->resume);
	if (r < 0)
		return r;
	s->lock = h->lock;
	r = set_signals(s, err);
	if (r < 0) {
		give_back(s, h, err);
		return r;
	}
	/* Rare, and asked for first when something is odd: at the level that is always written. */
	log_line(LOG_WARN, "shim=%s build=%s pid=%d logs=%zu upgraded", s->o->runtime, shim_build,
		 (int)getpid(), h->n_logs);
	return serve(s, hosted, h, err);
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

/* The path that names this program for later, also when another one is put there. */
static const char *own_path(struct arena *a)
{
	static const char gone[] = " (deleted)";
	char path[LIMIT_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n <= 0 || n == (ssize_t)sizeof(path))
		return "";
	if ((size_t)n > strlen(gone) && memcmp(path + n - strlen(gone), gone, strlen(gone)) == 0)
		n -= (ssize_t)strlen(gone);
	return arena_strndup(a, path, (size_t)n);
}

static void know_program(struct shim *s)
{
	const struct shim_options *o = s->o;

	s->command = (struct shim_command){ .program = own_path(s->a),
					    .runtime = o->runtime,
					    .node_id = o->node_id,
					    .oci_path = o->oci_path,
					    .hcs_library = o->hcs_library,
					    .layout = o->layout };
	s->program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

/* From nothing. */
static int begin(struct shim *s, const struct shim_hosted *hosted, struct error *err)
{
	/* Whatever the starter had open (its store, its locks) ends here. */
	if (close_range(3, ~0U, 0) < 0)
		return error_sys(err, errno, "close inherited descriptors");
	know_program(s);
	return s->o->foreground ? be_shim(s, hosted, err) : detach(s, hosted, err);
}

int shim_run(const struct shim_options *o, struct error *err)
{
	struct shim s = { .o = o, .lock = -1, .signals = -1, .ready = -1, .program = -1 };
	struct arena *a CLEAN(arena) = arena_new();
	const struct shim_hosted *hosted;
	int r = check_options(o, &hosted, err);

	if (r < 0 || o->rehearse)
		return r;
	s.a = a;
	if (o->resume > 0) {
		know_program(&s);
		r = resume(&s, hosted, err);
	} else {
		r = begin(&s, hosted, err);
	}
	if (r > 0 && o->stdio)
		r = shim_relay_run(layout_shim_socket(&o->layout, a, o->runtime), err);
	if (s.signals >= 0)
		close(s.signals);
	if (s.program >= 0)
		close(s.program);
	/* s.lock stays open: it goes with the process. */
	return r < 0 ? r : 0;
}
