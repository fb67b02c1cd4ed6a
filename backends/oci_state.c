/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a runtime program's answer, which comes from outside: rubbish is an error
 * of its own kind, never a state. Decides nothing about what the state means.
 */
#include "backends/oci_state.h"

#include <strings.h>

#include "base/json.h"

static const struct {
	const char *word;
	enum instance_state state;
} words[] = {
	{ "creating", INSTANCE_BROKEN }, { "created", INSTANCE_CREATED },
	{ "running", INSTANCE_RUNNING }, { "paused", INSTANCE_PAUSED },
	{ "stopped", INSTANCE_EXITED },
};

static int state_from_word(const char *word, enum instance_state *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i].word, word) == 0) {
			*ret = words[i].state;
			return 0;
		}
	}
	return error_set(err, ERR_CORRUPT, 0, "unknown status \"%.32s\"", word);
}

static int read_annotations(struct json_object *o, struct arena *a, struct oci_state *s,
			    struct error *err)
{
	struct json_object *notes;
	const char *text;
	int r = json_get_obj(o, "annotations", &notes, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = json_get_str(notes, "dev.tallyman.owner", &text, err);
	if (r == 0)
		s->owner = arena_strdup(a, text);
	if (r >= 0)
		r = json_get_str(notes, "dev.tallyman.node", &text, err);
	if (r == 0)
		s->node_id = arena_strdup(a, text);
	return r < 0 ? r : 0;
}

static int read_members(struct json_object *o, struct arena *a, struct oci_state *s,
			struct error *err)
{
	const char *id = NULL, *status = NULL, *bundle = NULL;
	int64_t pid = 0;
	int r = json_need_str(o, "id", &id, err);

	r = r < 0 ? r : json_need_str(o, "status", &status, err);
	r = r < 0 ? r : state_from_word(status, &s->state, err);
	r = r < 0 ? r : json_get_i64(o, "pid", &pid, err);
	r = r < 0 ? r : json_get_str(o, "bundle", &bundle, err);
	if (r < 0)
		return r;
	if (pid < 0 || pid > INT32_MAX)
		return error_set(err, ERR_CORRUPT, 0, "pid %lld", (long long)pid);
	if (s->state == INSTANCE_EXITED)
		pid = 0;
	else if (pid == 0 && s->state != INSTANCE_BROKEN)
		return error_set(err, ERR_CORRUPT, 0, "status \"%.32s\" without a pid", status);
	s->id = arena_strdup(a, id);
	s->pid = (int32_t)pid;
	s->bundle = arena_strdup(a, bundle);
	return read_annotations(o, a, s, err);
}

int oci_state_parse(const char *text, size_t n, struct arena *a, struct oci_state *ret,
		    struct error *err)
{
	struct oci_state s = { 0 };
	struct json_object *o CLEAN(json) = NULL;
	int r = json_parse(text, n, &o, err);

	if (r == 0)
		r = read_members(o, a, &s, err);
	if (r < 0) {
		if (err)
			err->code = ERR_CORRUPT;
		return error_wrap(err, -ERR_CORRUPT, "not a container's state");
	}
	*ret = s;
	return 0;
}
