/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.json may name images or indexes of images, one platform or many. First
 * the candidates are chosen, by descriptors alone; then each is copied with
 * every digest compared. Blobs keep their bytes, so an image keeps its digest.
 */
#include "backends/image_import_oci.h"

#include <string.h>

#include "backends/image_dir_stage.h"
#include "backends/image_document_put.h"
#include "backends/image_source.h"
#include "base/json.h"
#include "base/limits.h"

#define INDEX_DEPTH 4 /* an index in an index is what tools write; more is a loop or a joke */

struct chosen {
	const struct image_index_entry *entry; /* the manifest */
	const char *name;                      /* from the entry in index.json; or NULL */
};

struct oci {
	struct image_found_list *list;
	struct arena *arena;
	int src;
	struct image_platform want;
	bool is_explicit; /* the user said which platform */
	struct chosen *chosen;
	size_t n_chosen;
	struct buf others; /* platforms that were not taken, for the message */
};

/* ref.name is often a bare tag ("1.0"): only what has a path or a tag is a name. */
static const char *name_of(const struct image_index_entry *e)
{
	if (e->written)
		return e->written;
	if (e->full_name)
		return e->full_name;
	return e->ref_name && strpbrk(e->ref_name, "/:") ? e->ref_name : NULL;
}

static bool same(const char *want, const char *have)
{
	return !want || (have && !strcmp(want, have));
}

static bool is_wanted(const struct oci *o, const struct image_platform *p)
{
	return same(o->want.os, p->os) && same(o->want.arch, p->arch) &&
	       same(o->want.os_version, p->os_version) && same(o->want.variant, p->variant);
}

/* A blob of the layout, compared with its descriptor. */
static int read_blob(struct oci *o, const struct image_blob *b, struct buf *ret, struct error *err)
{
	char path[IMAGE_DIGEST_SIZE + 16], hex[DIGEST_HEX_SIZE];
	uint8_t sum[DIGEST_BYTES];
	int r = image_source_read(o->src, image_files_blob_path(b->digest, path), ret, err);

	if (r < 0)
		return r;
	digest_sha256(ret->data, ret->n, sum);
	if (strcmp(digest_hex(sum, hex), b->digest + strlen("sha256:")) != 0)
		return error_set(err, ERR_INVALID, 0, "blob %.19s has digest sha256:%.12s",
				 b->digest, hex);
	if ((int64_t)ret->n != b->size)
		return error_set(err, ERR_INVALID, 0, "blob %.19s has %zu bytes, not %lld",
				 b->digest, ret->n, (long long)b->size);
	return 0;
}

static int choose(struct oci *o, const struct image_index *index, const char *name, int depth,
		  struct error *err);

static int choose_entry(struct oci *o, const struct image_index_entry *e, const char *name,
			int depth, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_index inner;
	int r;

	if (!e->blob.media_type || image_document_is_index(e->blob.media_type, NULL, 0)) {
		r = read_blob(o, &e->blob, &text, err);
		if (r < 0)
			return r;
		if (image_document_is_index(e->blob.media_type, text.data, text.n)) {
			r = image_document_index(text.data, text.n, o->arena, &inner, err);
			return r < 0 ? error_wrap(err, r, "index %.19s", e->blob.digest)
				     : choose(o, &inner, name, depth + 1, err);
		}
	}
	o->chosen = arena_grow(o->arena, o->chosen, o->n_chosen, sizeof(*o->chosen));
	o->chosen[o->n_chosen++] = (struct chosen){ .entry = e, .name = name };
	return 0;
}

/* Does the platform choose here? Not when there is one entry only and the user did not say. */
static bool must_match(const struct oci *o, const struct image_index *index)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++)
		n += index->entries[i].platform.os &&
		     strcmp(index->entries[i].platform.os, "unknown");
	return o->is_explicit || n > 1;
}

static int choose(struct oci *o, const struct image_index *index, const char *name, int depth,
		  struct error *err)
{
	bool match = must_match(o, index);

	if (depth > INDEX_DEPTH)
		return error_set(err, ERR_INVALID, 0, "more than %d indexes inside each other",
				 INDEX_DEPTH);
	for (size_t i = 0; i < index->n; i++) {
		const struct image_index_entry *e = &index->entries[i];
		const char *own = name_of(e);
		int r;

		/* attestations say "unknown"; an index inside may say nothing */
		if (e->platform.os && (!strcmp(e->platform.os, "unknown") ||
				       (match && !is_wanted(o, &e->platform)))) {
			buf_printf(&o->others, "%s%s/%s", o->others.n ? ", " : "", e->platform.os,
				   e->platform.arch ? e->platform.arch : "?");
			continue;
		}
		r = choose_entry(o, e, own && depth == 0 ? own : name, depth, err);
		if (r < 0)
			return r;
		if (depth > 0 && match)
			return 0; /* the first that fits; more would be variants of it */
	}
	return 0;
}

static int copy_layer(struct oci *o, const struct image_blob *b, struct error *err)
{
	char path[IMAGE_DIGEST_SIZE + 16];
	struct image_blob copy;
	int fd CLEAN(fd) = -1;
	int r = image_source_open(o->src, image_files_blob_path(b->digest, path), &fd, err);

	if (r == 0)
		r = image_txn_copy(o->list->txn, fd, b->size, &copy, err);
	if (r < 0)
		return r;
	if (strcmp(copy.digest, b->digest) != 0)
		return error_set(err, ERR_INVALID, 0, "layer %.19s has digest %.19s", b->digest,
				 copy.digest);
	return 0;
}

static int copy_config(struct oci *o, const struct image_manifest *m, struct image_config *ret,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_IMAGE_CONFIG_BYTES);
	struct image_blob copy;
	int r = read_blob(o, &m->config, &text, err);

	if (r == 0)
		r = image_document_config(text.data, text.n, o->arena, ret, err);
	if (r < 0)
		return error_wrap(err, r, "config");
	if (o->is_explicit && !is_wanted(o, &ret->platform))
		return error_set(err, ERR_NOT_FOUND, 0, "the image is for %s/%s", ret->platform.os,
				 ret->platform.arch);
	return image_txn_put(o->list->txn, &text, &copy, err);
}

static int copy_image(struct oci *o, const struct chosen *c, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_blob manifest = { .media_type = c->entry->blob.media_type };
	const char *name = o->list->options->name ? o->list->options->name : c->name;
	struct image_manifest m;
	struct image_config config;
	int r = read_blob(o, &c->entry->blob, &text, err);

	if (r == 0)
		r = image_document_manifest(text.data, text.n, o->arena, &m, err);
	if (r == 0)
		r = copy_config(o, &m, &config, err);
	for (size_t i = 0; r == 0 && i < m.n_layers; i++)
		r = copy_layer(o, &m.layers[i], err);
	if (r == 0)
		r = image_txn_put(o->list->txn, &text, &manifest, err);
	if (r == 0)
		r = image_dir_stage_into(o->list->txn, &m, &config, err);
	return r < 0 ? r : image_found_add(o->list, name, &manifest, &config, err);
}

static int check_chosen(struct oci *o, struct error *err)
{
	bool has_names = true;
	int r;

	for (size_t i = 0; i < o->n_chosen; i++)
		has_names = has_names && o->chosen[i].name;
	if (o->n_chosen == 0)
		return error_set(err, ERR_NOT_FOUND, 0, "no image for %s/%s; there is %.100s",
				 o->want.os ? o->want.os : "any system",
				 o->want.arch ? o->want.arch : "any machine",
				 o->others.n ? o->others.data : "none at all");
	if (o->list->options->name && o->n_chosen > 1)
		return error_set(err, ERR_INVALID, 0, "%zu images and one name for them",
				 o->n_chosen);
	if (o->list->options->name || has_names)
		return 0;
	r = error_set(err, ERR_INVALID, 0, "%s",
		      o->n_chosen > 1 ? "images without names" : "an image without a name");
	error_hint(err, o->n_chosen > 1 ? "write a file with one image and use --as NAME"
					: "choose one with --as NAME");
	return r;
}

static int check_layout(struct oci *o, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct json_object *doc CLEAN(json) = NULL;
	const char *version = NULL;
	int r = image_source_read(o->src, "oci-layout", &text, err);

	if (r == 0)
		r = json_parse(text.data, text.n, &doc, err);
	if (r == 0)
		r = json_need_str(doc, "imageLayoutVersion", &version, err);
	if (r < 0)
		return error_wrap(err, r, "oci-layout");
	if (strncmp(version, "1.", 2) != 0)
		return error_set(err, ERR_UNSUPPORTED, 0, "OCI layout of version %.20s", version);
	return 0;
}

static int read_all(struct oci *o, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_index index;
	int r = check_layout(o, err);

	if (r < 0)
		return r;
	r = image_source_read(o->src, "index.json", &text, err);
	if (r == 0)
		r = image_document_index(text.data, text.n, o->arena, &index, err);
	if (r < 0)
		return error_wrap(err, r, "index.json");
	r = choose(o, &index, NULL, 0, err);
	if (r == 0)
		r = check_chosen(o, err);
	for (size_t i = 0; r == 0 && i < o->n_chosen; i++)
		r = copy_image(o, &o->chosen[i], err);
	return r;
}

int image_import_oci(struct image_found_list *list, int src, struct error *err)
{
	struct oci o = {
		.list = list, .arena = list->txn->arena, .src = src, .want = list->options->platform
	};
	int r;

	o.is_explicit = o.want.os || o.want.arch || o.want.os_version || o.want.variant;
	if (!o.want.os)
		o.want.os = "linux";
	if (!o.want.arch)
		o.want.arch = image_document_arch();
	buf_init(&o.others, 1024);
	r = read_all(&o, err);
	buf_done(&o.others);
	return r;
}
