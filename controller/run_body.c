/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON as strangers send it; nothing of it is trusted, and nothing is done with it. */
#include "controller/run_body.h"

#include <string.h>

static bool is_among(const char *name, const char *const names[])
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

int run_body(const struct api_request *rq, const char *const names[], struct json_object **ret,
	     struct error *err)
{
	struct json_object *body CLEAN(json) = NULL;
	int r = json_parse(rq->body, rq->n_body, &body, err);

	if (r == 0 && !json_object_is_type(body, json_type_object))
		r = error_set(err, ERR_INVALID, 0, "expected a JSON object with \"%s\"", *names);
	if (r < 0)
		return error_wrap(err, r, "the request");
	json_object_object_foreach (body, key, value) {
		(void)value;
		if (!is_among(key, names))
			return error_set(err, ERR_INVALID, 0, "the request: no '%.64s' here", key);
	}
	*ret = TAKE(body);
	return 0;
}

static bool is_json(const struct api_request *rq)
{
	return rq->content_type && strncmp(rq->content_type, "application/json", 16) == 0;
}

static int read_members(struct run_body_file *f, struct error *err)
{
	int r = json_need_str(f->body, "file", &f->bytes, err);

	if (r == 0)
		r = json_get_str(f->body, "source", &f->source, err);
	if (r >= 0)
		r = json_get_obj(f->body, "env", &f->env, err);
	if (r < 0)
		return error_wrap(err, r, "the request");
	json_object_get(f->env); /* released by itself */
	f->n = strlen(f->bytes);
	return 0;
}

int run_body_file(const struct api_request *rq, struct run_body_file *ret, struct error *err)
{
	static const char *const names[] = { "file", "source", "env", NULL };
	struct run_body_file f = { .bytes = rq->body, .n = rq->n_body };
	int r = is_json(rq) ? run_body(rq, names, &f.body, err) : 0;

	if (r == 0 && f.body)
		r = read_members(&f, err);
	if (r < 0)
		json_object_put(f.body);
	else
		*ret = f;
	return r;
}

void run_body_file_done(struct run_body_file *f)
{
	json_object_put(f->body);
	json_object_put(f->env);
	*f = (struct run_body_file){ 0 };
}

/* An absent list is an empty one. */
static int read_list(struct json_object *body, const char *key, struct arena *a,
		     struct run_body_names *ret, struct error *err)
{
	struct json_object *list = NULL;
	int r = json_get_array(body, key, &list, err);
	size_t n = r == 0 ? json_object_array_length(list) : 0;

	ret->items = arena_array(a, n, sizeof(*ret->items));
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *name = NULL;

		r = json_str_at(list, i, &name, err);
		if (r < 0)
			return error_wrap(err, r, "%s", key);
		ret->items[ret->n++] = arena_strdup(a, name);
	}
	return r < 0 ? r : 0;
}

int run_body_deployments(const struct api_request *rq, struct arena *a, struct run_body_names *ret,
			 struct error *err)
{
	static const char *const names[] = { "deployments", "all", NULL };
	struct json_object *body CLEAN(json) = NULL;
	int r = run_body(rq, names, &body, err);

	if (r < 0)
		return r;
	*ret = (struct run_body_names){ 0 };
	r = json_get_bool(body, "all", &ret->is_all, err);
	if (r >= 0)
		r = read_list(body, "deployments", a, ret, err);
	if (r < 0)
		return error_wrap(err, r, "the request");
	if (ret->is_all && ret->n)
		return error_set(err, ERR_INVALID, 0, "'deployments' or 'all', not both");
	if (!ret->is_all && !ret->n)
		return error_set(err, ERR_INVALID, 0, "name 'deployments', or say 'all'");
	return 0;
}

int run_body_targets(const struct api_request *rq, struct arena *a, struct run_body_names *ret,
		     struct error *err)
{
	static const char *const names[] = { "targets", NULL };
	struct json_object *body CLEAN(json) = NULL;
	int r = run_body(rq, names, &body, err);

	if (r < 0)
		return r;
	*ret = (struct run_body_names){ 0 };
	r = read_list(body, "targets", a, ret, err);
	if (r == 0 && !ret->n)
		r = error_set(err, ERR_INVALID, 0, "name 'targets'");
	return r < 0 ? error_wrap(err, r, "the request") : 0;
}

int run_body_word(const struct api_request *rq, const char *key, struct arena *a, const char **ret,
		  struct error *err)
{
	const char *const names[] = { key, NULL };
	struct json_object *body CLEAN(json) = NULL;
	const char *word = NULL;
	int r = run_body(rq, names, &body, err);

	if (r < 0)
		return r;
	r = json_need_str(body, key, &word, err);
	if (r < 0)
		return error_wrap(err, r, "the request");
	*ret = arena_strdup(a, word);
	return 0;
}
