/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads. `reap` looks at the next dead child without taking it (WNOWAIT), reads its
 * start time while it is a zombie, and then takes and hands over the status under the lock
 * that also covers spawn + registration: no status is seen before its pid is registered,
 * and none goes to a stranger with a reused pid. `look` polls pidfds of processes that
 * are not our children. Neither calls `ended`: that is shim_report.c's.
 */
#include "backends/shim_reaper.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/shim_report.h"
#include "base/arena.h"

enum {
	MAX_STRAYS = 1024, /* statuses nobody asked for yet: far more than die between two calls */
	ZOMBIE_TICK_MS = 50,
	ZOMBIE_PATIENCE_S = 10, /* an init reaps every two seconds at worst */
	NUDGE = SIGURG,         /* ignored by default, so a late one harms nobody */
};

/* linux/pidfd.h of Linux 6.15; the headers we build with may be older. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t ids[11];
	int32_t exit_code; /* as in a wait status */
};
#define PIDFD_GET_INFO_V0  _IOWR(0xFF, 11, struct pidfd_info_v0)
#define PIDFD_INFO_EXIT_V0 (UINT64_C(1) << 3)

/* A child spawned through the waiter, or a status of somebody else (a stray). */
struct child {
	struct child *next;
	pid_t pid;
	bool stray;
	bool done;
	int status;
	uint64_t start_time; /* of a stray */
	pthread_cond_t ended;
};

struct watch {
	struct watch *next;
	struct process_id id;
	shim_reaper_ended *ended;
	void *arg;
	int pidfd;           /* -1: our own child */
	struct mono dead_at; /* the pidfd said so and the code is not known yet; 0: lives */
};

struct shim_reaper {
	struct process_waiter waiter; /* first: the waiter's functions cast back */
	pthread_mutex_t lock;
	pthread_cond_t spawned; /* for `reap` when there is no child at all */
	struct child *children; /* newest first */
	unsigned n_strays;
	struct watch *watches;
	struct shim_reports *reports;
	uint64_t n_spawned;
	bool stop, reap_ended, stopped;
	int epoll, wake;
	pthread_t reap, look;
};

static void poke(const struct shim_reaper *r)
{
	const uint64_t one = 1;

	/* An eventfd that is full wakes as well. */
	if (write(r->wake, &one, sizeof(one)) < 0)
		return;
}

static int code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- children ------------------------------------------------------------------------ */

static struct child **find_child(struct shim_reaper *r, pid_t pid)
{
	struct child **at = &r->children;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

static void drop_child(struct shim_reaper *r, struct child **at)
{
	struct child *c = *at;

	*at = c->next;
	r->n_strays -= c->stray;
	pthread_cond_destroy(&c->ended);
	free(c);
}

/* A pid that is born again makes what was known of its namesake worthless. */
static struct child *add_child(struct shim_reaper *r, pid_t pid)
{
	struct child **old = find_child(r, pid);
	struct child *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t attr;

	if (*old)
		drop_child(r, old);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->ended, &attr);
	pthread_condattr_destroy(&attr);
	c->pid = pid;
	c->next = r->children;
	r->children = c;
	return c;
}

static void drop_oldest_stray(struct shim_reaper *r)
{
	struct child **oldest = NULL;

	for (struct child **at = &r->children; *at; at = &(*at)->next)
		if ((*at)->stray)
			oldest = at;
	if (oldest)
		drop_child(r, oldest);
}

static int waiter_spawn(struct process_waiter *w, int (*spawn)(void *arg, pid_t *ret), void *arg,
			pid_t *ret)
{
	struct shim_reaper *r = (struct shim_reaper *)w;
	pid_t pid = -1;
	int e;

	pthread_mutex_lock(&r->lock);
	e = spawn(arg, &pid);
	if (e == 0) {
		add_child(r, pid);
		*ret = pid;
		r->n_spawned++;
		pthread_cond_signal(&r->spawned);
	}
	pthread_mutex_unlock(&r->lock);
	return e;
}

static int waiter_wait(struct process_waiter *w, pid_t pid, struct mono deadline, int *ret_status)
{
	struct shim_reaper *r = (struct shim_reaper *)w;
	struct timespec until = { .tv_sec = deadline.us / CLOCK_SEC,
				  .tv_nsec = deadline.us % CLOCK_SEC * 1000 };
	struct child *c;
	int e = 0;

	pthread_mutex_lock(&r->lock);
	c = *find_child(r, pid);
	assert(c && !c->stray);
	while (!c->done && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&c->ended, &r->lock, &until);
	if (c->done) {
		*ret_status = c->status;
		drop_child(r, find_child(r, pid));
		e = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return e ? -ERR_TIMEOUT : 0;
}

/* --- watches ------------------------------------------------------------------------- */

static void free_watch(const struct shim_reaper *r, struct watch *w)
{
	if (w->pidfd >= 0) {
		/* Closing alone is not enough while a child on its way to exec has a copy. */
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, w->pidfd, NULL);
		close(w->pidfd);
	}
	free(w);
}

/* Takes *at out of its list and has it reported. */
static void make_due(struct shim_reaper *r, struct watch **at, bool has_code, int status)
{
	struct watch *w = *at;
	const struct shim_report report = { .ended = w->ended,
					    .arg = w->arg,
					    .pid = w->id.pid,
					    .has_code = has_code,
					    .code = has_code ? code_of(status) : 0 };

	*at = w->next;
	free_watch(r, w);
	shim_reports_add(r->reports, &report);
}

static bool same_process(const struct process_id *a, const struct process_id *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

/* The status of a child that was just taken goes to its waiter, its watch, or is kept. */
static void hand_over(struct shim_reaper *r, const struct process_id *id, int status)
{
	struct child *c = *find_child(r, id->pid);

	if (c && !c->stray && !c->done) {
		c->done = true;
		c->status = status;
		pthread_cond_broadcast(&c->ended);
	}
	for (struct watch **at = &r->watches; *at; at = &(*at)->next) {
		if (same_process(&(*at)->id, id)) {
			make_due(r, at, true, status);
			return;
		}
	}
	if (c && !c->stray)
		return;
	c = add_child(r, id->pid);
	c->stray = c->done = true;
	c->status = status;
	c->start_time = id->start_time;
	if (++r->n_strays > MAX_STRAYS)
		drop_oldest_stray(r);
}

/* What a pidfd tells: 1 and *status; 0: not yet; -1: it never will. */
static int ask_pidfd(int pidfd, int *status)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_EXIT_V0 };

	if (ioctl(pidfd, PIDFD_GET_INFO_V0, &info) < 0)
		return -1;
	if (!(info.mask & PIDFD_INFO_EXIT_V0))
		return 0;
	*status = info.exit_code;
	return 1;
}

/* Dead by pidfd: the code is there once its parent has reaped it. True while one is left. */
static bool settle_zombies(struct shim_reaper *r, struct mono now)
{
	struct watch **at = &r->watches;
	bool left = false;

	while (*at) {
		struct watch *w = *at;
		int status = 0;
		int known = w->dead_at.us ? ask_pidfd(w->pidfd, &status) : 0;
		bool late = w->dead_at.us && now.us > w->dead_at.us + ZOMBIE_PATIENCE_S * CLOCK_SEC;

		if (known || late) {
			make_due(r, at, known > 0, status);
			continue;
		}
		left |= w->dead_at.us != 0;
		at = &w->next;
	}
	return left;
}

static void note_death(struct shim_reaper *r, int pidfd, struct mono now)
{
	for (struct watch *w = r->watches; w; w = w->next) {
		if (w->pidfd != pidfd || w->dead_at.us)
			continue;
		/* It stays readable for ever: out, so that the thread does not spin. */
		(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, pidfd, NULL);
		w->dead_at = now;
	}
}

/* --- the threads --------------------------------------------------------------------- */

static void *look_thread(void *arg)
{
	struct shim_reaper *r = arg;
	struct epoll_event events[64];
	bool zombies = false;
	uint64_t count;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		struct mono now;
		int n;

		pthread_mutex_unlock(&r->lock);
		n = epoll_wait(r->epoll, events, 64, zombies ? ZOMBIE_TICK_MS : -1);
		now = clock_mono();
		pthread_mutex_lock(&r->lock);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != r->wake)
				note_death(r, events[i].data.fd, now);
			else if (read(r->wake, &count, sizeof(count)) < 0)
				continue; /* somebody's poke was counted before */
		}
		zombies = settle_zombies(r, now);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Waits until a child is dead, leaves it a zombie; false when there is no child. */
static bool next_dead(pid_t *ret)
{
	siginfo_t si = { 0 };
	int rc = waitid(P_ALL, 0, &si, WEXITED | WNOWAIT);

	*ret = rc == 0 ? si.si_pid : 0;
	return rc == 0 || errno != ECHILD;
}

static void *reap_thread(void *arg)
{
	struct shim_reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		uint64_t seen = r->n_spawned;
		struct process_id id = { 0 };
		int status;
		bool any;

		pthread_mutex_unlock(&r->lock);
		any = next_dead(&id.pid);
		if (id.pid > 0)
			(void)process_identify(id.pid, &id, NULL); /* a zombie has its stat file */
		pthread_mutex_lock(&r->lock);
		while (!any && !r->stop && r->n_spawned == seen)
			pthread_cond_wait(&r->spawned, &r->lock);
		/* posix_spawn itself takes a child whose exec failed: then there is none here. */
		if (id.pid > 0 && waitpid(id.pid, &status, WNOHANG) == id.pid)
			hand_over(r, &id, status);
	}
	r->reap_ended = true;
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Only there to interrupt waitid: a signal that is ignored would not. */
static void on_nudge(int sig)
{
	(void)sig;
}

/* The signal may come before waitid sleeps: again, until the thread has seen the flag. */
static void stop_reap(struct shim_reaper *r)
{
	bool ended = false;

	while (!ended) {
		(void)pthread_kill(r->reap, NUDGE);
		clock_sleep(CLOCK_MS);
		pthread_mutex_lock(&r->lock);
		ended = r->reap_ended;
		pthread_mutex_unlock(&r->lock);
	}
	pthread_join(r->reap, NULL);
}

/* --- the interface ------------------------------------------------------------------- */

static void free_lists(struct shim_reaper *r)
{
	while (r->children)
		drop_child(r, &r->children);
	for (struct watch *w = r->watches, *next; w; w = next) {
		next = w->next;
		free_watch(r, w);
	}
}

static void release(struct shim_reaper *r)
{
	shim_reports_free(r->reports);
	free_lists(r);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->wake >= 0)
		close(r->wake);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->spawned);
	free(r);
}

static void stop_look(struct shim_reaper *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->spawned);
	poke(r);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->look, NULL);
}

static int start(struct shim_reaper *r, struct error *err)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct sigaction nudge = { .sa_handler = on_nudge };
	int e, rc;

	if (sigaction(NUDGE, &nudge, NULL) < 0)
		return error_sys(err, errno, "set up the reaper");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_sys(err, errno, "become a subreaper");
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev.data.fd = r->wake;
	if (r->epoll < 0 || r->wake < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->wake, &ev) < 0)
		return error_sys(err, errno, "set up the reaper");
	rc = shim_reports_new(&r->reports, err);
	if (rc < 0)
		return rc;
	e = pthread_create(&r->look, NULL, look_thread, r);
	if (e)
		return error_sys(err, e, "start the reaper's thread");
	e = pthread_create(&r->reap, NULL, reap_thread, r);
	if (e) {
		stop_look(r);
		return error_sys(err, e, "start the reaper's thread");
	}
	return 0;
}

int shim_reaper_new(struct shim_reaper **ret, struct error *err)
{
	struct shim_reaper *r = xcalloc(1, sizeof(*r));
	int rc;

	r->waiter = (struct process_waiter){ .spawn = waiter_spawn, .wait = waiter_wait };
	r->epoll = r->wake = -1;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->spawned, NULL);
	rc = start(r, err);
	if (rc < 0) {
		release(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void shim_reaper_stop(struct shim_reaper *r)
{
	if (r->stopped)
		return;
	r->stopped = true;
	stop_look(r);
	stop_reap(r);
	shim_reports_drain(r->reports);
}

void shim_reaper_free(struct shim_reaper *r)
{
	if (!r)
		return;
	shim_reaper_stop(r);
	release(r);
}

struct process_waiter *shim_reaper_waiter(struct shim_reaper *r)
{
	return &r->waiter;
}

/* A process that is not our child is held by a descriptor; false when it has just gone. */
static int hold(struct shim_reaper *r, struct watch *w, bool *ret_there, struct error *err)
{
	struct epoll_event ev = { .events = EPOLLIN };
	enum process_state state = PROCESS_GONE;
	siginfo_t si;
	int rc;

	*ret_there = true;
	if (waitid(P_PID, (id_t)w->id.pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0)
		return 0;
	w->pidfd = pidfd_open(w->id.pid, 0);
	if (w->pidfd < 0 && errno != ESRCH)
		return error_sys(err, errno, "open process %d", (int)w->id.pid);
	rc = process_look(&w->id, &state, err);
	if (rc < 0)
		return rc;
	if (w->pidfd < 0 || state == PROCESS_GONE || state == PROCESS_STRANGER) {
		*ret_there = false;
		return 0;
	}
	ev.data.fd = w->pidfd;
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, w->pidfd, &ev) < 0)
		return error_sys(err, errno, "watch process %d", (int)w->id.pid);
	return 0;
}

/* With the lock held nobody reaps: what is not there now has left its status, or none. */
static int place_watch(struct shim_reaper *r, struct watch *w, struct error *err)
{
	enum process_state state;
	bool there;
	struct child **c;
	int rc = process_look(&w->id, &state, err);

	if (rc < 0)
		return rc;
	there = state == PROCESS_ALIVE || state == PROCESS_ZOMBIE;
	if (there)
		rc = hold(r, w, &there, err);
	if (rc < 0)
		return rc;
	w->next = r->watches;
	r->watches = w;
	if (there)
		return 0;
	c = find_child(r, w->id.pid);
	if (*c && (*c)->stray && (*c)->start_time == w->id.start_time) {
		make_due(r, &r->watches, true, (*c)->status);
		drop_child(r, c);
	} else {
		make_due(r, &r->watches, false, 0);
	}
	return 0;
}

int shim_reaper_watch(struct shim_reaper *r, const struct process_id *id, shim_reaper_ended *ended,
		      void *arg, struct error *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	int rc;

	*w = (struct watch){ .id = *id, .ended = ended, .arg = arg, .pidfd = -1 };
	pthread_mutex_lock(&r->lock);
	rc = place_watch(r, w, err);
	pthread_mutex_unlock(&r->lock);
	if (rc < 0)
		free_watch(r, w);
	return rc;
}

static void forget(const struct shim_reaper *r, struct watch **list, const void *arg)
{
	while (*list) {
		struct watch *w = *list;

		if (w->arg != arg) {
			list = &w->next;
			continue;
		}
		*list = w->next;
		free_watch(r, w);
	}
}

void shim_reaper_unwatch(struct shim_reaper *r, void *arg)
{
	pthread_mutex_lock(&r->lock);
	forget(r, &r->watches, arg);
	pthread_mutex_unlock(&r->lock);
	shim_reports_forget(r->reports, arg);
}
