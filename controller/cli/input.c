/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is no larger than a deployment file may be; says in plain words what cannot be read.
 */
#include "controller/cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	CHUNK = 64 << 10,
	WRITER_S = 5,  /* `make-file > fifo &` has begun by then */
	LOOK_MS = 100, /* how soon a writer that came and left is noticed */
};

const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

enum { SHOWN_SIZE = 124 };

/* As much of a path as leaves room in a message for what is wrong with it. */
static void shorten(const char *path, char ret[SHOWN_SIZE])
{
	bool fits = strlen(path) < SHOWN_SIZE;

	snprintf(ret, SHOWN_SIZE, "%.*s%s", fits ? SHOWN_SIZE : SHOWN_SIZE - 4, path,
		 fits ? "" : "...");
}

static int read_all(int fd, const char *name, struct buf *ret, struct error *err)
{
	char chunk[CHUNK];

	while (ret->n < ret->max) {
		size_t want = ret->max - ret->n < CHUNK ? ret->max - ret->n : CHUNK;
		ssize_t n = read(fd, chunk, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "read %s", name);
		if (n == 0)
			break;
		buf_add(ret, chunk, (size_t)n);
	}
	return 0;
}

/*
 * A FIFO without a writer would be waited for without end. read() tells whether there is one: 0
 * means none, EAGAIN that there is; one that came and left is told by POLLHUP.
 */
static int read_fifo(int fd, const char *name, struct buf *ret, struct error *err)
{
	const struct mono until = mono_add(clock_mono(), WRITER_S * CLOCK_SEC);
	bool has_writer = false;
	char chunk[CHUNK];

	while (ret->n < ret->max) {
		struct pollfd p = { fd, POLLIN, 0 };
		size_t want = ret->max - ret->n < CHUNK ? ret->max - ret->n : CHUNK;
		ssize_t n;

		(void)poll(&p, 1, has_writer ? -1 : LOOK_MS); /* interrupted: read says the rest */
		n = read(fd, chunk, want);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return error_sys(err, errno, "read %s", name);
		if (n > 0)
			buf_add(ret, chunk, (size_t)n);
		if (n == 0 && (has_writer || p.revents & POLLHUP))
			break;
		has_writer |= n > 0 || (n < 0 && errno == EAGAIN);
		if (!has_writer && mono_cmp(clock_mono(), until) > 0)
			return error_set(err, ERR_INVALID, 0, "%s is a FIFO that nobody writes to",
					 name);
	}
	return 0;
}

/* What there is instead of a file that can be read to its end; NULL: it is one. */
static const char *odd_kind(mode_t mode)
{
	static const struct {
		mode_t type;
		const char *name;
	} kinds[] = { { S_IFDIR, "directory" },
		      { S_IFBLK, "block device" },
		      { S_IFSOCK, "socket" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((mode & S_IFMT) == kinds[i].type)
			return kinds[i].name;
	return NULL;
}

static int check_kind(const char *name, const struct stat *st, struct error *err)
{
	const char *kind = odd_kind(st->st_mode);

	if (!kind)
		return 0;
	return error_set(err, ERR_INVALID, 0, "%s is a %s, not a file", name, kind);
}

/* Looked at before it is opened: opening a device or a FIFO may do something. */
static int open_file(const char *path, const char *name, struct stat *ret_st, int *ret,
		     struct error *err)
{
	int fd CLEAN(fd) = -1;
	int r;

	if (stat(path, ret_st) < 0)
		return error_sys(err, errno, "open %s", name);
	r = check_kind(name, ret_st, err);
	if (r < 0)
		return r;
	fd = open(path,
		  O_RDONLY | O_CLOEXEC | O_NOCTTY | (S_ISFIFO(ret_st->st_mode) ? O_NONBLOCK : 0));
	if (fd < 0)
		return error_sys(err, errno, "open %s", name);
	*ret = TAKE_FD(fd);
	return 0;
}

int input_read(const char *path, struct buf *ret, struct error *err)
{
	int fd CLEAN(fd) = -1;
	char name[SHOWN_SIZE];
	struct stat st;
	int r;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, input_name(path), ret, err);
	shorten(path, name);
	r = open_file(path, name, &st, &fd, err);
	if (r < 0)
		return r;
	return S_ISFIFO(st.st_mode) ? read_fifo(fd, name, ret, err) : read_all(fd, name, ret, err);
}
