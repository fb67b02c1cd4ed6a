/* SPDX-License-Identifier: Apache-2.0 */
/* Component by component; "." and empty ones are skipped, ".." at the top stays there. */
#include "backends/hcs_sim/host/image_path.h"

#include <dirent.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"

CLEAN_DEFINE(dir, DIR *, closedir)

enum { MAX_PATH = 4096 };

/* The next component of @*path; NULL at the end. */
static const char *next_part(const char **path, struct arena *a)
{
	const char *p = *path + strspn(*path, "\\/");
	size_t n = strcspn(p, "\\/");

	*path = p + n;
	return n > 0 ? arena_strndup(a, p, n) : NULL;
}

static const char *without_drive(const char *path)
{
	return path[0] && path[1] == ':' ? path + 2 : path;
}

/* Back to the parent directory, but not above @root_n bytes. */
static void go_up(struct buf *at, size_t root_n)
{
	while (at->n > root_n && at->data[at->n - 1] != '/')
		at->data[--at->n] = '\0';
	if (at->n > root_n)
		at->data[--at->n] = '\0';
}

/* The name of an entry that is @part in some case; NULL. */
static const char *find_entry(const char *directory, const char *part, struct arena *a)
{
	DIR *d CLEAN(dir) = opendir(directory);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcasecmp(e->d_name, part) == 0)
			return arena_strdup(a, e->d_name);
	return NULL;
}

const char *image_path_find(const char *root, const char *path, struct arena *a)
{
	struct buf at CLEAN(buf) = BUF_INIT(MAX_PATH);
	size_t root_n = strlen(root);
	const char *part;

	buf_puts(&at, root);
	path = without_drive(path);
	while ((part = next_part(&path, a))) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			go_up(&at, root_n);
			continue;
		}
		part = find_entry(at.data, part, a);
		if (!part)
			return NULL;
		buf_printf(&at, "/%s", part);
	}
	return at.overflow ? NULL : arena_strdup(a, at.data);
}

const char *image_path_below(const char *root, const char *path, struct arena *a)
{
	struct buf at CLEAN(buf) = BUF_INIT(MAX_PATH);
	size_t root_n = strlen(root);
	const char *part, *there;

	buf_puts(&at, root);
	path = without_drive(path);
	while ((part = next_part(&path, a))) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			go_up(&at, root_n);
			continue;
		}
		there = find_entry(at.data, part, a);
		buf_printf(&at, "/%s", there ? there : part);
	}
	return arena_strdup(a, at.data);
}
