/* SPDX-License-Identifier: Apache-2.0 */
/* All functions are found before the first is called: half a library is none. */
#include "base/late.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/clean.h"

/* One for all: it is held for the few milliseconds of a process' first use of a library. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int refuse(const struct late *late, struct error *err)
{
	const char *why = dlerror();

	(void)error_set(err, ERR_UNAVAILABLE, 0, "%s cannot be used: %s", late->file,
			why ? why : "unknown reason");
	error_hint(err, "install it: apt-get install %s", late->package);
	return -ERR_UNAVAILABLE;
}

static int find_all(const struct late *late, void *library, void **found, struct error *err)
{
	for (size_t i = 0; i < late->n; i++) {
		found[i] = dlsym(library, late->names[i]);
		if (!found[i])
			return refuse(late, err);
	}
	return 0;
}

static int load(struct late *late, struct error *err)
{
	const size_t size = late->n * sizeof(void *);
	void **found CLEAN(free) = xcalloc(late->n, sizeof(void *));
	void *library = dlopen(late->file, RTLD_LAZY | RTLD_LOCAL);
	int r;

	if (!library)
		return refuse(late, err);
	r = find_all(late, library, found, err);
	if (r < 0) {
		(void)dlclose(library); /* nobody has called it */
		return r;
	}
	memcpy(late->calls, found, size);
	late->is_loaded = true;
	return 0;
}

int late_load(struct late *late, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&lock);
	if (!late->is_loaded)
		r = load(late, err);
	pthread_mutex_unlock(&lock);
	return r;
}
