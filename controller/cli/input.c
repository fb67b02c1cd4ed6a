/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is no larger than a deployment file may be; says in plain words what cannot be read.
 */
#include "controller/cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

enum { CHUNK = 64 << 10 };

const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "<stdin>" : path;
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

static int open_file(const char *path, int *ret, struct error *err)
{
	struct stat st;
	int fd CLEAN(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return error_sys(err, errno, "look at %s", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID, 0, "%s is a directory, not a deployment file",
				 path);
	*ret = TAKE_FD(fd);
	return 0;
}

int input_read(const char *path, struct buf *ret, struct error *err)
{
	int fd CLEAN(fd) = -1;
	int r;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, input_name(path), ret, err);
	r = open_file(path, &fd, err);
	return r < 0 ? r : read_all(fd, path, ret, err);
}
