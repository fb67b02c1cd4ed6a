/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read here comes from archives anybody may have made: every type,
 * digest, size and count is checked before it is used. Members that nothing
 * here needs are not looked at, so documents of newer tools still read.
 * Writing is image_document_put.c's part.
 */
#include "backends/image_document.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/number.h"

const char *image_document_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__powerpc64__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__arm__)
	return "arm";
#else
	return "386";
#endif
}

bool image_document_is_digest(const char *s)
{
	return !strncmp(s, "sha256:", 7) && strspn(s + 7, "0123456789abcdef") == 64 && !s[7 + 64];
}

/* A member that may be missing: NULL then. */
static int get_text(struct json_object *o, const char *key, struct arena *arena, const char **ret,
		    struct error *err)
{
	const char *s = NULL;
	int r = json_get_str(o, key, &s, err);

	if (r < 0)
		return r;
	*ret = s && *s ? arena_strdup(arena, s) : NULL;
	return 0;
}

static int get_words(struct json_object *o, const char *key, struct arena *arena,
		     struct image_words *ret, struct error *err)
{
	struct json_object *array = NULL;
	struct image_words w;
	int r = json_get_array(o, key, &array, err);

	*ret = (struct image_words){ 0 };
	if (r)
		return r < 0 ? r : 0;
	w.n = json_object_array_length(array);
	w.v = arena_array(arena, w.n, sizeof(*w.v));
	for (size_t i = 0; i < w.n; i++) {
		struct json_object *s = json_object_array_get_idx(array, i);

		if (!json_object_is_type(s, json_type_string) ||
		    strlen(json_object_get_string(s)) != (size_t)json_object_get_string_len(s))
			return error_set(err, ERR_INVALID, 0, "\"%s\" is not a list of strings",
					 key);
		w.v[i] = arena_strdup(arena, json_object_get_string(s));
	}
	*ret = w;
	return 0;
}

/* {"80/tcp": {}}: the keys count. */
static int get_keys(struct json_object *o, const char *key, struct arena *arena,
		    struct image_words *ret, struct error *err)
{
	struct json_object *map = NULL;
	int r = json_get_obj(o, key, &map, err);

	*ret = (struct image_words){ 0 };
	if (r)
		return r < 0 ? r : 0;
	json_object_object_foreach (map, name, value) {
		(void)value; /* always {} */
		ret->v = arena_grow(arena, ret->v, ret->n, sizeof(*ret->v));
		ret->v[ret->n++] = arena_strdup(arena, name);
	}
	return 0;
}

static int get_labels(struct json_object *o, struct arena *arena, struct image_config *ret,
		      struct error *err)
{
	struct json_object *map = NULL;
	int r = json_get_obj(o, "Labels", &map, err);

	if (r)
		return r < 0 ? r : 0;
	json_object_object_foreach (map, name, value) {
		if (!json_object_is_type(value, json_type_string))
			return error_set(err, ERR_INVALID, 0, "label %.100s is no string", name);
		ret->labels = arena_grow(arena, ret->labels, ret->n_labels, sizeof(*ret->labels));
		ret->labels[ret->n_labels].key = arena_strdup(arena, name);
		ret->labels[ret->n_labels++].value =
			arena_strdup(arena, json_object_get_string(value));
	}
	return 0;
}

static int get_platform(struct json_object *o, struct arena *arena, struct image_platform *ret,
			struct error *err)
{
	int r = get_text(o, "os", arena, &ret->os, err);

	if (r == 0)
		r = get_text(o, "architecture", arena, &ret->arch, err);
	if (r == 0)
		r = get_text(o, "os.version", arena, &ret->os_version, err);
	return r < 0 ? r : get_text(o, "variant", arena, &ret->variant, err);
}

static int get_process(struct json_object *o, struct arena *arena, struct image_config *ret,
		       struct error *err)
{
	int r = get_words(o, "Entrypoint", arena, &ret->entrypoint, err);

	if (r == 0)
		r = get_words(o, "Cmd", arena, &ret->cmd, err);
	if (r == 0)
		r = get_words(o, "Env", arena, &ret->env, err);
	if (r == 0)
		r = get_keys(o, "ExposedPorts", arena, &ret->ports, err);
	if (r == 0)
		r = get_keys(o, "Volumes", arena, &ret->volumes, err);
	if (r == 0)
		r = get_text(o, "WorkingDir", arena, &ret->workdir, err);
	if (r == 0)
		r = get_text(o, "User", arena, &ret->user, err);
	if (r == 0)
		r = get_text(o, "StopSignal", arena, &ret->stop_signal, err);
	if (r == 0)
		r = json_get_bool(o, "ArgsEscaped", &ret->args_escaped, err);
	return r < 0 ? r : get_labels(o, arena, ret, err);
}

static int get_diff_ids(struct json_object *o, struct arena *arena, struct image_config *ret,
			struct error *err)
{
	struct json_object *rootfs = NULL;
	int r = json_get_obj(o, "rootfs", &rootfs, err);

	if (r == JSON_ABSENT)
		return error_set(err, ERR_INVALID, 0, "\"rootfs\" is missing");
	if (r == 0)
		r = get_words(rootfs, "diff_ids", arena, &ret->diff_ids, err);
	if (r < 0)
		return r;
	if (ret->diff_ids.n > LIMIT_IMAGE_LAYERS)
		return error_set(err, ERR_LIMIT, 0, "%zu layers, at most %d", ret->diff_ids.n,
				 LIMIT_IMAGE_LAYERS);
	for (size_t i = 0; i < ret->diff_ids.n; i++)
		if (!image_document_is_digest(ret->diff_ids.v[i]))
			return error_set(err, ERR_INVALID, 0, "diff_id %zu is no sha256 digest", i);
	return 0;
}

int image_document_config(const char *text, size_t n, struct arena *arena, struct image_config *ret,
			  struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct json_object *process = NULL;
	struct image_config c = { 0 };
	int r = json_parse(text, n, &doc, err);

	if (r == 0)
		r = get_platform(doc, arena, &c.platform, err);
	if (r == 0 && (!c.platform.os || !c.platform.arch))
		r = error_set(err, ERR_INVALID, 0, "\"os\" or \"architecture\" is missing");
	if (r == 0)
		r = get_text(doc, "created", arena, &c.created, err);
	if (r == 0)
		r = get_diff_ids(doc, arena, &c, err);
	if (r < 0)
		return r;
	r = json_get_obj(doc, "config", &process, err);
	if (r == 0)
		r = get_process(process, arena, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}

static int get_blob(struct json_object *o, struct arena *arena, struct image_blob *ret,
		    struct error *err)
{
	const char *digest = NULL;
	int r = json_need_str(o, "digest", &digest, err);

	if (r == 0)
		r = json_need_i64(o, "size", &ret->size, err);
	if (r == 0)
		r = get_text(o, "mediaType", arena, &ret->media_type, err);
	if (r < 0)
		return r;
	if (!image_document_is_digest(digest))
		return error_set(err, ERR_UNSUPPORTED, 0, "digest %.80s is not sha256", digest);
	if (ret->size < 0 || ret->size > LIMIT_LAYER_BYTES)
		return error_set(err, ERR_LIMIT, 0, "a blob of %lld bytes", (long long)ret->size);
	ret->digest = arena_strdup(arena, digest);
	return 0;
}

int image_document_manifest(const char *text, size_t n, struct arena *arena,
			    struct image_manifest *ret, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct json_object *config = NULL, *layers = NULL;
	struct image_manifest m = { 0 };
	int r = json_parse(text, n, &doc, err);

	if (r == 0)
		r = json_get_obj(doc, "config", &config, err);
	if (r == 0)
		r = json_get_array(doc, "layers", &layers, err);
	if (r > 0)
		return error_set(err, ERR_INVALID, 0, "\"%s\" is missing",
				 config ? "layers" : "config");
	if (r == 0)
		r = get_blob(config, arena, &m.config, err);
	if (r < 0)
		return r;
	m.n_layers = json_object_array_length(layers);
	if (m.n_layers > LIMIT_IMAGE_LAYERS)
		return error_set(err, ERR_LIMIT, 0, "%zu layers, at most %d", m.n_layers,
				 LIMIT_IMAGE_LAYERS);
	m.layers = arena_array(arena, m.n_layers, sizeof(*m.layers));
	for (size_t i = 0; i < m.n_layers; i++) {
		r = get_blob(json_object_array_get_idx(layers, i), arena, &m.layers[i], err);
		if (r < 0)
			return error_wrap(err, r, "layer %zu", i);
	}
	*ret = m;
	return 0;
}

static int get_annotations(struct json_object *o, struct arena *arena,
			   struct image_index_entry *ret, struct error *err)
{
	struct json_object *map = NULL;
	const char *imported = NULL;
	uint64_t us = 0;
	int r = json_get_obj(o, "annotations", &map, err);

	if (r)
		return r < 0 ? r : 0;
	r = get_text(map, "org.opencontainers.image.ref.name", arena, &ret->ref_name, err);
	if (r == 0)
		r = get_text(map, "io.containerd.image.name", arena, &ret->full_name, err);
	if (r == 0)
		r = get_text(map, "dev.tallyman.name", arena, &ret->written, err);
	if (r == 0)
		r = get_text(map, "dev.tallyman.imported", arena, &imported, err);
	if (r == 0 && imported && number_u64(imported, INT64_MAX, &us))
		ret->imported_us = (int64_t)us;
	return r;
}

static int get_index_entry(struct json_object *o, struct arena *arena,
			   struct image_index_entry *ret, struct error *err)
{
	struct json_object *platform = NULL;
	int r = get_blob(o, arena, &ret->blob, err);

	if (r == 0)
		r = json_get_obj(o, "platform", &platform, err);
	if (r == 0)
		r = get_platform(platform, arena, &ret->platform, err);
	return r < 0 ? r : get_annotations(o, arena, ret, err);
}

int image_document_index(const char *text, size_t n, struct arena *arena, struct image_index *ret,
			 struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct json_object *list = NULL;
	struct image_index index = { 0 };
	int r = json_parse(text, n, &doc, err);

	if (r == 0)
		r = json_get_array(doc, "manifests", &list, err);
	if (r > 0)
		return error_set(err, ERR_INVALID, 0, "\"manifests\" is missing");
	if (r < 0)
		return r;
	index.n = json_object_array_length(list);
	index.entries = arena_array(arena, index.n, sizeof(*index.entries));
	for (size_t i = 0; i < index.n; i++) {
		r = get_index_entry(json_object_array_get_idx(list, i), arena, &index.entries[i],
				    err);
		if (r < 0)
			return error_wrap(err, r, "manifest %zu", i);
	}
	*ret = index;
	return 0;
}

static int get_docker_entry(struct json_object *o, struct arena *arena,
			    struct image_docker_entry *ret, struct error *err)
{
	const char *config = NULL;
	int r = json_need_str(o, "Config", &config, err);

	if (r < 0)
		return r;
	ret->config = arena_strdup(arena, config);
	r = get_words(o, "RepoTags", arena, &ret->tags, err);
	if (r == 0)
		r = get_words(o, "Layers", arena, &ret->layers, err);
	if (r == 0 && ret->layers.n > LIMIT_IMAGE_LAYERS)
		r = error_set(err, ERR_LIMIT, 0, "%zu layers, at most %d", ret->layers.n,
			      LIMIT_IMAGE_LAYERS);
	return r;
}

int image_document_docker(const char *text, size_t n, struct arena *arena,
			  struct image_docker_entry **ret, size_t *ret_n, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct image_docker_entry *entries;
	size_t n_entries;
	int r = json_parse(text, n, &doc, err);

	if (r < 0)
		return r;
	if (!json_object_is_type(doc, json_type_array))
		return error_set(err, ERR_INVALID, 0, "not a list of images");
	n_entries = json_object_array_length(doc);
	entries = arena_array(arena, n_entries, sizeof(*entries));
	for (size_t i = 0; i < n_entries; i++) {
		r = get_docker_entry(json_object_array_get_idx(doc, i), arena, &entries[i], err);
		if (r < 0)
			return error_wrap(err, r, "image %zu", i);
	}
	*ret = entries;
	*ret_n = n_entries;
	return 0;
}

bool image_document_is_index(const char *media_type, const char *text, size_t n)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct json_object *list;

	if (media_type)
		return strstr(media_type, "index") || strstr(media_type, "manifest.list");
	return json_parse(text, n, &doc, NULL) == 0 &&
	       json_object_object_get_ex(doc, "manifests", &list);
}
