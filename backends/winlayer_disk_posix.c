/* SPDX-License-Identifier: Apache-2.0 */
/* There are no links in a staged layer and nobody else writes there, so a path is what it says;
 * O_EXCL and O_NOFOLLOW are for the case that this is not true. */
#include "backends/winlayer_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/winlayer_links.h"
#include "backends/winlayer_path.h"
#include "base/fs.h"

CLEAN_DEFINE(dirp, DIR *, closedir)

int winlayer_disk_directory(int root, const char *path, struct error *err)
{
	if (mkdirat(root, path, 0755) < 0)
		return error_sys(err, errno, "make directory");
	return 0;
}

int winlayer_disk_create(int root, const char *path, int *ret, struct error *err)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_sys(err, errno, "create");
	*ret = fd;
	return 0;
}

/* What lies before 1970 is that to a file here. */
static struct timespec to_timespec(int64_t ticks)
{
	const int64_t second = 10000000, epoch = INT64_C(11644473600);
	int64_t seconds = ticks / second - epoch;

	if (seconds < 0)
		return (struct timespec){ 0, 0 };
	return (struct timespec){ (time_t)seconds, (long)(ticks % second * 100) };
}

int winlayer_disk_times(int fd, const struct winlayer_meta *meta, struct error *err)
{
	const struct timespec times[2] = { to_timespec(meta->accessed),
					   to_timespec(meta->written) };

	if (futimens(fd, times) < 0)
		return error_sys(err, errno, "set times");
	return 0;
}

static bool is_mark(const char *name)
{
	size_t n = strlen(name), n_mark = strlen(WINLAYER_DIRECTORY_MARK);

	return n > n_mark && strcmp(name + n - n_mark, WINLAYER_DIRECTORY_MARK) == 0;
}

/* The directory @name in @parent, called @path in the archive, and all below it. */
static int add_tree(int parent, const char *name, const char *path, struct winlayer_names *ret,
		    struct error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d CLEAN(dirp) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = d ? winlayer_names_add(ret, path, WINLAYER_NODE_DIRECTORY, err)
		  : error_sys(err, errno, "list %.100s", path);

	while (r == 0 && (errno = 0, e = readdir(d))) {
		char below[LIMIT_MEMBER_NAME];
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || is_mark(e->d_name))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >=
			    (int)sizeof(below) ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_sys(err, errno, "look at %.100s", path);
		r = S_ISDIR(st.st_mode) ? add_tree(fd, e->d_name, below, ret, err)
					: winlayer_names_add(ret, below, WINLAYER_NODE_LEAF, err);
	}
	if (r == 0 && errno)
		return error_sys(err, errno, "list %.100s", path);
	return r;
}

static int add_links(int layer, struct winlayer_names *ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_WINLAYER_LIST);
	struct arena *a CLEAN(arena) = arena_new();
	struct winlayer_link *links;
	size_t n;
	int r = fs_read(layer, "links", &text, err);

	if (r == 0)
		r = winlayer_links_parse(text.data, a, &links, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = winlayer_names_add(ret, links[i].name, WINLAYER_NODE_LEAF, err);
	return r;
}

int winlayer_disk_names(int dir, const char *path, struct winlayer_names *ret, struct error *err)
{
	int layer CLEAN(fd) = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct error why = ERROR_INIT;
	int r = layer < 0 ? error_sys(&why, errno, "open") : 0;

	if (r == 0)
		r = add_tree(layer, "fs/Files", "Files", ret, &why);
	if (r == 0 && fs_exists(layer, "uvm/Files", NULL) == FS_EXISTS) {
		r = winlayer_names_add(ret, "UtilityVM", WINLAYER_NODE_DIRECTORY, &why);
		if (r == 0)
			r = add_tree(layer, "uvm/Files", "UtilityVM/Files", ret, &why);
	}
	if (r == 0)
		r = add_links(layer, ret, &why);
	if (r < 0)
		return error_set(err, ERR_CORRUPT, why.sys, "staged layer %s: %s", path, why.msg);
	return 0;
}
