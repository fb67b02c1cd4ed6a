/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library as a whole: its state, its lock, and where its host is:
 *
 *   HCS_SIM_DIR     the directory; else `hcs_sim.state` beside the library, under the name it was
 *                   loaded by: a symbolic link elsewhere is another host
 *   HCS_SIM_HOST    the keeper's program; else hcs_sim_host beside the library itself
 *
 * Both are looked at for each new connection.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_sim/library/library.h"
#include "base/arena.h"
#include "base/clock.h"

static struct library the_library = { .lock = PTHREAD_MUTEX_INITIALIZER,
				      .dirfd = -1,
				      .socket = -1,
				      .last_event = &the_library.events };
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (pthread_cond_init(&the_library.changed, &attr) != 0)
		abort();
	(void)pthread_condattr_destroy(&attr);
}

struct library *library_lock(void)
{
	(void)pthread_once(&once, init);
	(void)pthread_mutex_lock(&the_library.lock);
	return &the_library;
}

void library_unlock(struct library *l)
{
	(void)pthread_mutex_unlock(&l->lock);
}

bool library_wait(struct library *l, int64_t deadline_us)
{
	struct timespec t;

	if (deadline_us == INT64_MAX)
		return pthread_cond_wait(&l->changed, &l->lock) == 0;
	t.tv_sec = deadline_us / CLOCK_SEC;
	t.tv_nsec = deadline_us % CLOCK_SEC * 1000;
	return pthread_cond_timedwait(&l->changed, &l->lock, &t) != ETIMEDOUT;
}

int64_t library_deadline(DWORD timeout_ms)
{
	return timeout_ms == INFINITE ? INT64_MAX : clock_mono().us + timeout_ms * CLOCK_MS;
}

/* <directory of @path>/<name>; malloc'ed. */
static char *beside(const char *path, const char *name)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 1;

	return xstrdup(arena_printf(a, "%.*s/%s", n, slash ? path : ".", name));
}

void library_find_host(struct library *l)
{
	const char *dir = getenv("HCS_SIM_DIR"), *program = getenv("HCS_SIM_HOST");
	char real[PATH_MAX];
	Dl_info info = { 0 };
	const char *self;

	(void)dladdr(&the_library, &info);
	self = info.dli_fname ? info.dli_fname : "./";
	free(l->dir);
	free(l->program);
	l->dir = dir && *dir ? xstrdup(dir) : beside(self, "hcs_sim.state");
	l->program = program && *program
			     ? xstrdup(program)
			     : beside(realpath(self, real) ? real : self, "hcs_sim_host");
}
