/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name goes through winlayer_path and winlayer_names before anything is made, so what reaches
 * the disk are names nobody can mistake for others. A file stays open until the next member: that
 * one may be another stream of it.
 */
#include "backends/winlayer.h"

#include <string.h>
#include <unistd.h>

#include "backends/winlayer_disk.h"
#include "backends/winlayer_links.h"
#include "backends/winlayer_path.h"
#include "base/fs.h"

#define HEAD_BYTES                                                                                 \
	(256 << 10) /* attributes and the parts before the data; each has its own limit */
#define TOMBS_HEAD "\xef\xbb\xbfVersion 1.0\n"

/* What ImportLayer() and ProcessUtilityImage() write to, and where a copy is kept. */
static const struct {
	const char *path, *copy;
} kept[] = {
	{ "UtilityVM/Files/EFI/Microsoft/Boot/BCD", "bcd.bak" },
	{ "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG", "bcd.log.bak" },
	{ "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG1", "bcd.log1.bak" },
	{ "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG2", "bcd.log2.bak" },
};

struct unpack {
	const struct winlayer_job *job;
	struct winlayer_tar *tar;
	struct arena *arena; /* of the layer */
	struct arena *work;  /* of the current member */
	struct winlayer_names *names;
	struct winlayer_names **lower; /* of each layer below, bottom to top; NULL: not read yet */
	struct buf links, tombs, uvm_tombs;
	/* The file that is open for more streams: -1, or it, its name and its times. */
	int fd;
	char open[LIMIT_MEMBER_NAME];
	struct winlayer_meta meta;
};

static int close_file(struct unpack *u, struct error *err)
{
	int fd CLEAN(fd) = TAKE_FD(u->fd);

	return fd < 0 ? 0 : winlayer_disk_times(fd, &u->meta, err);
}

/* @n bytes of the member's data, to a second file, too, unless that is -1. */
static int copy(struct unpack *u, int64_t n, int second, struct error *err)
{
	while (n > 0) {
		const void *p;
		size_t piece;
		int r = winlayer_tar_data(u->tar, n, &p, &piece, err);

		if (r == WINLAYER_TAR_END)
			return error_set(err, ERR_INVALID, 0, "less data than its size");
		r = r < 0 ? r : fs_write_all(u->fd, p, piece, err);
		if (r == 0 && second >= 0)
			r = fs_write_all(second, p, piece, err);
		if (r < 0)
			return r;
		n -= (int64_t)piece;
	}
	return 0;
}

static int write_buf(int fd, const struct buf *b, struct error *err)
{
	if (b->overflow)
		return error_set(err, ERR_LIMIT, 0, "more than %zu bytes beside the data", b->max);
	return fs_write_all(fd, b->data, b->n, err);
}

static int copy_dense(struct unpack *u, const struct winlayer_member *m,
		      const struct winlayer_path *p, struct error *err)
{
	struct buf head CLEAN(buf) = BUF_INIT(64);
	int second CLEAN(fd) = -1;
	int r;

	winlayer_stream_header(&head, WINLAYER_PART_DATA, (uint64_t)m->size);
	r = write_buf(u->fd, &head, err);
	for (size_t i = 0; r == 0 && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(p->path, kept[i].path) == 0)
			r = winlayer_disk_create(u->job->root, kept[i].copy, &second, err);
	return r < 0 ? r : copy(u, m->size, second, err);
}

static int copy_sparse(struct unpack *u, const struct winlayer_member *m, struct error *err)
{
	struct buf head CLEAN(buf) = BUF_INIT(128);
	int r;

	winlayer_stream_sparse(&head);
	for (size_t i = 0; i < m->n_extents; i++) {
		winlayer_stream_block(&head, (uint64_t)m->extents[i].offset,
				      (uint64_t)m->extents[i].size);
		r = write_buf(u->fd, &head, err);
		r = r < 0 ? r : copy(u, m->extents[i].size, -1, err);
		if (r < 0)
			return r;
		buf_clear(&head);
	}
	winlayer_stream_block(&head, (uint64_t)m->size, 0);
	return write_buf(u->fd, &head, err);
}

/* Creates the file at @staged with all that comes before the data, and leaves it open. */
static int begin_file(struct unpack *u, const struct winlayer_member *m,
		      const struct winlayer_path *p, const char *staged, struct error *err)
{
	struct buf head CLEAN(buf) = BUF_INIT(HEAD_BYTES);
	int r;

	winlayer_stream_u32(&head, u->meta.attributes);
	r = winlayer_meta_streams(m, &head, err);
	r = r < 0 ? r : winlayer_disk_create(u->job->root, staged, &u->fd, err);
	if (r < 0)
		return r;
	memcpy(u->open, p->path, sizeof(u->open));
	return write_buf(u->fd, &head, err);
}

static int add_hive(struct unpack *u, const struct winlayer_member *m, const char *staged,
		    struct error *err)
{
	int r = m->type == WINLAYER_FILE && !m->extents
			? winlayer_disk_create(u->job->root, staged, &u->fd, err)
			: error_set(err, ERR_INVALID, 0, "a hive is a plain file");

	/* no other stream may follow */
	u->open[0] = '\0';
	return r < 0 ? r : copy(u, m->size, -1, err);
}

/* A file or a link. */
static int add_leaf(struct unpack *u, const struct winlayer_member *m,
		    const struct winlayer_path *p, const char *staged, struct error *err)
{
	int r;

	if (p->area == WINLAYER_HIVES)
		return add_hive(u, m, staged, err);
	r = begin_file(u, m, p, staged, err);
	if (r < 0 || m->type == WINLAYER_SYMLINK)
		return r;
	return m->extents ? copy_sparse(u, m, err) : copy_dense(u, m, p, err);
}

/* A directory or a link to one. */
static int add_directory(struct unpack *u, const struct winlayer_member *m,
			 const struct winlayer_path *p, const char *staged, struct error *err)
{
	char mark[LIMIT_MEMBER_NAME + 16];
	int r = winlayer_disk_directory(u->job->root, staged, err);

	(void)snprintf(mark, sizeof(mark), "%s" WINLAYER_DIRECTORY_MARK, staged); /* fits */
	return r < 0 ? r : begin_file(u, m, p, mark, err);
}

static int add_member(struct unpack *u, const struct winlayer_member *m,
		      const struct winlayer_path *p, struct error *err)
{
	char staged[LIMIT_MEMBER_NAME + 4];
	bool is_root = p->base == 0;
	int r = winlayer_names_add(
		u->names, p->path,
		m->type == WINLAYER_DIRECTORY ? WINLAYER_NODE_DIRECTORY : WINLAYER_NODE_LEAF, err);

	r = r < 0 ? r : winlayer_meta_read(m, &u->meta, err);
	if (r < 0)
		return r;
	if (m->type != WINLAYER_DIRECTORY && (is_root || !strcmp(p->path, "UtilityVM/Files")))
		return error_set(err, ERR_INVALID, 0, "it is not a directory");
	winlayer_path_staged(p, staged);
	return winlayer_meta_is_directory(&u->meta) ? add_directory(u, m, p, staged, err)
						    : add_leaf(u, m, p, staged, err);
}

/* Where the target of a link is, and how it is spelled there. */
static int find_target(struct unpack *u, const char *path, struct winlayer_link *ret,
		       struct error *err)
{
	ret->target = winlayer_names_find(u->names, path, u->work);
	for (size_t i = u->job->n_lower; i > 0 && !ret->target; i--) {
		struct winlayer_names **names = &u->lower[i - 1];

		if (!*names) {
			int r;

			*names = winlayer_names_new();
			r = winlayer_disk_names(u->job->lower_dir, u->job->lower[i - 1], *names,
						err);
			if (r < 0)
				return r;
		}
		ret->target = winlayer_names_find(*names, path, u->work);
		ret->down = (uint32_t)(u->job->n_lower - i + 1);
	}
	if (!ret->target)
		return error_set(err, ERR_INVALID, 0, "hard link to %.100s, which is nowhere",
				 path);
	return 0;
}

static int add_link(struct unpack *u, const struct winlayer_member *m,
		    const struct winlayer_path *p, struct error *err)
{
	struct winlayer_path target;
	struct winlayer_link link = { .name = p->path };
	int r = p->area == WINLAYER_HIVES || p->base == 0
			? error_set(err, ERR_INVALID, 0, "it cannot be a hard link")
			: winlayer_path_target(m->link, u->work, &target, err);

	if (r == 0 && target.area != p->area)
		r = error_set(err, ERR_INVALID, 0, "hard link out of its part of the layer");
	r = r < 0 ? r : find_target(u, target.path, &link, err);
	r = r < 0 ? r : winlayer_names_add(u->names, p->path, WINLAYER_NODE_LEAF, err);
	if (r < 0)
		return r;
	winlayer_links_put(&link, &u->links);
	return 0;
}

static int add_whiteout(struct unpack *u, const struct winlayer_path *p, struct error *err)
{
	const char *below = strstr(p->path, "Files/") + strlen("Files");
	struct buf *tombs = p->area == WINLAYER_UVM ? &u->uvm_tombs : &u->tombs;
	size_t at;
	int r;

	if (!u->job->n_lower)
		return error_set(err, ERR_INVALID, 0, "a base layer has nothing to delete from");
	r = winlayer_names_add(u->names, p->path, WINLAYER_NODE_WHITEOUT, err);
	if (r < 0)
		return r;
	at = tombs->n;
	buf_puts(tombs, below);
	for (; at < tombs->n; at++)
		if (tombs->data[at] == '/')
			tombs->data[at] = '\\';
	buf_putc(tombs, '\n');
	return 0;
}

/* Another stream of the file before it. */
static int add_stream(struct unpack *u, const struct winlayer_member *m,
		      const struct winlayer_path *p, struct error *err)
{
	struct buf head CLEAN(buf) = BUF_INIT(2048);
	int r;

	if (u->fd < 0 || strcmp(u->open, p->path) != 0)
		return error_set(err, ERR_INVALID, 0, "a stream that does not follow its file");
	if (m->type != WINLAYER_FILE || m->extents)
		return error_set(err, ERR_INVALID, 0, "a stream that is no plain file");
	r = winlayer_stream_alternate(&head, p->stream, (uint64_t)m->size, err);
	r = r < 0 ? r : write_buf(u->fd, &head, err);
	return r < 0 ? r : copy(u, m->size, -1, err);
}

static int unpack_member(struct unpack *u, const struct winlayer_member *m, struct error *err)
{
	struct winlayer_path p;
	int r;

	arena_reset(u->work);
	r = winlayer_path_parse(m->name, u->work, &p, err);
	if (r == 0 && p.what != WINLAYER_STREAM)
		r = close_file(u, err);
	if (r < 0)
		return r;
	switch (p.what) {
	case WINLAYER_SKIP:
		return 0;
	case WINLAYER_STREAM:
		r = add_stream(u, m, &p, err);
		break;
	case WINLAYER_WHITEOUT:
		r = add_whiteout(u, &p, err);
		break;
	case WINLAYER_MEMBER:
		r = m->type == WINLAYER_HARDLINK ? add_link(u, m, &p, err)
						 : add_member(u, m, &p, err);
		break;
	}
	return r < 0 ? error_wrap(err, r, "%.150s", p.path) : 0;
}

static int write_list(struct unpack *u, const char *path, const char *head, const struct buf *b,
		      struct error *err)
{
	int fd CLEAN(fd) = -1;
	int r = winlayer_disk_create(u->job->root, path, &fd, err);

	r = r < 0 ? r : fs_write_all(fd, head, strlen(head), err);
	r = r < 0 ? r : write_buf(fd, b, err);
	return r < 0 ? error_wrap(err, r, "%s", path) : 0;
}

/* What is known only when all members have been seen. */
static int write_lists(struct unpack *u, struct error *err)
{
	int r = 0;

	if (fs_exists(u->job->root, "fs/Files", NULL) != FS_EXISTS)
		return error_set(err, ERR_INVALID, 0, "no layer of Windows: it has no Files");
	if (u->job->n_lower)
		r = write_list(u, "fs/tombstones.txt", TOMBS_HEAD, &u->tombs, err);
	if (r == 0 && u->uvm_tombs.n && fs_exists(u->job->root, "uvm", NULL) != FS_EXISTS)
		r = winlayer_disk_directory(u->job->root, "uvm", err);
	if (r == 0 && u->uvm_tombs.n)
		r = write_list(u, "uvm/tombstones.txt", TOMBS_HEAD, &u->uvm_tombs, err);
	return r < 0 ? r : write_list(u, "links", "", &u->links, err);
}

static int unpack_all(struct unpack *u, struct image_tar_sums *ret, struct error *err)
{
	const struct winlayer_member *m;
	int r = winlayer_tar_open(u->job->in, &u->tar, err);

	while (r == 0) {
		r = winlayer_tar_next(u->tar, &m, err);
		if (r == 0)
			r = unpack_member(u, m, err);
	}
	r = r < 0 ? r : close_file(u, err);
	r = r < 0 ? r : write_lists(u, err);
	return r < 0 ? r : winlayer_tar_finish(u->tar, ret, err);
}

int winlayer_unpack(const struct winlayer_job *job, struct image_tar_sums *ret, struct error *err)
{
	struct unpack u = { .job = job,
			    .arena = arena_new(),
			    .work = arena_new(),
			    .names = winlayer_names_new(),
			    .links = BUF_INIT(LIMIT_WINLAYER_LIST),
			    .tombs = BUF_INIT(LIMIT_WINLAYER_LIST),
			    .uvm_tombs = BUF_INIT(LIMIT_WINLAYER_LIST),
			    .fd = -1 };
	int r;

	u.lower = arena_array(u.arena, job->n_lower, sizeof(struct winlayer_names *));
	r = unpack_all(&u, ret, err);
	clean_fd(&u.fd);
	winlayer_tar_free(u.tar);
	winlayer_names_free(u.names);
	for (size_t i = 0; i < job->n_lower; i++)
		winlayer_names_free(u.lower[i]);
	buf_done(&u.links);
	buf_done(&u.tombs);
	buf_done(&u.uvm_tombs);
	arena_free(u.work);
	arena_free(u.arena);
	return r;
}
