/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config and manifest are made from the options alone, without a date, so that
 * the same file gives the same digest on every day and machine. The tar is kept
 * as it came where OCI has a media type for it; xz is taken off.
 */
#include "backends/image_import_plain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/image_dir_stage.h"
#include "backends/image_document_put.h"
#include "base/limits.h"

static const struct {
	const char *magic;
	size_t n;
	const char *media_type; /* NULL: there is none, it is unpacked */
} packings[] = {
	{ "\x1f\x8b", 2, IMAGE_TYPE_LAYER "+gzip" },
	{ "\x28\xb5\x2f\xfd", 4, IMAGE_TYPE_LAYER "+zstd" },
	{ "\xfd"
	  "7zXZ\0",
	  6, NULL },
	{ "", 0, IMAGE_TYPE_LAYER },
};

static int copy_unpacked(struct image_txn *txn, int fd, struct image_blob *ret, struct error *err)
{
	int tmp CLEAN(fd) = openat(txn->fd, "unpacked",
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (tmp < 0)
		return error_sys(err, errno, "create a file in the image store");
	r = image_tar_unpacked(fd, tmp, err);
	if (r == 0 && lseek(tmp, 0, SEEK_SET) < 0)
		r = error_sys(err, errno, "seek");
	if (r == 0)
		r = image_txn_copy(txn, tmp, LIMIT_LAYER_BYTES, ret, err);
	(void)unlinkat(txn->fd, "unpacked", 0); /* it goes with the transaction otherwise */
	return r;
}

int image_import_plain_layer(struct image_txn *txn, int fd, struct image_blob *ret,
			     struct error *err)
{
	char head[8] = "";
	ssize_t n = pread(fd, head, sizeof(head), 0);
	size_t i = 0;

	if (n < 0)
		return error_sys(err, errno, "read");
	while ((size_t)n < packings[i].n || memcmp(head, packings[i].magic, packings[i].n) != 0)
		i++;
	ret->media_type = packings[i].media_type ? packings[i].media_type : IMAGE_TYPE_LAYER;
	return packings[i].media_type ? image_txn_copy(txn, fd, LIMIT_LAYER_BYTES, ret, err)
				      : copy_unpacked(txn, fd, ret, err);
}

static struct image_config make_config(const struct image_import_options *o)
{
	struct image_config c = { .platform = o->platform,
				  .entrypoint = o->entrypoint,
				  .cmd = o->cmd,
				  .env = o->env,
				  .workdir = o->workdir,
				  .user = o->user,
				  .labels = (struct image_pair *)o->labels,
				  .n_labels = o->n_labels };

	if (!c.platform.os)
		c.platform.os = "linux";
	if (!c.platform.arch)
		c.platform.arch = image_document_arch();
	return c;
}

static int put_documents(struct image_txn *txn, const struct image_config *config,
			 struct image_blob *layer, struct image_blob *ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_manifest manifest = { .layers = layer, .n_layers = 1 };
	int r;

	image_document_put_config(config, &text);
	r = image_txn_put(txn, &text, &manifest.config, err);
	if (r < 0)
		return r;
	manifest.config.media_type = IMAGE_TYPE_CONFIG;
	buf_clear(&text);
	image_document_put_manifest(&manifest, &text);
	ret->media_type = IMAGE_TYPE_MANIFEST;
	return image_txn_put(txn, &text, ret, err);
}

int image_import_plain(struct image_found_list *list, int fd, struct error *err)
{
	const struct image_import_options *o = list->options;
	struct image_config config = make_config(o);
	struct image_blob layer = { 0 }, manifest = { 0 };
	struct image_tar_sums sums;
	const char *diff_ids[1];
	int r;

	if (!o->name) {
		r = error_set(err, ERR_INVALID, 0, "a root file system has no name of its own");
		error_hint(err, "choose one with --as NAME");
		return r;
	}
	r = image_import_plain_layer(list->txn, fd, &layer, err);
	if (r == 0)
		r = image_dir_stage_first(list->txn, layer.digest,
					  !strcmp(config.platform.os, "linux"), &sums, err);
	if (r < 0)
		return r;
	if (!sums.has_end)
		return error_set(err, ERR_INVALID, 0,
				 "truncated: the mark of the archive's end is missing");
	diff_ids[0] = sums.diff_id;
	config.diff_ids = (struct image_words){ .v = diff_ids, .n = 1 };
	r = put_documents(list->txn, &config, &layer, &manifest, err);
	return r < 0 ? r : image_found_add(list, o->name, &manifest, &config, err);
}
