/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A living container is known by its control group, `…/<owner>/<runtime id>`: the base in front
 * of it differs from unit to unit, so every process of the host is asked for its own.
 */
#include "backends/host_left.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "specs/runtime_id.h"

CLEAN_DEFINE(dir, DIR *, closedir)

/* Does a line of /proc/PID/cgroup have the owner's directory and an instance's below it? */
static bool names_instance(const char *line, size_t n, const char *owner)
{
	size_t n_owner = strlen(owner);
	char id[LIMIT_RUNTIME_ID + 1];
	struct runtime_id unused;

	for (const char *p = line; p + n_owner + 2 < line + n; p++) {
		const char *at = p + n_owner + 2;
		size_t n_id = 0;

		if (p[0] != '/' || memcmp(p + 1, owner, n_owner) != 0 || at[-1] != '/')
			continue;
		while (at + n_id < line + n && at[n_id] != '/')
			n_id++;
		if (n_id > LIMIT_RUNTIME_ID)
			continue;
		memcpy(id, at, n_id);
		id[n_id] = '\0';
		if (runtime_id_parse(id, &unused))
			return true;
	}
	return false;
}

/* A process that went away meanwhile has nothing. */
static int look_at_process(const char *pid, const char *owner, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	struct error why = ERROR_INIT;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
	r = fs_read(AT_FDCWD, path, &text, &why);
	if (r == -ERR_NOT_FOUND || why.sys == ESRCH)
		return 0;
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	for (const char *line = text.data; *line;) {
		size_t n = strcspn(line, "\n");

		if (names_instance(line, n, owner))
			return HOST_LEFT;
		line += n + (line[n] == '\n');
	}
	return 0;
}

static int look_at_processes(const char *owner, struct error *err)
{
	DIR *d CLEAN(dir) = opendir("/proc");
	struct dirent *e;
	uint64_t pid;

	if (!d)
		return error_sys(err, errno, "read /proc");
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int r = number_u64(e->d_name, INT32_MAX, &pid)
				? look_at_process(e->d_name, owner, err)
				: 0;

		if (r != 0)
			return r;
	}
	return errno ? error_sys(err, errno, "read /proc") : 0;
}

int host_left(const struct layout *l, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = fs_is_empty(AT_FDCWD, layout_bundles(l, a), err);

	if (r == FS_EMPTY)
		r = fs_is_empty(AT_FDCWD, layout_silos(l, a), err);
	if (r < 0)
		return r;
	return r == FS_EMPTY ? look_at_processes(l->owner, err) : HOST_LEFT;
}
