/* SPDX-License-Identifier: Apache-2.0 */
/* One write a line. A line that cannot be written is lost: calls do not fail by it. */
#include "backends/hcs_sim/host/call_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/hcs_sim/place.h"
#include "base/fs.h"

enum { MAX_BYTES = 8 << 20, MAX_LINE = 4096 };

static uint64_t last_number(int fd, size_t size)
{
	char tail[2 * MAX_LINE + 1];
	size_t n = size < sizeof(tail) - 1 ? size : sizeof(tail) - 1;
	ssize_t got = pread(fd, tail, n, (off_t)(size - n));
	uint64_t last = 0;
	char *end;

	tail[got > 0 ? got : 0] = '\0';
	for (char *line = tail; line; line = strchr(line, '\n')) {
		uint64_t number;

		line += *line == '\n';
		number = strtoull(line, &end, 10);
		if (end > line && *end == ' ' && number > last)
			last = number;
	}
	return last;
}

int call_log_open(struct call_log *l, int dirfd, struct error *err)
{
	struct stat st;

	l->dirfd = dirfd;
	l->fd = openat(dirfd, PLACE_CALLS, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return error_sys(err, errno, "open %s", PLACE_CALLS);
	l->bytes = (size_t)st.st_size;
	l->n = last_number(l->fd, l->bytes);
	return 0;
}

void call_log_close(struct call_log *l)
{
	close(l->fd);
}

static void put(struct call_log *l, const struct buf *line)
{
	(void)fs_write_all(l->fd, line->data, line->n, NULL); /* see above */
	l->bytes += line->n;
}

/* The new file begins with the number, so that a kill right now loses no count. */
static void rotate(struct call_log *l)
{
	struct buf line CLEAN(buf) = BUF_INIT(MAX_LINE);
	int fd;

	(void)renameat(l->dirfd, PLACE_CALLS, l->dirfd, PLACE_CALLS ".1");
	fd = openat(l->dirfd, PLACE_CALLS, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return; /* the old one grows on under its new name */
	close(l->fd);
	l->fd = fd;
	l->bytes = 0;
	buf_printf(&line, "%" PRIu64 " continued\n", l->n);
	put(l, &line);
}

void call_log_write(struct call_log *l, const struct call *c, HRESULT hr)
{
	struct buf line CLEAN(buf) = BUF_INIT(MAX_LINE);

	buf_printf(&line, "%" PRIu64 " %s %.2000s 0x%08x", c->number, c->kind->name,
		   c->subject.n ? c->subject.data : "-", (unsigned)hr);
	if (c->fault.kind != FAULT_NONE)
		buf_printf(&line, " fault=%s", fault_kind_to_string(c->fault.kind));
	if (c->is_replied)
		buf_puts(&line, " done");
	if (hr < 0 && c->why.n)
		buf_printf(&line, " why=%.1000s", c->why.data);
	buf_putc(&line, '\n');
	put(l, &line);
	if (l->bytes > MAX_BYTES)
		rotate(l);
}
