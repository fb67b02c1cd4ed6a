/* SPDX-License-Identifier: Apache-2.0 */
/* Pax archives in memory: small, for tests only. */
#include "tests/support/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"

struct tar_writer {
	struct archive *a;
	struct buf out;
};

static ssize_t append(struct archive *a, void *arg, const void *p, size_t n)
{
	struct tar_writer *w = arg;

	(void)a;
	buf_add(&w->out, p, n);
	return (ssize_t)n;
}

struct tar_writer *tar_writer_new(enum tar_packing packing)
{
	struct tar_writer *w = xcalloc(1, sizeof(*w));

	buf_init(&w->out, 1 << 30);
	w->a = archive_write_new();
	archive_write_set_format_pax(w->a);
	archive_write_set_bytes_in_last_block(w->a, 1);
	switch (packing) {
	case TAR_PLAIN:
		break;
	case TAR_GZIP:
		archive_write_add_filter_gzip(w->a);
		/* the same content shall be the same bytes in the next second, too */
		archive_write_set_filter_option(w->a, "gzip", "timestamp", NULL);
		break;
	case TAR_ZSTD:
		archive_write_add_filter_zstd(w->a);
		break;
	case TAR_XZ:
		archive_write_add_filter_xz(w->a);
		break;
	}
	if (archive_write_open(w->a, w, NULL, append, NULL) != ARCHIVE_OK)
		abort();
	return w;
}

void tar_writer_close(struct tar_writer *w, struct buf *ret)
{
	if (archive_write_close(w->a) != ARCHIVE_OK)
		abort();
	archive_write_free(w->a);
	assert(!w->out.overflow);
	buf_add(ret, w->out.data, w->out.n);
	buf_done(&w->out);
	free(w);
}

void tar_writer_save(struct tar_writer *w, const char *path)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 30);
	int fd CLEAN(fd) = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	tar_writer_close(w, &bytes);
	if (fd < 0 || fs_write_all(fd, bytes.data, bytes.n, NULL) < 0)
		abort();
}

void tar_writer_add(struct tar_writer *w, const struct tar_member *m)
{
	struct archive_entry *e = archive_entry_new();
	mode_t mode = m->mode ? m->mode : S_IFREG | 0644;
	size_t n = m->n ? m->n : m->text ? strlen(m->text) : 0;

	archive_entry_set_pathname(e, m->name);
	archive_entry_set_filetype(e, mode & S_IFMT);
	archive_entry_set_perm(e, mode & 07777);
	archive_entry_set_uid(e, m->uid);
	archive_entry_set_gid(e, m->gid);
	archive_entry_set_mtime(e, m->mtime, 0);
	archive_entry_set_size(e, S_ISREG(mode) && !m->hardlink ? (int64_t)n : 0);
	if (m->link)
		archive_entry_set_symlink(e, m->link);
	if (m->hardlink)
		archive_entry_set_hardlink(e, m->hardlink);
	if (S_ISCHR(mode) || S_ISBLK(mode))
		archive_entry_set_rdev(e, m->dev);
	if (m->xattr)
		archive_entry_xattr_add_entry(e, m->xattr, m->value,
					      m->n_value ? m->n_value : strlen(m->value));
	if (archive_write_header(w->a, e) < ARCHIVE_WARN)
		abort();
	if (S_ISREG(mode) && !m->hardlink && n &&
	    archive_write_data(w->a, m->text, n) != (ssize_t)n)
		abort();
	archive_entry_free(e);
}
