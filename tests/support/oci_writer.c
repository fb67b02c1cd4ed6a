/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "tests/support/oci_writer.h"

#include <assert.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/fs.h"
#include "tests/support/tar_writer.h"

CLEAN_DEFINE(fts, FTS *, fts_close)

void oci_writer_file(struct oci_writer *w, const char *path, const void *p, size_t n)
{
	const char *full = arena_printf(w->arena, "%s/%s", w->path, path);
	int fd CLEAN(fd) = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || fs_write_all(fd, p, n, NULL) < 0)
		abort();
}

void oci_writer_init(struct oci_writer *w, struct arena *arena, const char *path)
{
	static const char layout[] = "{\"imageLayoutVersion\": \"1.0.0\"}";

	w->arena = arena;
	w->path = path;
	if (fs_mkdirs(AT_FDCWD, arena_printf(arena, "%s/blobs/sha256", path), 0755, NULL) < 0)
		abort();
	oci_writer_file(w, "oci-layout", layout, strlen(layout));
}

const char *oci_writer_digest(struct arena *arena, const void *p, size_t n)
{
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	digest_sha256(p, n, sum);
	return arena_printf(arena, "sha256:%s", digest_hex(sum, hex));
}

const char *oci_writer_blob(struct oci_writer *w, const void *p, size_t n)
{
	const char *digest = oci_writer_digest(w->arena, p, n);

	oci_writer_file(w, arena_printf(w->arena, "blobs/sha256/%s", digest + 7), p, n);
	return digest;
}

const char *oci_writer_config(struct arena *arena, const char *os, const struct oci_layer *layers,
			      size_t n)
{
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);

	buf_printf(&b,
		   "{\"architecture\": \"amd64\", \"os\": \"%s\", \"config\": {\"Cmd\": "
		   "[\"/bin/sh\"], \"Labels\": null}, \"rootfs\": {\"type\": \"layers\", "
		   "\"diff_ids\": [",
		   os);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s\"%s\"", i ? ", " : "", layers[i].diff_id);
	buf_puts(&b, "]}}");
	return arena_strdup(arena, b.data);
}

const char *oci_writer_image(struct oci_writer *w, const char *os, const struct oci_layer *layers,
			     size_t n, const char *extra)
{
	const char *config = oci_writer_config(w->arena, os, layers, n);
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);

	/* like umoci and skopeo: no mediaType at the top */
	buf_printf(&b,
		   "{\"schemaVersion\": 2, \"config\": {\"mediaType\": "
		   "\"application/vnd.oci.image.config.v1+json\", \"digest\": \"%s\", "
		   "\"size\": %zu}, \"layers\": [",
		   oci_writer_blob(w, config, strlen(config)), strlen(config));
	for (size_t i = 0; i < n; i++)
		buf_printf(&b,
			   "%s{\"mediaType\": \"application/vnd.oci.image.layer.v1.tar%s\", "
			   "\"digest\": \"%s\", \"size\": %zu}",
			   i ? ", " : "", layers[i].type,
			   oci_writer_blob(w, layers[i].packed, layers[i].n), layers[i].n);
	buf_puts(&b, "]}");
	return arena_printf(w->arena,
			    "{\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", "
			    "\"digest\": \"%s\", \"size\": %zu%s}",
			    oci_writer_blob(w, b.data, b.n), b.n, extra);
}

void oci_writer_index(struct oci_writer *w, const char *descriptors)
{
	const char *text =
		arena_printf(w->arena, "{\"schemaVersion\": 2, \"manifests\": [%s]}", descriptors);

	oci_writer_file(w, "index.json", text, strlen(text));
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

void oci_writer_tar(struct oci_writer *w, const char *path)
{
	char *const roots[] = { (char *)w->path, NULL };
	FTS *fts CLEAN(fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	FTSENT *e;

	while ((e = fts_read(fts))) {
		struct buf text CLEAN(buf) = BUF_INIT(1 << 28);
		const char *name = e->fts_path + strlen(w->path);

		if (e->fts_info == FTS_F) {
			if (fs_read(AT_FDCWD, e->fts_path, &text, NULL) < 0)
				abort();
			tar_writer_add(t, &(struct tar_member){ .name = name + 1,
								.text = text.data,
								.n = text.n });
		} else if (e->fts_info == FTS_D && *name) {
			tar_writer_add(t, &(struct tar_member){ .name = name + 1,
								.mode = S_IFDIR | 0755 });
		}
	}
	tar_writer_save(t, path);
}
