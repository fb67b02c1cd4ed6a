/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly always the directory is there: one openat2() that refuses links. If
 * not, the path is walked here, component by component: `real` is the part that
 * is known to be directories of this layer, without a link, so ".." in a link's
 * target can be taken by its text, and above the root there is nothing. Only
 * `real` is ever opened, again with an openat2() that refuses links.
 */
#include "backends/image_layer_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"

#define MAX_LINKS 40 /* as the kernel */

struct walk {
	const struct image_layer_job *job;
	bool create;
	int n_links;
	char real[LIMIT_MEMBER_NAME]; /* walked so far */
	char todo[2 * LIMIT_PATH];    /* what is left; may hold "..", "." and empty components */
};

enum below { BELOW_NOTHING, BELOW_DIR, BELOW_LINK };

static int open_real(int dirfd, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, dirfd, *path ? path : ".", &how, sizeof(how));
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int image_layer_dir_mark_opaque(int fd, struct error *err)
{
	if (fsetxattr(fd, IMAGE_LAYER_OPAQUE_XATTR, "y", 1, 0) < 0)
		return error_sys(err, errno, "mark as opaque");
	return 0;
}

/* What the layers below show as @name in directory @dir; the uppermost that has it decides. */
static enum below find_below(const struct walk *w, const char *dir, const char *name,
			     struct stat *ret, char target[LIMIT_PATH])
{
	for (size_t i = w->job->n_lower; i > 0; i--) {
		int root CLEAN(fd) = openat(w->job->lower_dir, w->job->lower[i - 1],
					    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int parent CLEAN(fd) = root < 0 ? -1 : open_real(root, dir);
		ssize_t n;
		char mark;

		if (parent < 0)
			continue;
		if (fstatat(parent, name, ret, AT_SYMLINK_NOFOLLOW) < 0) {
			if (fgetxattr(parent, IMAGE_LAYER_OPAQUE_XATTR, &mark, 1) == 1)
				return BELOW_NOTHING;
			continue;
		}
		if (S_ISDIR(ret->st_mode))
			return BELOW_DIR;
		n = S_ISLNK(ret->st_mode) ? readlinkat(parent, name, target, LIMIT_PATH - 1) : -1;
		if (n <= 0)
			return BELOW_NOTHING;
		target[n] = '\0';
		return BELOW_LINK;
	}
	return BELOW_NOTHING;
}

/* The next component of todo into @name; false at the end. */
static bool pop(struct walk *w, char name[256], struct error *err, int *ret)
{
	for (;;) {
		size_t skip = strspn(w->todo, "/"), n = strcspn(w->todo + skip, "/");

		if (n == 0)
			return false;
		if (n > 255) {
			*ret = error_set(err, ERR_LIMIT, 0, "a link with a component too long");
			return false;
		}
		memcpy(name, w->todo + skip, n);
		name[n] = '\0';
		memmove(w->todo, w->todo + skip + n, strlen(w->todo + skip + n) + 1);
		if (!strcmp(name, "..")) {
			char *slash = strrchr(w->real, '/');

			w->real[slash ? slash - w->real : 0] = '\0';
		} else if (strcmp(name, ".") != 0) {
			return true;
		}
	}
}

static int follow(struct walk *w, const char *target, struct error *err)
{
	size_t n = strlen(target), n_rest = strlen(w->todo);

	if (++w->n_links > MAX_LINKS)
		return error_set(err, ERR_INVALID, ELOOP, "through too many links");
	if (n + 1 + n_rest >= sizeof(w->todo))
		return error_set(err, ERR_LIMIT, 0, "through links that are too long");
	memmove(w->todo + n + 1, w->todo, n_rest + 1);
	memcpy(w->todo, target, n);
	w->todo[n] = '/';
	if (target[0] == '/')
		w->real[0] = '\0';
	return 0;
}

static int descend(struct walk *w, const char *name, struct error *err)
{
	size_t n = strlen(w->real), n_name = strlen(name);
	int depth = 0;

	if (n + 1 + n_name >= sizeof(w->real))
		return error_set(err, ERR_LIMIT, 0, "path too long");
	if (n)
		w->real[n++] = '/';
	memcpy(w->real + n, name, n_name + 1);
	for (const char *p = w->real; (p = strchr(p, '/')); p++)
		depth++;
	if (depth >= LIMIT_MEMBER_DEPTH)
		return error_set(err, ERR_LIMIT, 0, "more than %d directories deep",
				 LIMIT_MEMBER_DEPTH);
	return 0;
}

/* An implied directory; @below says how it looks in the layers below, or NULL. */
static int make(struct walk *w, int parent, const char *name, const struct stat *below,
		struct error *err)
{
	if (!w->create)
		return error_set(err, ERR_INVALID, ENOENT, "not in this layer");
	if (mkdirat(parent, name, 0755) < 0)
		return error_sys(err, errno, "make directory %s", name);
	if (w->job->form == IMAGE_LAYER_PLAIN)
		return 0;
	if ((below &&
	     fchownat(parent, name, below->st_uid, below->st_gid, AT_SYMLINK_NOFOLLOW) < 0) ||
	    fchmodat(parent, name, below ? below->st_mode & 07777 : 0755, 0) < 0)
		return error_sys(err, errno, "set owner of %s", name);
	return 0;
}

/* Deleted from the layers below, and now there is something in it again. */
static int remake(struct walk *w, int parent, const char *name, struct error *err)
{
	int fd CLEAN(fd) = -1;
	int r;

	if (w->create && unlinkat(parent, name, 0) < 0)
		return error_sys(err, errno, "replace whiteout %s", name);
	r = make(w, parent, name, NULL, err);
	if (r < 0)
		return r;
	fd = open_real(parent, name);
	return fd < 0 ? error_sys(err, errno, "open %s", name)
		      : image_layer_dir_mark_opaque(fd, err);
}

static int step(struct walk *w, const char *name, struct error *err)
{
	int parent CLEAN(fd) = open_real(w->job->root, w->real);
	char target[LIMIT_PATH];
	struct stat st;
	ssize_t n;
	int r = 0;

	if (parent < 0)
		return error_sys(err, errno, "open %s", w->real);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode)) {
			n = readlinkat(parent, name, target, sizeof(target) - 1);
			target[n > 0 ? n : 0] = '\0';
			return n < 0 ? error_sys(err, errno, "read link %s", name)
				     : follow(w, target, err);
		}
		if (is_whiteout(&st))
			r = remake(w, parent, name, err);
		else if (!S_ISDIR(st.st_mode))
			r = error_set(err, ERR_INVALID, ENOTDIR, "%.100s is no directory", name);
		return r < 0 ? r : descend(w, name, err);
	}
	switch (find_below(w, w->real, name, &st, target)) {
	case BELOW_LINK:
		return follow(w, target, err);
	case BELOW_DIR:
		r = make(w, parent, name, &st, err);
		break;
	case BELOW_NOTHING:
		r = make(w, parent, name, NULL, err);
		break;
	}
	return r < 0 ? r : descend(w, name, err);
}

int image_layer_dir_open(const struct image_layer_job *job, const char *path, bool create, int *ret,
			 struct error *err)
{
	struct walk w = { .job = job, .create = create };
	char name[256];
	int fd = open_real(job->root, path);
	int r = 0;

	if (fd < 0) {
		(void)snprintf(w.todo, sizeof(w.todo), "%s", path); /* fits: paths are bounded */
		while (r == 0 && pop(&w, name, err, &r))
			r = step(&w, name, err);
		if (r < 0)
			return r;
		fd = open_real(job->root, w.real);
	}
	if (fd < 0)
		return error_sys(err, errno, "open %s", w.real);
	*ret = fd;
	return 0;
}
