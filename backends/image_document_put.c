/* SPDX-License-Identifier: Apache-2.0 */
/* The opposite of image_document.c; reading back what is written here gives the same value. */
#include "backends/image_document_put.h"

#include <inttypes.h>

#include "base/json.h"

static void put_text(struct json_object *o, const char *key, const char *value)
{
	if (value && *value)
		json_put_str(o, key, value);
}

static struct json_object *word_list(const struct image_words *w)
{
	struct json_object *list = json_object_new_array_ext((int)w->n);

	for (size_t i = 0; i < w->n; i++)
		json_object_array_add(list, json_object_new_string(w->v[i]));
	return list;
}

static void put_words(struct json_object *o, const char *key, const struct image_words *w)
{
	if (w->n)
		json_put_obj(o, key, word_list(w));
}

static void put_keys(struct json_object *o, const char *key, const struct image_words *w)
{
	struct json_object *map;

	if (!w->n)
		return;
	map = json_object_new_object();
	for (size_t i = 0; i < w->n; i++)
		json_put_obj(map, w->v[i], json_object_new_object());
	json_put_obj(o, key, map);
}

static void put_platform(struct json_object *o, const struct image_platform *p)
{
	put_text(o, "os", p->os);
	put_text(o, "architecture", p->arch);
	put_text(o, "os.version", p->os_version);
	put_text(o, "variant", p->variant);
}

static struct json_object *process_of(const struct image_config *c)
{
	struct json_object *o = json_object_new_object();

	put_words(o, "Entrypoint", &c->entrypoint);
	put_words(o, "Cmd", &c->cmd);
	put_words(o, "Env", &c->env);
	put_keys(o, "ExposedPorts", &c->ports);
	put_keys(o, "Volumes", &c->volumes);
	put_text(o, "WorkingDir", c->workdir);
	put_text(o, "User", c->user);
	put_text(o, "StopSignal", c->stop_signal);
	if (c->args_escaped)
		json_put_bool(o, "ArgsEscaped", true);
	if (c->n_labels) {
		struct json_object *map = json_object_new_object();

		for (size_t i = 0; i < c->n_labels; i++)
			json_put_str(map, c->labels[i].key, c->labels[i].value);
		json_put_obj(o, "Labels", map);
	}
	return o;
}

void image_document_put_config(const struct image_config *config, struct buf *ret)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *rootfs = json_object_new_object();

	put_platform(o, &config->platform);
	put_text(o, "created", config->created);
	json_put_obj(o, "config", process_of(config));
	json_put_str(rootfs, "type", "layers");
	json_put_obj(rootfs, "diff_ids", word_list(&config->diff_ids));
	json_put_obj(o, "rootfs", rootfs);
	json_canonical(o, ret);
}

static struct json_object *blob_of(const struct image_blob *b, const char *type)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "mediaType", b->media_type ? b->media_type : type);
	json_put_str(o, "digest", b->digest);
	json_put_i64(o, "size", b->size);
	return o;
}

void image_document_put_manifest(const struct image_manifest *manifest, struct buf *ret)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *layers = json_object_new_array();

	json_put_i64(o, "schemaVersion", 2);
	json_put_str(o, "mediaType", IMAGE_TYPE_MANIFEST);
	json_put_obj(o, "config", blob_of(&manifest->config, IMAGE_TYPE_CONFIG));
	for (size_t i = 0; i < manifest->n_layers; i++)
		json_object_array_add(layers, blob_of(&manifest->layers[i], IMAGE_TYPE_LAYER));
	json_put_obj(o, "layers", layers);
	json_canonical(o, ret);
}

static struct json_object *entry_of(const struct image_index_entry *e)
{
	struct json_object *o = blob_of(&e->blob, IMAGE_TYPE_MANIFEST);
	struct json_object *platform = json_object_new_object();
	struct json_object *notes = json_object_new_object();
	char number[24];

	put_platform(platform, &e->platform);
	json_put_obj(o, "platform", platform);
	put_text(notes, "org.opencontainers.image.ref.name", e->ref_name);
	put_text(notes, "io.containerd.image.name", e->full_name);
	put_text(notes, "dev.tallyman.name", e->written);
	if (e->imported_us > 0) {
		(void)snprintf(number, sizeof(number), "%" PRId64, e->imported_us); /* fits */
		json_put_str(notes, "dev.tallyman.imported", number);
	}
	json_put_obj(o, "annotations", notes);
	return o;
}

void image_document_put_index(const struct image_index *index, struct buf *ret)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_put_i64(o, "schemaVersion", 2);
	json_put_str(o, "mediaType", IMAGE_TYPE_INDEX);
	for (size_t i = 0; i < index->n; i++)
		json_object_array_add(list, entry_of(&index->entries[i]));
	json_put_obj(o, "manifests", list);
	json_canonical(o, ret);
}
