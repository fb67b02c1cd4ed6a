/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process enters the silo by a helper that is forked, joins the namespace, forks once more and
 * ends: the grandchild is inside, and the keeper becomes its parent. The keeper has one thread, so
 * code of ours may run after fork(); it does little, and allocates nothing.
 */
#include "backends/hcs_sim/host/silo.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"

/* Everything but stdio and @keep. */
static void close_others(int keep)
{
	if (keep > 3)
		(void)close_range(3, (unsigned)keep - 1, 0);
	(void)close_range((unsigned)keep + 1, ~0U, 0);
}

/* The first process: lives until the keeper's end of the pipe is closed. */
static _Noreturn void live(int life)
{
	sigset_t none;
	char byte;

	sigemptyset(&none);
	close_others(life);
	(void)prctl(PR_SET_NAME, "hcs_sim_silo");
	(void)signal(SIGCHLD, SIG_IGN); /* orphans inside are reaped by themselves */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	while (read(life, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* fork() into new namespaces. */
static pid_t fork_into(int flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

int silo_start(struct silo *s, struct error *err)
{
	int life[2];
	pid_t pid;

	if (pipe2(life, O_CLOEXEC) < 0)
		return error_sys(err, errno, "make a pipe");
	s->user = false;
	pid = fork_into(CLONE_NEWPID);
	if (pid < 0 && errno == EPERM) {
		s->user = true;
		pid = fork_into(CLONE_NEWUSER | CLONE_NEWPID);
	}
	if (pid == 0)
		live(life[0]);
	close(life[0]);
	if (pid < 0) {
		close(life[1]);
		return error_sys(err, errno, "make a PID namespace");
	}
	s->init = pid;
	s->life = life[1];
	return 0;
}

void silo_kill(struct silo *s)
{
	if (s->init > 0)
		(void)kill(s->init, SIGKILL); /* it has not been waited for: it is ours */
}

void silo_done(struct silo *s)
{
	close(s->life);
	*s = (struct silo){ 0 };
}

/* --- a program -------------------------------------------------------------------------- */

static int join(const struct silo *s, const char *kind)
{
	char path[64];
	int fd CLEAN(fd) = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", s->init, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || setns(fd, 0) < 0 ? -1 : 0;
}

static int set_stdio(const struct silo_program *p)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high[3];

	/* Above 2 first, so that none is overwritten before it is used. */
	for (int i = 0; i < 3; i++) {
		high[i] = fcntl(p->fds[i] >= 0 ? p->fds[i] : null, F_DUPFD_CLOEXEC, 3);
		if (high[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	return p->terminal ? ioctl(0, TIOCSCTTY, 0) : 0;
}

/* In the grandchild. A pipe whose reader is gone is an error for the writer, as on Windows. */
static _Noreturn void become(const struct silo_program *p, int report)
{
	sigset_t none;
	int e;

	sigemptyset(&none);
	(void)setsid();
	if (set_stdio(p) == 0 && chdir(p->directory) == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		(void)execve(p->path, (char *const *)p->argv, (char *const *)p->env);
	}
	e = -errno;
	(void)!write(report, &e, sizeof(e)); /* unsaid it looks like a program that ends with 127 */
	_exit(127);
}

/* In the child: tells the grandchild's pid, or why there is none as a negative number. */
static _Noreturn void help(const struct silo *s, const struct silo_program *p, int report)
{
	pid_t pid = -1;
	int e;

	if ((!s->user || join(s, "user") == 0) && join(s, "pid") == 0)
		pid = fork();
	if (pid == 0)
		become(p, report);
	e = pid < 0 ? -errno : pid;
	(void)!write(report, &e, sizeof(e)); /* unsaid the keeper reports a failure */
	_exit(0);
}

/* What the two say on the pipe, in whatever order: a pid (0: none) and an errno (0: none). */
static void listen_to(int fd, pid_t *ret_pid, int *ret_errno)
{
	int n;
	ssize_t got;

	while ((got = read(fd, &n, sizeof(n))) != 0) {
		if (got == sizeof(n) && n > 0)
			*ret_pid = n;
		else if (got == sizeof(n))
			*ret_errno = -n;
		else if (errno != EINTR)
			return;
	}
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int silo_run(const struct silo *s, const struct silo_program *p, pid_t *ret, struct error *err)
{
	int report[2], e = 0;
	pid_t helper, pid = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return error_sys(err, errno, "make a pipe");
	helper = fork();
	if (helper == 0)
		help(s, p, report[1]);
	e = helper < 0 ? errno : 0;
	close(report[1]);
	listen_to(report[0], &pid, &e);
	close(report[0]);
	if (helper > 0)
		wait_for(helper);
	if (pid > 0 && e == 0) {
		*ret = pid;
		return 0;
	}
	if (pid > 0)
		wait_for(pid); /* its helper has ended, so it is ours */
	return error_sys(err, e ? e : ECHILD, "run %s", p->path);
}
