/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Tars of Windows layers with all that hangs on a member: read to their end or refused; data are
 * exactly as much as was said; what becomes of the records is a sound backup stream. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/winlayer_meta.h"
#include "base/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_bytes(const void *p, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	assert(fd >= 0 && fs_write_all(fd, p, n, NULL) == 0);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* What stands before the data reads back as parts. */
static void check_streams(const struct winlayer_member *m)
{
	struct buf head CLEAN(buf) = BUF_INIT(1 << 20);
	struct winlayer_stream s;
	int fd CLEAN(fd) = -1;
	int r;

	winlayer_stream_u32(&head, 0x20);
	if (winlayer_meta_streams(m, &head, NULL) < 0)
		return;
	assert(!head.overflow);
	fd = open_bytes(head.data, head.n);
	assert(winlayer_stream_open(fd, &s, NULL) == 0 && s.attributes == 0x20);
	while ((r = winlayer_stream_next(&s, NULL)) == 0)
		assert(s.size > 0);
	assert(r == WINLAYER_STREAM_END);
}

static int check_member(struct winlayer_tar *t, const struct winlayer_member *m)
{
	struct winlayer_meta meta;
	int64_t want = m->size, have = 0, end = 0;
	const void *p;
	size_t n;
	int r;

	assert(m->name && m->link && m->size >= 0);
	assert(m->type == WINLAYER_FILE || m->size == 0);
	(void)winlayer_meta_read(m, &meta, NULL);
	check_streams(m);
	if (m->extents)
		want = 0;
	for (size_t i = 0; i < m->n_extents; i++) {
		assert(m->extents[i].offset >= end && m->extents[i].size >= 0);
		end = m->extents[i].offset + m->extents[i].size;
		assert(end <= m->size);
		want += m->extents[i].size;
	}
	while ((r = winlayer_tar_data(t, 300, &p, &n, NULL)) == 0) {
		assert(n > 0 && n <= 300);
		have += (int64_t)n;
	}
	assert(r < 0 || have == want);
	return r < 0 ? r : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd CLEAN(fd) = open_bytes(data, size);
	struct winlayer_tar *t CLEAN(winlayer_tar) = NULL;
	const struct winlayer_member *m;
	struct image_tar_sums sums;
	int r = winlayer_tar_open(fd, &t, NULL);

	while (r == 0) {
		r = winlayer_tar_next(t, &m, NULL);
		if (r == 0)
			r = check_member(t, m);
	}
	if (r == WINLAYER_TAR_END)
		(void)winlayer_tar_finish(t, &sums, NULL);
	return 0;
}
