/* SPDX-License-Identifier: Apache-2.0 */
/* Windows folds "." and ".." away as text, before anything is looked up: "no\\..\\x" is "x". */
#include "backends/hcs_sim/host/image_path.h"

#include <dirent.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"

CLEAN_DEFINE(dir, DIR *, closedir)

enum { MAX_PATH_BYTES = 4096 };

/* The components that are left, NULL-terminated; ".." at the top stays there. */
static const char **fold(const char *path, struct arena *a)
{
	const char **parts = NULL;
	size_t n = 0;

	if (path[0] && path[1] == ':')
		path += 2;
	for (;;) {
		size_t length;

		path += strspn(path, "\\/");
		length = strcspn(path, "\\/");
		parts = arena_grow(a, parts, n, sizeof(*parts));
		parts[n] = NULL;
		if (length == 0)
			return parts;
		if (length == 2 && memcmp(path, "..", 2) == 0)
			n -= n > 0;
		else if (length != 1 || *path != '.')
			parts[n++] = arena_strndup(a, path, length);
		path += length;
	}
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

/* @must_be_there: NULL for a path that is not; else its spelling serves for what is not. */
static const char *walk(const char *root, const char *path, bool must_be_there, struct arena *a)
{
	struct buf at CLEAN(buf) = BUF_INIT(MAX_PATH_BYTES);
	const char **parts = fold(path, a);

	buf_puts(&at, root);
	for (size_t i = 0; parts[i]; i++) {
		const char *entry = find_entry(at.data, parts[i], a);

		if (!entry && must_be_there)
			return NULL;
		buf_printf(&at, "/%s", entry ? entry : parts[i]);
	}
	return at.overflow ? NULL : arena_strdup(a, at.data);
}

const char *image_path_find(const char *root, const char *path, struct arena *a)
{
	return walk(root, path, true, a);
}

const char *image_path_below(const char *root, const char *path, struct arena *a)
{
	return walk(root, path, false, a);
}
