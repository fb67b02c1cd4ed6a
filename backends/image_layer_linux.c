/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members are made relative to a descriptor of their parent directory, which
 * image_layer_dir opens below the root whatever links there are. A name alone,
 * or a link planted by an earlier member, can therefore lead nowhere else.
 * Attributes of one member are image_layer_attr's business.
 */
#include "backends/image_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backends/image_archive.h"
#include "backends/image_layer_attr.h"
#include "backends/image_layer_dir.h"
#include "backends/image_layer_path.h"
#include "base/arena.h"
#include "base/fs.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Times of directories change when members are put into them: they are set last. */
struct dir_time {
	const char *path;
	struct timespec times[2];
};

struct unpack {
	const struct image_layer_job *job;
	struct image_tar *tar;
	struct arena *arena;
	struct dir_time *dirs;
	size_t n_dirs;
	int64_t bytes; /* of all files, holes included */
};

static int open_dir(const struct unpack *u, const char *path, int *ret, struct error *err)
{
	return image_layer_dir_open(u->job, path, true, ret, err);
}

static int open_parent(struct unpack *u, const struct image_layer_path *p, int *ret,
		       struct error *err)
{
	char dir[LIMIT_MEMBER_NAME];
	size_t n = p->base ? p->base - 1 : 0;

	memcpy(dir, p->path, n);
	dir[n] = '\0';
	return open_dir(u, dir, ret, err);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* The mark stands for what is hidden below; if this layer has the name itself, that stays. */
static int make_whiteout(struct unpack *u, const struct image_layer_path *p, struct error *err)
{
	const char *name = p->path + p->base;
	int parent CLEAN(fd) = -1;
	struct stat st;
	int r;

	if (u->job->form == IMAGE_LAYER_PLAIN)
		return 0;
	r = open_parent(u, p, &parent, err);
	if (r < 0)
		return r;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		int fd CLEAN(fd) = -1;

		if (!S_ISDIR(st.st_mode))
			return 0;
		fd = openat(parent, name, DIR_FLAGS);
		return fd < 0 ? error_sys(err, errno, "open directory")
			      : image_layer_dir_mark_opaque(fd, err);
	}
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) < 0)
		return error_sys(err, errno, "make whiteout %s", p->path);
	return 0;
}

static int make_opaque(struct unpack *u, const struct image_layer_path *p, struct error *err)
{
	int fd CLEAN(fd) = -1;
	int r;

	if (u->job->form == IMAGE_LAYER_PLAIN)
		return 0;
	r = open_dir(u, p->path, &fd, err);
	return r < 0 ? r : image_layer_dir_mark_opaque(fd, err);
}

static int write_file(struct unpack *u, int parent, const char *name, struct archive_entry *e,
		      struct error *err)
{
	int64_t size = libarchive.entry_size(e), offset, end = 0;
	int fd CLEAN(fd) =
		openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const void *p;
	size_t n;
	int r;

	if (fd < 0)
		return error_sys(err, errno, "create");
	if (size < 0 || size > LIMIT_LAYER_BYTES - u->bytes)
		return error_set(err, ERR_LIMIT, 0, "files of more than %lld bytes",
				 (long long)LIMIT_LAYER_BYTES);
	u->bytes += size;
	while ((r = image_tar_data(u->tar, &p, &n, &offset, err)) == 0) {
		if (offset != end && lseek(fd, offset, SEEK_SET) < 0)
			return error_sys(err, errno, "seek");
		r = fs_write_all(fd, p, n, err);
		if (r < 0)
			return r;
		end = offset + (int64_t)n;
	}
	if (r < 0)
		return r;
	if (end != size && ftruncate(fd, size) < 0)
		return error_sys(err, errno, "set size");
	return u->job->form == IMAGE_LAYER_PLAIN ? 0 : image_layer_attr_file(fd, e, err);
}

static int make_hard_link(struct unpack *u, int parent, const char *name, struct archive_entry *e,
			  struct error *err)
{
	struct image_layer_path target;
	int dir CLEAN(fd) = -1;
	int r = image_layer_path_target(libarchive.entry_hardlink(e), &target, err);
	char path[LIMIT_MEMBER_NAME];
	size_t n;

	if (r < 0)
		return r;
	n = target.base ? target.base - 1 : 0;
	memcpy(path, target.path, n);
	path[n] = '\0';
	r = image_layer_dir_open(u->job, path, false, &dir, err);
	if (r < 0)
		return error_wrap(err, r, "hard link to %.100s", target.path);
	if (linkat(dir, target.path + target.base, parent, name, 0) < 0)
		return error_set(err, ERR_INVALID, errno, "hard link to %.100s: %s", target.path,
				 errno == ENOENT ? "not in this layer" : strerror(errno));
	return 0;
}

/* Empty directories stay what they are; everything else makes place for what comes. */
static int make_place(struct unpack *u, int parent, const char *name, struct archive_entry *e,
		      bool *ret_hides, struct error *err)
{
	struct stat st;
	bool is_dir = libarchive.entry_filetype(e) == AE_IFDIR && !libarchive.entry_hardlink(e);

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	*ret_hides = is_dir && is_whiteout(&st) && u->job->form == IMAGE_LAYER_OVERLAY;
	if (is_dir && S_ISDIR(st.st_mode))
		return 0;
	return fs_remove_tree(parent, name, err);
}

static int make_dir(struct unpack *u, int parent, const struct image_layer_path *p,
		    struct archive_entry *e, bool hides, struct error *err)
{
	const char *name = p->path + p->base;
	struct dir_time *t;
	int fd CLEAN(fd) = -1;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return error_sys(err, errno, "make directory");
	if (u->job->form == IMAGE_LAYER_PLAIN)
		return 0;
	fd = openat(parent, name, DIR_FLAGS);
	if (fd < 0)
		return error_sys(err, errno, "open directory");
	if (hides) {
		int r = image_layer_dir_mark_opaque(fd, err);

		if (r < 0)
			return r;
	}
	u->dirs = arena_grow(u->arena, u->dirs, u->n_dirs, sizeof(*u->dirs));
	t = &u->dirs[u->n_dirs++];
	t->path = arena_strdup(u->arena, p->path);
	image_layer_attr_times(e, t->times);
	return image_layer_attr_file(fd, e, err);
}

static int make_special(struct unpack *u, int parent, const char *name, struct archive_entry *e,
			struct error *err)
{
	mode_t type = libarchive.entry_filetype(e);
	dev_t dev = type == AE_IFIFO ? 0 : libarchive.entry_rdev(e);

	if (type == AE_IFSOCK || u->job->form == IMAGE_LAYER_PLAIN)
		return 0; /* a socket file without its server is nothing */
	if (type == AE_IFLNK) {
		const char *target = libarchive.entry_symlink(e);

		if (!target || !*target || strlen(target) >= LIMIT_PATH)
			return error_set(err, ERR_INVALID, 0, "symbolic link to nothing");
		if (symlinkat(target, parent, name) < 0)
			return error_sys(err, errno, "make symbolic link");
	} else if (type == AE_IFIFO || type == AE_IFCHR || type == AE_IFBLK) {
		if (mknodat(parent, name, type | 0600, dev) < 0)
			return error_sys(err, errno, "make device");
	} else {
		return error_set(err, ERR_INVALID, 0, "unknown type of member");
	}
	return image_layer_attr_node(parent, name, e, err);
}

static int make_member(struct unpack *u, const struct image_layer_path *p, struct archive_entry *e,
		       struct error *err)
{
	const char *name = p->path + p->base;
	int parent CLEAN(fd) = -1;
	bool hides = false;
	int r = open_parent(u, p, &parent, err);

	if (r == 0)
		r = make_place(u, parent, name, e, &hides, err);
	if (r < 0)
		return r;
	if (libarchive.entry_hardlink(e))
		return make_hard_link(u, parent, name, e, err);
	if (libarchive.entry_filetype(e) == AE_IFREG)
		return write_file(u, parent, name, e, err);
	if (libarchive.entry_filetype(e) == AE_IFDIR)
		return make_dir(u, parent, p, e, hides, err);
	if (libarchive.entry_filetype(e) == AE_IFLNK && u->job->form == IMAGE_LAYER_PLAIN) {
		const char *target = libarchive.entry_symlink(e);

		return target && symlinkat(target, parent, name) == 0
			       ? 0
			       : error_set(err, ERR_INVALID, errno, "cannot make symbolic link");
	}
	return make_special(u, parent, name, e, err);
}

static int unpack_member(struct unpack *u, struct archive_entry *e, struct error *err)
{
	struct image_layer_path p;
	int r = image_layer_path_parse(libarchive.entry_pathname(e), &p, err);

	if (r < 0)
		return r;
	switch (p.kind) {
	case IMAGE_LAYER_SKIP:
		return 0;
	case IMAGE_LAYER_ROOT:
		if (u->job->form == IMAGE_LAYER_PLAIN || libarchive.entry_filetype(e) != AE_IFDIR)
			return 0;
		u->dirs = arena_grow(u->arena, u->dirs, u->n_dirs, sizeof(*u->dirs));
		u->dirs[u->n_dirs].path = "";
		image_layer_attr_times(e, u->dirs[u->n_dirs++].times);
		return image_layer_attr_file(u->job->root, e, err);
	case IMAGE_LAYER_WHITEOUT:
		r = make_whiteout(u, &p, err);
		break;
	case IMAGE_LAYER_OPAQUE:
		r = make_opaque(u, &p, err);
		break;
	case IMAGE_LAYER_MEMBER:
		r = make_member(u, &p, e, err);
		break;
	}
	return r < 0 ? error_wrap(err, r, "%.150s", p.path) : 0;
}

static int set_dir_times(struct unpack *u, struct error *err)
{
	for (size_t i = u->n_dirs; i > 0; i--) {
		const struct dir_time *t = &u->dirs[i - 1];
		int fd CLEAN(fd) = -1;

		/* a later member may have taken the directory away */
		if (image_layer_dir_open(u->job, t->path, false, &fd, NULL) == 0 &&
		    futimens(fd, t->times) < 0)
			return error_sys(err, errno, "set time of %s", t->path);
	}
	return 0;
}

int image_layer_unpack(const struct image_layer_job *job, struct image_tar_sums *ret,
		       struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct image_tar *tar CLEAN(image_tar) = NULL;
	struct unpack u = { .job = job, .arena = arena };
	struct archive_entry *e;
	int r = image_tar_open(job->in, &tar, err);

	u.tar = tar;
	while (r == 0) {
		r = image_tar_next(tar, &e, err);
		if (r == 0)
			r = unpack_member(&u, e, err);
	}
	if (r < 0)
		return r;
	r = set_dir_times(&u, err);
	return r < 0 ? r : image_tar_finish(tar, ret, err);
}
