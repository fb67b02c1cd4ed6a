/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a probe has proved is true for this boot, this file and these control groups, also for the
 * next shim: a shim leaves with its last container, and the probe is dearer than a container. Only
 * good news is kept; it is a hint, and forgotten with the first create that fails.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"

static const char *path_of(const struct youki *y, const struct oci_program *p, struct arena *a)
{
	return arena_printf(a, "%s/oci/works-%s", y->layout.run_dir, p->name);
}

/* Everything the verdict depends on, in one line. */
static const char *circumstances(const struct youki *y, const struct oci_program *p,
				 const struct stat *file, struct arena *a)
{
	const char *groups = "";

	for (size_t i = 0; i < y->cgroups.n; i++)
		groups = arena_printf(a, "%s %s=%s", groups, y->cgroups.items[i].mount,
				      y->cgroups.items[i].controllers);
	return arena_printf(a, "1 %s %s %ju:%ju %jd %jd.%09ld%s", y->boot_id, p->path,
			    (uintmax_t)file->st_dev, (uintmax_t)file->st_ino,
			    (intmax_t)file->st_size, (intmax_t)file->st_mtim.tv_sec,
			    file->st_mtim.tv_nsec, groups);
}

bool youki_verdict_recall(const struct youki *y, const struct oci_program *p,
			  const struct stat *file, struct arena *a, const char **ret_version)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	struct arena *work CLEAN(arena) = arena_new();
	const char *want = circumstances(y, p, file, work);
	size_t n = strlen(want);

	if (fs_read(AT_FDCWD, path_of(y, p, work), &text, NULL) < 0)
		return false;
	if (text.n < n + 3 || memcmp(text.data, want, n) != 0 || text.data[n] != '\n' ||
	    text.data[text.n - 1] != '\n')
		return false;
	*ret_version = arena_strndup(a, text.data + n + 1, text.n - n - 2);
	return true;
}

void youki_verdict_save(const struct youki *y, const struct oci_program *p, const struct stat *file)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *text = arena_printf(a, "%s\n%s\n", circumstances(y, p, file, a), p->version);

	/* Without it the next shim probes again. */
	(void)fs_write_atomic(AT_FDCWD, path_of(y, p, a), text, strlen(text), 0600, NULL);
}

void youki_verdict_forget(const struct youki *y, const struct oci_program *p)
{
	struct arena *a CLEAN(arena) = arena_new();

	(void)unlink(path_of(y, p, a)); /* what is not there is forgotten */
}
