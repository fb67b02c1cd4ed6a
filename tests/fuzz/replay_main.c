/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds every file of a corpus directory to the fuzz target it is linked with. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#include "base/clean.h"
#include "base/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEAN_DEFINE(dir, DIR *, closedir)

static void replay(int dirfd, const char *name)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(64 << 20);
	struct error err = ERROR_INIT;

	if (fs_read(dirfd, name, &bytes, &err) < 0) {
		fprintf(stderr, "%s: %s\n", name, err.msg);
		abort();
	}
	LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.n);
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d CLEAN(dir) = opendir(argv[i]);
		struct dirent *e;

		if (!d) {
			fprintf(stderr, "%s: no such corpus\n", argv[i]);
			return 1;
		}
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			replay(dirfd(d), e->d_name);
			n++;
		}
	}
	/* An empty corpus tests nothing. */
	return n > 0 ? 0 : 1;
}
