/* SPDX-License-Identifier: Apache-2.0 */
/* An instance spec over the wire. The service keeps the format's own field names. */
#include "base/arena.h"
#include "specs/parse.h"
#include "specs/render.h"
#include "specs/step.h"

struct json_object *instance_spec_to_json(const struct instance_spec *s)
{
	struct json_object *o = json_object_new_object(), *env = json_object_new_object();

	json_put_str(o, "id", s->id);
	json_put_str(o, "deployment", s->deployment);
	json_put_str(o, "service_name", s->service_name);
	json_put_i64(o, "slot", s->slot);
	json_put_i64(o, "generation", (int64_t)s->generation);
	json_put_str(o, "owner", s->owner);
	json_put_str(o, "node_id", s->node_id);
	json_put_str(o, "config_hash", s->config_hash);
	json_put_str(o, "image", s->image);
	json_put_str(o, "digest", s->digest);
	json_put_str(o, "address", s->address);
	json_put_str(o, "slice", s->slice);
	json_put_str(o, "oci_path", s->oci_path);
	json_put_str(o, "layer", s->layer);
	json_put_obj(o, "service", s->service ? render_service_json(s->service) : NULL);
	for (size_t i = 0; i < s->n_env; i++)
		json_put_str(env, s->env[i].name, s->env[i].value);
	json_put_obj(o, "env", env);
	return o;
}

static int get_text(struct json_object *o, const char *key, struct arena *a, const char **ret,
		    struct error *err)
{
	const char *text = NULL;
	int r = json_get_str(o, key, &text, err);

	*ret = arena_strdup(a, text);
	return r < 0 ? r : 0;
}

static int get_texts(struct json_object *o, struct arena *a, struct instance_spec *ret,
		     struct error *err)
{
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "id", &ret->id },
		{ "deployment", &ret->deployment },
		{ "service_name", &ret->service_name },
		{ "owner", &ret->owner },
		{ "node_id", &ret->node_id },
		{ "config_hash", &ret->config_hash },
		{ "image", &ret->image },
		{ "digest", &ret->digest },
		{ "address", &ret->address },
		{ "slice", &ret->slice },
		{ "oci_path", &ret->oci_path },
		{ "layer", &ret->layer },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		r = get_text(o, texts[i].key, a, texts[i].to, err);
	if (r == 0 && (!ret->id || !ret->deployment || !ret->service_name))
		r = error_set(err, ERR_INVALID, 0,
			      "an instance needs an id, a deployment and a service");
	return r;
}

static int get_numbers(struct json_object *o, struct instance_spec *ret, struct error *err)
{
	int64_t slot = 0, generation = 0;
	int r = json_need_i64(o, "slot", &slot, err);

	r = r < 0 ? r : json_need_i64(o, "generation", &generation, err);
	if (r == 0 && (slot < 0 || slot > UINT32_MAX || generation < 1))
		r = error_set(err, ERR_INVALID, 0, "slot or generation is out of range");
	ret->slot = (uint32_t)slot;
	ret->generation = (uint64_t)generation;
	return r;
}

static int get_env(struct json_object *o, struct arena *a, struct instance_spec *ret,
		   struct error *err)
{
	struct json_object *env = NULL;
	struct env_var *vars;
	size_t n = 0;
	int r = json_get_obj(o, "env", &env, err);

	if (r)
		return r < 0 ? r : 0;
	vars = arena_array(a, (size_t)json_object_object_length(env), sizeof(*vars));
	json_object_object_foreach (env, key, value) {
		if (!json_object_is_type(value, json_type_string))
			return error_set(err, ERR_INVALID, 0, "env %s is not text", key);
		vars[n].name = arena_strdup(a, key);
		vars[n++].value = arena_strdup(a, json_object_get_string(value));
	}
	ret->env = vars;
	ret->n_env = n;
	return 0;
}

static int get_service(struct json_object *o, struct arena *a, struct instance_spec *ret,
		       struct error *err)
{
	struct json_object *json = NULL;
	struct service *service = NULL;
	int r = json_get_obj(o, "service", &json, err);

	if (r)
		return r < 0 ? r : 0;
	r = parse_service_json(ret->service_name, json, a, &service, err);
	ret->service = service;
	return r < 0 ? error_wrap(err, r, "service %s", ret->service_name) : 0;
}

int instance_spec_from_json(struct json_object *o, struct arena *a, struct instance_spec *ret,
			    struct error *err)
{
	struct instance_spec s = { 0 };
	int r = get_texts(o, a, &s, err);

	r = r < 0 ? r : get_numbers(o, &s, err);
	r = r < 0 ? r : get_env(o, a, &s, err);
	r = r < 0 ? r : get_service(o, a, &s, err);
	if (r == 0)
		*ret = s;
	return r;
}
