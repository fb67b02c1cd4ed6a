/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One group at a time, in this order: can this node do its kind at all, what are its values, is
 * its image here, which runtime takes it. The first answer that is no ends it.
 */
#include "controller/resolve.h"

#include <string.h>

#include "backends/image_dir.h"
#include "specs/hash.h"
#include "specs/reference.h"

struct resolver {
	const struct resolve_input *in;
	struct session *s;
	struct image_dir *images; /* NULL: the memory runtime, which has none */
	struct arena *a;
};

static bool block(struct expand_group *g, enum error_code code, const char *reason,
		  const char *hint)
{
	g->route = (struct route){
		.kind = ROUTE_BLOCKED, .code = code, .reason = reason, .hint = hint
	};
	return false;
}

/* Kinds of services that are understood and not done here. */
static bool is_supported(struct resolver *r, struct expand_group *g)
{
	const struct service *s = g->service;
	const char *what = NULL;

	if (s->rtype == RTYPE_CRON)
		what = "rtype: cron is not supported yet; the service is never started";
	else if (s->service_type != SERVICE_STANDARD && s->service_type != SERVICE_JOB)
		what = "WebAssembly services are not supported yet; the service is never started";
	if (what)
		g->route = (struct route){ .kind = ROUTE_UNSUPPORTED, .reason = what };
	(void)r;
	return !what;
}

static void route_to(struct resolver *r, struct expand_group *g, const struct runtime *rt)
{
	const struct error *fault = session_runtime_fault(r->s, rt);

	if (fault) {
		block(g, ERR_UNSUPPORTED,
		      arena_printf(r->a, "%s cannot be used: %s", rt->name, fault->msg),
		      fault->hint[0] ? fault->hint : NULL);
		g->route.no_runtime = true;
		return;
	}
	g->route = (struct route){ .kind = ROUTE_RUNTIME,
				   .runtime = rt->name,
				   .can_update = (rt->caps & RUNTIME_CAP_UPDATE) != 0 };
}

/* The value of one env entry; NULL when it cannot be known, and then the route says why. */
static const char *resolve_value(struct resolver *r, struct expand_group *g, const struct pair *p)
{
	struct reference ref;
	const char *value = NULL;
	struct error err = ERROR_INIT;

	if (reference_parse(p->value, r->a, &ref) != 0 || ref.kind == REFERENCE_SECRET) {
		block(g, ERR_NOT_FOUND,
		      arena_printf(r->a,
				   "env %s: secret '%s' cannot be resolved: this node has no "
				   "secret store",
				   p->key, p->value),
		      "put the value into the environment and write $E:VARIABLE");
		return NULL;
	}
	if (ref.kind == REFERENCE_NONE)
		return p->value;
	if (json_get_str(r->in->env, ref.name, &value, &err) != 0) {
		block(g, ERR_NOT_FOUND,
		      arena_printf(r->a,
				   "env %s: the value of $E:%s was not kept with the revision",
				   p->key, ref.name),
		      "apply the file again with the variable set");
		return NULL;
	}
	return arena_strdup(r->a, value);
}

static bool resolve_env(struct resolver *r, struct expand_group *g)
{
	const struct pairs *env = &g->service->env;
	struct env_var *vars = arena_array(r->a, env->n, sizeof(*vars));

	for (size_t i = 0; i < env->n; i++) {
		vars[i].name = env->items[i].key;
		vars[i].value = resolve_value(r, g, &env->items[i]);
		if (!vars[i].value)
			return false;
	}
	g->env = vars;
	g->n_env = env->n;
	return true;
}

/* Which image it is, and for routing what it is for. One that is not here has no digest. */
static int find_image(struct resolver *r, struct expand_group *g, struct error *err)
{
	const char *name = g->service->image.name;
	struct image image;
	int x;

	if (!r->images) {
		/* The model runs anything; the reference stands for the image. */
		g->digest = arena_printf(r->a, "memory:%s", name);
		return 0;
	}
	x = image_dir_resolve(r->images, name, r->a, &image, err);
	if (x != 0)
		return x < 0 ? x : 0;
	g->digest = image.digest;
	runtime_composite_learn_image(
		r->s->runtimes, image.digest,
		&(struct composite_platform){ .os = image.config.platform.os,
					      .arch = image.config.platform.arch,
					      .os_version = image.config.platform.os_version });
	return 0;
}

static bool need_image(struct resolver *r, struct expand_group *g)
{
	const char *name = g->service->image.name;

	if (g->digest)
		return true;
	return block(g, ERR_NOT_FOUND,
		     arena_printf(r->a,
				  "image %s is not on this node, and registries are not "
				  "supported yet",
				  name),
		     arena_printf(r->a, "tallyman image import FILE --as %s", name));
}

/* Which runtime takes it: the composite's table decides. */
static void route(struct resolver *r, struct expand_group *g)
{
	struct composite_answer answer;
	const struct runtime *rt = runtime_composite_route(r->s->runtimes, g->service->platform,
							   g->digest, r->a, &answer);

	switch (answer.kind) {
	case COMPOSITE_RUN:
		route_to(r, g, rt);
		break;
	case COMPOSITE_PEER:
		g->route = (struct route){ .kind = ROUTE_NEEDS_PEER,
					   .os = answer.os,
					   .reason = answer.reason,
					   .hint = answer.hint };
		break;
	case COMPOSITE_MISMATCH:
		block(g, ERR_UNSUPPORTED, answer.reason, answer.hint);
		break;
	}
}

static const char *hash_value(void *ctx, const char *key, const char *raw)
{
	const struct expand_group *g = ctx;

	(void)raw;
	for (size_t i = 0; i < g->n_env; i++)
		if (strcmp(g->env[i].name, key) == 0)
			return g->env[i].value;
	return NULL;
}

/* Values and hash; false when the route says why there are none. */
static bool know_config(struct resolver *r, struct expand_group *g)
{
	const struct hash_resolver values = { .value = hash_value, .ctx = g };
	char hash[HASH_SIZE];

	if (!is_supported(r, g) || !resolve_env(r, g))
		return false;
	hash_service(g->service, &values, hash);
	g->config_hash = arena_strdup(r->a, hash);
	return true;
}

const char *resolve_hash(const struct resolve_input *in, const struct expand_group *g,
			 struct arena *a)
{
	struct resolver r = { .in = in, .s = in->session, .a = a };
	struct expand_group copy = *g;

	return know_config(&r, &copy) ? copy.config_hash : NULL;
}

static int resolve_one(struct resolver *r, struct expand_group *g, struct error *err)
{
	int x;

	if (!know_config(r, g))
		return 0;
	x = find_image(r, g, err);
	if (x < 0)
		return x;
	route(r, g);
	if (g->route.kind == ROUTE_RUNTIME)
		(void)need_image(r, g); /* the route says what is missing */
	return 0;
}

static int open_images(struct resolver *r, struct error *err)
{
	const char *path;

	/* The model has no image store. */
	if (r->s->is_model)
		return 0;
	path = layout_images(&r->s->opt.layout, r->a);
	return image_dir_open(path, IMAGE_DIR_READ, &r->images, err);
}

int resolve_groups(const struct resolve_input *in, struct expand_groups *groups, struct arena *a,
		   struct error *err)
{
	struct resolver r = { .in = in, .s = in->session, .a = a };
	int x = open_images(&r, err);

	for (size_t i = 0; x == 0 && i < groups->n; i++) {
		x = resolve_one(&r, &groups->items[i], err);
		if (x < 0)
			x = error_wrap(err, x, "service %s", groups->items[i].service->name);
	}
	image_dir_close(r.images);
	return x;
}

struct env_reader {
	const struct resolve_env *env;
	struct arena *a;
	struct json_object *values;
	/* What is not set: the first place of all, and each name once. */
	const char *service, *key, *name;
	struct json_object *missing;
};

static const char *look_up(const struct env_reader *e, const char *name)
{
	const char *value = NULL;
	struct error unused = ERROR_INIT;

	if (!e->env->given)
		return e->env->get ? e->env->get(name) : NULL;
	return json_get_str(e->env->given, name, &value, &unused) == 0 ? value : NULL;
}

static void read_variable(struct env_reader *e, const struct service *service, const struct pair *p)
{
	const char *value;
	struct reference ref;

	if (reference_parse(p->value, e->a, &ref) != 0 || ref.kind != REFERENCE_ENV)
		return;
	value = look_up(e, ref.name);
	if (value) {
		json_put_str(e->values, ref.name, value);
		return;
	}
	if (!e->name) {
		e->service = service->name;
		e->key = p->key;
		e->name = ref.name;
	}
	json_put_bool(e->missing, ref.name, true);
}

static void read_pairs(struct env_reader *e, const struct service *service, const struct pairs *env)
{
	for (size_t i = 0; i < env->n; i++)
		read_variable(e, service, &env->items[i]);
}

/* The first one with its place; of the others the names, as far as a line goes. */
static int tell_missing(const struct env_reader *e, struct error *err)
{
	enum { MAX_NAMES = 128 };
	struct buf others CLEAN(buf) = BUF_INIT(MAX_NAMES);
	int r;

	json_object_object_foreach (e->missing, name, unused) {
		(void)unused;
		if (strcmp(name, e->name) != 0)
			buf_printf(&others, "%s%s", others.n ? ", " : "; also not set: ", name);
	}
	r = error_set(err, ERR_INVALID, 0,
		      "service %s: env %s: the environment variable %s is not set%s%s", e->service,
		      e->key, e->name, others.data, others.overflow ? " and others" : "");
	error_hint(err, "set it: %s=... tallyman ..., or write the value into the file", e->name);
	return r;
}

int resolve_read_env(const struct resolve_env *env, const struct deployment *d, struct arena *a,
		     struct json_object **ret, struct error *err)
{
	struct json_object *values CLEAN(json) = json_object_new_object();
	struct json_object *missing CLEAN(json) = json_object_new_object();
	struct env_reader e = { .env = env, .a = a, .values = values, .missing = missing };

	for (size_t i = 0; i < d->services.n; i++) {
		const struct service *service = &d->services.items[i];

		read_pairs(&e, service, &service->env);
		for (size_t k = 0; k < service->replica_groups.n; k++)
			read_pairs(&e, service, &service->replica_groups.items[k].env);
	}
	if (e.name)
		return tell_missing(&e, err);
	*ret = TAKE(values);
	return 0;
}
