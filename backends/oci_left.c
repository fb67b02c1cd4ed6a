/* SPDX-License-Identifier: Apache-2.0 */
/*
 * youki: state.json with annotations and bundle. crun: a copy of the container's config.json, and
 * the bundle in `status`. runc: state.json, whose config.labels are "key=value" texts.
 */
#include "backends/oci_left.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"

#define NODE   "dev.tallyman.node"
#define BUNDLE "bundle"

static void take_text(struct json_object *o, const char *key, struct arena *a, const char **ret)
{
	const char *text = NULL;

	if (o && !*ret && json_get_str(o, key, &text, NULL) == 0)
		*ret = arena_strdup(a, text);
}

static void take_label(const char *label, const char *key, struct arena *a, const char **ret)
{
	size_t n = strlen(key);

	if (!*ret && strncmp(label, key, n) == 0 && label[n] == '=')
		*ret = arena_strdup(a, label + n + 1);
}

static void take_labels(struct json_object *o, struct arena *a, struct oci_left *ret)
{
	struct json_object *config = NULL, *labels = NULL;

	if (json_get_obj(o, "config", &config, NULL) != 0 ||
	    json_get_array(config, "labels", &labels, NULL) != 0)
		return;
	for (size_t i = 0; i < json_object_array_length(labels); i++) {
		const char *label = json_object_get_string(json_object_array_get_idx(labels, i));

		if (!label)
			continue;
		take_label(label, NODE, a, &ret->node_id);
		take_label(label, BUNDLE, a, &ret->bundle);
	}
}

static void take_document(struct json_object *o, struct arena *a, struct oci_left *ret)
{
	struct json_object *notes = NULL;

	if (json_get_obj(o, "annotations", &notes, NULL) == 0)
		take_text(notes, NODE, a, &ret->node_id);
	take_text(o, BUNDLE, a, &ret->bundle);
	take_labels(o, a, ret);
}

int oci_left_read(const char *dir, struct arena *a, struct oci_left *ret, struct error *err)
{
	static const char *const files[] = { "state.json", "config.json", "status" };
	struct oci_left left = { 0 };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
		struct json_object *o CLEAN(json) = NULL;
		struct error why = ERROR_INIT;
		int r = fs_read(AT_FDCWD, arena_printf(a, "%s/%s", dir, files[i]), &text, &why);

		if (r == -ERR_NOT_FOUND || r == -ERR_LIMIT)
			continue;
		if (r < 0) {
			if (err)
				*err = why;
			return r;
		}
		if (json_parse(text.data, text.n, &o, NULL) == 0 &&
		    json_object_is_type(o, json_type_object))
			take_document(o, a, &left);
	}
	*ret = left;
	return 0;
}
