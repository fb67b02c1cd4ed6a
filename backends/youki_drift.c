/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that somebody else has changed. What the kernel showed right after a create or an update
 * is kept beside the bundle, and a look compares it with what the kernel shows now: so nobody has
 * to know how each program and each version of control groups rounds what it is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"

enum { MAX_NOTE = 4096 };

/* Of each controller what a service's resources set. Swap only where it is counted. */
static const struct watched {
	const char *controller, *v1, *v2;
	bool is_swap;
} watched[] = {
	{ "memory", "memory.limit_in_bytes", "memory.max", false },
	{ "memory", "memory.memsw.limit_in_bytes", "memory.swap.max", true },
	{ "cpu", "cpu.cfs_quota_us", "cpu.max", false },
	{ "cpu", "cpu.shares", "cpu.weight", false },
	{ "cpuset", "cpuset.cpus", "cpuset.cpus", false },
	{ "pids", "pids.max", "pids.max", false },
};
#define N_WATCHED (sizeof(watched) / sizeof(watched[0]))

static const char *name_of(const struct youki *y, const struct watched *w)
{
	if (w->is_swap && !y->cgroups.has_swap)
		return NULL;
	return y->cgroups.mode == OCI_CGROUP_V2 ? w->v2 : w->v1;
}

/* One file without its end of line; NULL: there is none, or it cannot be read. */
static const char *read_value(const struct youki *y, const char *cgroup, const struct watched *w,
			      struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	const char *name = name_of(y, w);

	if (!name || oci_cgroup_read(&y->cgroups, cgroup, w->controller, name, &text, NULL) < 0)
		return NULL;
	return arena_strndup(a, text.n ? text.data : "", strcspn(text.n ? text.data : "", "\n"));
}

/* "memory.max 33554432\ncpu.max max 100000\n" */
static const char *read_all(const struct youki *y, const char *cgroup, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < N_WATCHED; i++) {
		const char *value = read_value(y, cgroup, &watched[i], a);

		if (value)
			text = arena_printf(a, "%s%s %s\n", text, name_of(y, &watched[i]), value);
	}
	return text;
}

/* What @note says of the file @name; NULL: nothing. */
static const char *noted(const char *note, const char *name, struct arena *a)
{
	size_t n = strlen(name);

	for (const char *line = note; *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			return arena_strndup(a, line + n + 1, strcspn(line + n + 1, "\n"));
		if (!strchr(line, '\n'))
			break;
	}
	return NULL;
}

/* Not durable: it holds for this boot only. */
static void save(const char *bundle, const char *note)
{
	char path[LIMIT_PATH], tmp[LIMIT_PATH];
	int fd CLEAN(fd) = -1;

	snprintf(path, sizeof(path), "%s/limits", bundle);
	snprintf(tmp, sizeof(tmp), "%s/limits.tmp", bundle);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Without the note a later shim sees no drift; nothing else depends on it. */
	if (fd >= 0 && fs_write_all(fd, note, strlen(note), NULL) == 0)
		(void)rename(tmp, path);
}

static void keep(struct youki *y, const char *id, const char *note)
{
	struct youki_box *box;

	pthread_mutex_lock(&y->lock);
	box = youki_box_find(y, id);
	if (box)
		box->limits = note ? arena_strdup(box->arena, note) : NULL;
	pthread_mutex_unlock(&y->lock);
}

void youki_drift_note(struct youki *y, const char *id, const char *cgroup)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *note = read_all(y, cgroup, a);

	save(layout_bundle(&y->layout, a, id), note);
	keep(y, id, note);
}

void youki_drift_forget(struct youki *y, const char *id)
{
	keep(y, id, NULL);
}

void youki_drift_recall(struct youki *y, const char *id)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf note CLEAN(buf) = BUF_INIT(MAX_NOTE);
	const char *path = arena_printf(a, "%s/limits", layout_bundle(&y->layout, a, id));

	if (fs_read(AT_FDCWD, path, &note, NULL) == 0 && note.n)
		keep(y, id, note.data);
}

const char *youki_drift_tell(const struct youki *y, const struct youki_box *copy, struct arena *a)
{
	const char *told = NULL;

	for (size_t i = 0; copy->limits && i < N_WATCHED; i++) {
		const char *name = name_of(y, &watched[i]);
		const char *was = name ? noted(copy->limits, name, a) : NULL;
		const char *is = was ? read_value(y, copy->rec.cgroup, &watched[i], a) : NULL;

		if (!is || strcmp(is, was) == 0)
			continue;
		told = arena_printf(a, "%s%s%s %s, not %s", told ? told : "", told ? "; " : "",
				    name, is, was);
	}
	return told;
}
