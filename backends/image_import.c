/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the file, finds out what it is, and has it read into a transaction that becomes visible as
 * a whole or not at all. The formats are in image_import_*. */
#include "backends/image_import.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/image_found.h"
#include "backends/image_gc.h"
#include "backends/image_import_docker.h"
#include "backends/image_import_oci.h"
#include "backends/image_import_plain.h"
#include "backends/image_layer.h"
#include "backends/image_source.h"

#define TRIES 3

/* Archives are unpacked first: their documents may stand behind what they name. */
static int unpack_source(struct image_found_list *list, int fd, int *ret, struct error *err)
{
	struct image_layer_job job = { .in = fd, .form = IMAGE_LAYER_PLAIN };
	struct image_tar_sums sums;
	int dir CLEAN(fd) = -1;
	int r;

	if (mkdirat(list->txn->fd, "source", 0700) == 0)
		dir = openat(list->txn->fd, "source", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys(err, errno, "make a directory in the image store");
	job.root = dir;
	r = image_layer_unpack(&job, &sums, err);
	if (r == 0)
		*ret = TAKE_FD(dir);
	return r;
}

static int check_options(const struct image_import_options *o, struct error *err)
{
	if (o->entrypoint.n || o->cmd.n || o->env.n || o->workdir || o->user || o->n_labels)
		return error_set(err, ERR_INVALID, 0,
				 "command, environment and the like are for a root file system; "
				 "this is an image that has its own");
	return 0;
}

static int read_images(struct image_found_list *list, int src, enum image_source_format format,
		       struct error *err)
{
	int r = check_options(list->options, err);

	if (r < 0)
		return r;
	return format == IMAGE_SOURCE_OCI ? image_import_oci(list, src, err)
					  : image_import_docker(list, src, err);
}

static int read_source(struct image_found_list *list, int fd, struct error *err)
{
	enum image_source_format format;
	int src CLEAN(fd) = -1;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_sys(err, errno, "look at it");
	if (S_ISDIR(st.st_mode)) {
		r = image_source_of_dir(fd, &format, err);
		return r < 0 ? r : read_images(list, fd, format, err);
	}
	if (!S_ISREG(st.st_mode)) {
		r = error_set(err, ERR_INVALID, 0, "neither a file nor a directory");
		error_hint(err, "it is read several times: write it into a file first");
		return r;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, errno, "seek");
	r = image_source_of_tar(fd, &format, err);
	if (r < 0) {
		error_hint(err, "give a tar (plain, gzip, zstd or xz), an OCI layout or a file of "
				"`docker save`");
		return r;
	}
	if (format == IMAGE_SOURCE_ROOTFS)
		return image_import_plain(list, fd, err);
	r = unpack_source(list, fd, &src, err);
	return r < 0 ? r : read_images(list, src, format, err);
}

static int import_once(struct image_found_list *list, int fd, struct arena *arena,
		       struct image_imported **ret, size_t *ret_n, struct error *err)
{
	int r = read_source(list, fd, err);

	if (r < 0)
		return r;
	r = image_found_commit(list, arena, ret, ret_n, err);
	if (r < 0)
		(void)image_gc_run(list->txn->dir, NULL); /* what was moved already */
	return r;
}

int image_import(struct image_dir *dir, const struct image_import_options *o, struct arena *arena,
		 struct image_imported **ret, size_t *ret_n, struct error *err)
{
	int fd CLEAN(fd) = open(o->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r = -ERR_CONFLICT;

	if (fd < 0)
		return error_sys(err, errno, "open %s", o->path);
	/* A removal at the same time may have taken a layer that was there when we began. */
	for (int i = 0; i < TRIES && r == -ERR_CONFLICT; i++) {
		struct image_txn *txn CLEAN(image_txn) = NULL;
		struct image_found_list list = { .options = o };

		r = image_txn_begin(dir, &txn, err);
		list.txn = txn;
		if (r == 0)
			r = import_once(&list, fd, arena, ret, ret_n, err);
	}
	return r < 0 ? error_wrap(err, r, "import %s", o->path) : 0;
}
