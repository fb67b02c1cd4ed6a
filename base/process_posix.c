/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spawning and identity on Linux. posix_spawn only: the program has threads,
 * so no code of ours may run between fork and exec.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"

extern char **environ;

static atomic_uint_fast64_t n_spawned;

/* The three pipes between us and the child; -1 where there is none. */
struct pipes {
	int in[2], out[2], err[2];
};

struct spawn_job {
	const struct process_spec *spec;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
	}
}

static int pipes_open(const struct process_spec *spec, bool collect, struct pipes *p,
		      struct error *err)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if ((collect && spec->stdin_text && pipe2(p->in, O_CLOEXEC) < 0) ||
	    (collect && spec->stdout_fd <= 0 && pipe2(p->out, O_CLOEXEC) < 0) ||
	    (collect && spec->stderr_fd <= 0 && pipe2(p->err, O_CLOEXEC) < 0)) {
		int e = errno;

		pipes_close(p);
		return error_sys(err, e, "make a pipe");
	}
	return 0;
}

/* fd @to of the child becomes @from (> 0), or @pipe_end, or /dev/null. */
static int map_fd(posix_spawn_file_actions_t *fa, int from, int pipe_end, int to)
{
	int source = from > 0 ? from : pipe_end;

	if (source >= 0)
		return posix_spawn_file_actions_adddup2(fa, source, to);
	return posix_spawn_file_actions_addopen(fa, to, "/dev/null", to ? O_WRONLY : O_RDONLY, 0);
}

static int job_init(struct spawn_job *job, const struct process_spec *spec, const struct pipes *p)
{
	sigset_t none, all;
	int e;

	job->spec = spec;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&job->actions);
	posix_spawnattr_init(&job->attr);
	e = map_fd(&job->actions, spec->stdin_fd, p->in[0], 0);
	e = e ? e : map_fd(&job->actions, spec->stdout_fd, p->out[1], 1);
	e = e ? e : map_fd(&job->actions, spec->stderr_fd, p->err[1], 2);
	/* A clean start: own group, no blocked signal, default handlers. */
	e = e ? e : posix_spawnattr_setpgroup(&job->attr, 0);
	e = e ? e : posix_spawnattr_setsigmask(&job->attr, &none);
	e = e ? e : posix_spawnattr_setsigdefault(&job->attr, &all);
	e = e ? e
	      : posix_spawnattr_setflags(&job->attr, POSIX_SPAWN_SETPGROUP |
							     POSIX_SPAWN_SETSIGMASK |
							     POSIX_SPAWN_SETSIGDEF);
	return e;
}

static void job_done(struct spawn_job *job)
{
	posix_spawn_file_actions_destroy(&job->actions);
	posix_spawnattr_destroy(&job->attr);
}

static int do_spawn(void *arg, pid_t *ret)
{
	struct spawn_job *job = arg;
	char *const *argv = (char *const *)(uintptr_t)job->spec->argv;
	char *const *env = job->spec->env ? (char *const *)(uintptr_t)job->spec->env : environ;

	return posix_spawnp(ret, argv[0], &job->actions, &job->attr, argv, env);
}

static int start(const struct process_spec *spec, const struct pipes *p, pid_t *ret,
		 struct error *err)
{
	struct spawn_job job;
	int e = job_init(&job, spec, p);

	if (e == 0 && spec->waiter)
		e = spec->waiter->spawn(spec->waiter, do_spawn, &job, ret);
	else if (e == 0)
		e = do_spawn(&job, ret);
	job_done(&job);
	if (e)
		return error_sys(err, e, "run %s", spec->argv[0]);
	atomic_fetch_add(&n_spawned, 1);
	return 0;
}

/* What one poll round left to do. */
struct pump {
	struct pipes *pipes;
	const char *in;
	size_t n_in;
	struct process_result *result;
};

static void feed(struct pump *m)
{
	ssize_t n = write(m->pipes->in[1], m->in, m->n_in);

	if (n > 0) {
		m->in += n;
		m->n_in -= (size_t)n;
	}
	if (m->n_in == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&m->pipes->in[1]);
}

static void drain(int *fd, struct buf *to)
{
	char chunk[8192];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0)
		buf_add(to, chunk, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
}

static bool canceled(const struct process_spec *spec)
{
	return spec->cancel && __atomic_load_n(spec->cancel, __ATOMIC_RELAXED);
}

static int slice_ms(const struct process_spec *spec)
{
	int64_t left = spec->deadline.us ? spec->deadline.us - clock_mono().us : 1000 * CLOCK_MS;

	if (spec->cancel && left > 100 * CLOCK_MS)
		left = 100 * CLOCK_MS;
	return left <= 0 ? 0 : (int)(left / CLOCK_MS) + 1;
}

static bool expired(const struct process_spec *spec)
{
	return spec->deadline.us && clock_mono().us >= spec->deadline.us;
}

/* Moves bytes until the child closed its ends; false when time ran out first. */
static bool pump_all(struct pump *m, const struct process_spec *spec)
{
	struct pipes *p = m->pipes;

	while (p->out[0] >= 0 || p->err[0] >= 0 || p->in[1] >= 0) {
		struct pollfd fds[3] = { { p->in[1], POLLOUT, 0 },
					 { p->out[0], POLLIN, 0 },
					 { p->err[0], POLLIN, 0 } };

		if (expired(spec) || canceled(spec))
			return false;
		if (poll(fds, 3, slice_ms(spec)) <= 0)
			continue;
		if (fds[0].revents)
			feed(m);
		if (fds[1].revents)
			drain(&p->out[0], &m->result->out);
		if (fds[2].revents)
			drain(&p->err[0], &m->result->err);
	}
	return true;
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits here, where nobody else reaps; a pidfd makes the wait bounded. */
static int wait_own(const struct process_spec *spec, pid_t pid, int *status)
{
	int fd CLEAN(fd) = pidfd_open(pid, 0);

	while (fd >= 0 && !expired(spec) && !canceled(spec)) {
		struct pollfd p = { fd, POLLIN, 0 };

		if (poll(&p, 1, slice_ms(spec)) > 0)
			break;
	}
	if (fd >= 0 && (expired(spec) || canceled(spec)) && waitpid(pid, status, WNOHANG) == pid)
		return 0;
	if (fd >= 0 && (expired(spec) || canceled(spec)))
		return -ERR_TIMEOUT;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -ERR_IO;
	return 0;
}

static int wait_status(const struct process_spec *spec, pid_t pid, int *status)
{
	int r = -ERR_TIMEOUT;

	if (!spec->waiter)
		return wait_own(spec, pid, status);
	/* Who waits for us knows nothing of our flag: it is looked at in between. */
	while (r == -ERR_TIMEOUT && !expired(spec) && !canceled(spec))
		r = spec->waiter->wait(spec->waiter, pid,
				       mono_add(clock_mono(), slice_ms(spec) * CLOCK_MS), status);
	return r;
}

/* The group, not only the child: a program's helpers end with it. */
static void kill_and_reap(const struct process_spec *spec, pid_t pid, int *status)
{
	struct process_spec patient = *spec;

	(void)kill(-pid, SIGKILL);
	patient.deadline = mono_add(clock_mono(), 10 * CLOCK_SEC);
	patient.cancel = NULL;
	/* A process stuck in the kernel is left to whoever reaps next. */
	(void)wait_status(&patient, pid, status);
}

int process_run(const struct process_spec *spec, struct process_result *ret, struct error *err)
{
	struct pipes pipes;
	struct pump pump = { &pipes, spec->stdin_text,
			     spec->stdin_text ? strlen(spec->stdin_text) : 0, ret };
	int status = 0, r;
	bool finished;
	pid_t pid;

	r = pipes_open(spec, true, &pipes, err);
	if (r < 0)
		return r;
	r = start(spec, &pipes, &pid, err);
	if (r < 0) {
		pipes_close(&pipes);
		return r;
	}
	close_fd(&pipes.in[0]);
	close_fd(&pipes.out[1]);
	close_fd(&pipes.err[1]);
	if (pipes.in[1] >= 0)
		(void)fcntl(pipes.in[1], F_SETFL, O_NONBLOCK);
	finished = pump_all(&pump, spec) && wait_status(spec, pid, &status) == 0;
	if (!finished)
		kill_and_reap(spec, pid, &status);
	pipes_close(&pipes);
	ret->timed_out = !finished && !canceled(spec);
	ret->exit_code = exit_code_of(status);
	if (finished)
		return 0;
	if (canceled(spec))
		return error_set(err, ERR_CANCELED, 0, "%s was canceled", spec->argv[0]);
	return error_set(err, ERR_TIMEOUT, 0, "%s did not end in time and was killed",
			 spec->argv[0]);
}

int process_spawn(const struct process_spec *spec, pid_t *ret, struct error *err)
{
	struct pipes none = { { -1, -1 }, { -1, -1 }, { -1, -1 } };

	return start(spec, &none, ret, err);
}

uint64_t process_count(void)
{
	return atomic_load(&n_spawned);
}

void process_result_done(struct process_result *r)
{
	buf_done(&r->out);
	buf_done(&r->err);
}

/* Field @n (from 3) of a stat line; the name before it may hold anything, so look for ") ". */
static const char *stat_field(char *line, int n)
{
	char *at = strrchr(line, ')');

	for (int i = 2; at && i < n; i++) {
		at = strchr(at + 1, ' ');
	}
	return at ? at + 1 : NULL;
}

static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	char path[64];
	const char *state, *start_text;
	char *end;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = fs_read(AT_FDCWD, path, &text, err);
	/* ESRCH: it went away between open and read. */
	if (r < 0 && err && err->sys == ESRCH)
		return error_set(err, ERR_NOT_FOUND, ESRCH, "no process %d", (int)pid);
	if (r < 0)
		return r;
	start_text = stat_field(text.data, 22);
	state = stat_field(text.data, 3);
	if (!state || !start_text)
		return error_set(err, ERR_CORRUPT, 0, "%s is not as expected", path);
	*ret_state = *state;
	end = strchr(start_text, ' ');
	if (end)
		*end = '\0';
	if (!number_u64(start_text, UINT64_MAX, ret_start))
		return error_set(err, ERR_CORRUPT, 0, "%s is not as expected", path);
	return 0;
}

int process_identify(pid_t pid, struct process_id *ret, struct error *err)
{
	struct error local = ERROR_INIT;
	uint64_t start_time;
	char state;
	int r = read_stat(pid, &state, &start_time, err ? err : &local);

	if (r < 0)
		return r;
	*ret = (struct process_id){ .pid = pid, .start_time = start_time };
	return 0;
}

int process_look(const struct process_id *id, enum process_state *ret, struct error *err)
{
	struct error local = ERROR_INIT;
	uint64_t start_time;
	char state;
	int r = read_stat(id->pid, &state, &start_time, &local);

	if (r == -ERR_NOT_FOUND) {
		*ret = PROCESS_GONE;
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = local;
		return r;
	}
	if (start_time != id->start_time)
		*ret = PROCESS_STRANGER;
	else
		*ret = state == 'Z' || state == 'X' ? PROCESS_ZOMBIE : PROCESS_ALIVE;
	return 0;
}

int process_signal(const struct process_id *id, int sig, struct error *err)
{
	int fd CLEAN(fd) = pidfd_open(id->pid, 0);
	enum process_state state;
	int r;

	if (fd < 0)
		return errno == ESRCH ? PROCESS_SIGNAL_GONE
				      : error_sys(err, errno, "open process %d", (int)id->pid);
	/* The descriptor holds the process; now see whether it is the right one. */
	r = process_look(id, &state, err);
	if (r < 0)
		return r;
	if (state != PROCESS_ALIVE)
		return PROCESS_SIGNAL_GONE;
	if (pidfd_send_signal(fd, sig, NULL, 0) < 0)
		return errno == ESRCH ? PROCESS_SIGNAL_GONE
				      : error_sys(err, errno, "signal process %d", (int)id->pid);
	return 0;
}

int process_boot_id(char ret[PROCESS_BOOT_ID_SIZE], struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(128);
	int r = fs_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text, err);

	if (r < 0)
		return r;
	if (text.n < PROCESS_BOOT_ID_SIZE - 1)
		return error_set(err, ERR_CORRUPT, 0, "the kernel's boot id is too short");
	memcpy(ret, text.data, PROCESS_BOOT_ID_SIZE - 1);
	ret[PROCESS_BOOT_ID_SIZE - 1] = '\0';
	return 0;
}
