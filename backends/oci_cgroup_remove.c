/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes control groups away, children first. Only directories are removed: the
 * files of a cgroup go with it. A group that was just emptied may be busy for a
 * moment, since the kernel lets the last process go late.
 */
#include "backends/oci_cgroup_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/limits.h"

CLEAN_DEFINE(dir, DIR *, closedir)

enum { DEPTH_MAX = 16 };

static void remove_below(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d CLEAN(dir) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if (depth < DEPTH_MAX)
			remove_below(dirfd(d), e->d_name, depth + 1);
		(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR); /* the parent's fails then */
	}
}

static int remove_one(const char *dir, struct error *err)
{
	for (int i = 0; i < 40; i++) {
		if (rmdir(dir) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return error_sys(err, errno, "remove %s", dir);
		remove_below(AT_FDCWD, dir, 0);
		if (rmdir(dir) == 0 || errno == ENOENT)
			return 0;
		clock_sleep(5 * CLOCK_MS);
	}
	return error_set(err, ERR_CONFLICT, EBUSY, "a process is in %s", dir);
}

int oci_cgroup_remove(const struct oci_cgroups *c, const char *path, struct error *err)
{
	for (size_t i = 0; i < c->n; i++) {
		char dir[LIMIT_PATH];
		int r;

		snprintf(dir, sizeof(dir), "%s%s", c->items[i].mount, path);
		r = remove_one(dir, err);
		if (r < 0)
			return r;
	}
	return 0;
}

void oci_cgroup_remove_empty(const struct oci_cgroups *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++) {
		char dir[LIMIT_PATH];

		snprintf(dir, sizeof(dir), "%s%s", c->items[i].mount, path);
		(void)rmdir(dir); /* in use or gone: both are fine */
	}
}
