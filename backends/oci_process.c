/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Args, environment, directory, user, capabilities and limits of the first process.
 * Image and service are merged here by upstream's rules; nothing is looked up.
 */
#include "backends/oci_process.h"

#include <string.h>

#include "backends/oci_caps.h"

static void add_words(struct json_object *list, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(v[i]));
}

/*
 * entrypoint and args: both; one alone is all there is (args alone replace the image's entrypoint
 * too); none: the image's; an image without: a shell.
 */
static struct json_object *build_args(const struct oci_bundle *b)
{
	const struct command_spec *c = &b->spec->service->command;
	const struct image_config *image = b->image;
	struct json_object *args = json_object_new_array();

	if (c->entrypoint.n || c->args.n) {
		add_words(args, c->entrypoint.items, c->entrypoint.n);
		add_words(args, c->args.items, c->args.n);
	} else if (image->entrypoint.n || image->cmd.n) {
		add_words(args, image->entrypoint.v, image->entrypoint.n);
		add_words(args, image->cmd.v, image->cmd.n);
	} else {
		json_object_array_add(args, json_object_new_string("/bin/sh"));
	}
	return args;
}

/* Index of the variable that @pair ("K=V" or "K") sets; -1: not there. */
static int find_env(struct json_object *list, const char *pair)
{
	size_t n = strcspn(pair, "=");

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *have = json_object_get_string(json_object_array_get_idx(list, i));

		if (strncmp(have, pair, n) == 0 && (have[n] == '=' || !have[n]))
			return (int)i;
	}
	return -1;
}

void oci_process_put_env(struct json_object *list, const char *pair)
{
	int i = find_env(list, pair);

	if (i < 0)
		json_object_array_add(list, json_object_new_string(pair));
	else
		json_object_array_put_idx(list, (size_t)i, json_object_new_string(pair));
}

static void put_default(struct json_object *list, const char *pair)
{
	if (find_env(list, pair) < 0)
		json_object_array_add(list, json_object_new_string(pair));
}

static struct json_object *build_env(const struct oci_bundle *b, struct arena *a)
{
	struct json_object *list = json_object_new_array();
	const struct instance_spec *spec = b->spec;

	for (size_t i = 0; i < b->image->env.n; i++)
		oci_process_put_env(list, b->image->env.v[i]);
	put_default(list, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	put_default(list, "TERM=xterm");
	for (size_t i = 0; i < spec->n_env; i++)
		oci_process_put_env(
			list, arena_printf(a, "%s=%s", spec->env[i].name, spec->env[i].value));
	return list;
}

static struct json_object *build_user(const struct oci_user *u)
{
	struct json_object *o = json_object_new_object();

	json_put_i64(o, "uid", u->uid);
	json_put_i64(o, "gid", u->gid);
	if (u->n_groups) {
		struct json_object *groups = json_object_new_array();

		for (size_t i = 0; i < u->n_groups; i++)
			json_object_array_add(groups, json_object_new_int64(u->groups[i]));
		json_put_obj(o, "additionalGids", groups);
	}
	return o;
}

static struct json_object *build_capabilities(uint64_t set)
{
	struct json_object *o = json_object_new_object();

	json_put_obj(o, "bounding", oci_caps_names(set));
	json_put_obj(o, "effective", oci_caps_names(set));
	json_put_obj(o, "permitted", oci_caps_names(set));
	return o;
}

static const struct oci_rlimit *find_rlimit(const struct oci_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_rlimits; i++)
		if (strcmp(f->rlimits[i].name, name) == 0)
			return &f->rlimits[i];
	return NULL;
}

static uint64_t limit_value(int64_t v)
{
	return v < 0 ? UINT64_MAX : (uint64_t)v;
}

static int add_rlimit(const struct ulimit *u, const struct oci_facts *f, struct json_object *list,
		      struct error *err)
{
	const struct oci_rlimit *known = find_rlimit(f, u->name);
	struct json_object *o;
	/* One of the two left out (0) is the other one. */
	uint64_t hard = limit_value(u->hard ? u->hard : u->soft);
	uint64_t soft = limit_value(u->soft ? u->soft : u->hard);

	if (!known)
		return error_set(err, ERR_INVALID, 0, "ulimits: nothing is called %s", u->name);
	if (soft > hard)
		return error_set(err, ERR_INVALID, 0, "ulimits.%s: soft is above hard", u->name);
	if (hard > known->hard && !oci_caps_has(f->capabilities, OCI_CAP_SYS_RESOURCE))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "ulimits.%s: hard %lld is above this host's limit of %llu, which "
				 "may not be raised",
				 u->name, (long long)u->hard, (unsigned long long)known->hard);
	o = json_object_new_object();
	json_put_str(o, "type", known->oci);
	json_put_obj(o, "hard", json_object_new_uint64(hard));
	json_put_obj(o, "soft", json_object_new_uint64(soft));
	json_object_array_add(list, o);
	return 0;
}

static int put_rlimits(const struct oci_bundle *b, struct json_object *process, struct error *err)
{
	const struct service *s = b->spec->service;
	struct json_object *list CLEAN(json) = json_object_new_array();

	for (size_t i = 0; i < s->ulimits.n; i++) {
		int r = add_rlimit(&s->ulimits.items[i], b->facts, list, err);

		if (r < 0)
			return r;
	}
	if (s->ulimits.n)
		json_put_obj(process, "rlimits", TAKE(list));
	return 0;
}

static int put_oom_score(const struct oci_bundle *b, struct json_object *process, struct error *err)
{
	const struct opt_int *adj = &b->spec->service->resources.oom_score_adj;

	if (!adj->has)
		return 0;
	if (adj->value < b->facts->oom_score_adj &&
	    !oci_caps_has(b->facts->capabilities, OCI_CAP_SYS_RESOURCE))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "resources.oom_score_adj: %lld is below this host's %lld, which "
				 "may not be lowered",
				 (long long)adj->value, (long long)b->facts->oom_score_adj);
	json_put_i64(process, "oomScoreAdj", adj->value);
	return 0;
}

const char *oci_process_workdir(const struct oci_bundle *b)
{
	const char *given = b->spec->service->command.workdir;
	const char *cwd = given ? given : b->image->workdir;

	return cwd && *cwd ? cwd : "/";
}

bool oci_process_no_new_privileges(const struct service *s)
{
	for (size_t i = 0; i < s->security_opt.n; i++) {
		const char *opt = s->security_opt.items[i];

		if (strcmp(opt, "no-new-privileges") == 0 ||
		    strcmp(opt, "no-new-privileges:true") == 0 ||
		    strcmp(opt, "no-new-privileges=true") == 0)
			return true;
	}
	return false;
}

int oci_process_build(const struct oci_bundle *b, uint64_t capabilities, struct arena *a,
		      struct json_object **ret, struct error *err)
{
	const struct service *s = b->spec->service;
	struct json_object *o CLEAN(json) = json_object_new_object();
	const char *cwd = oci_process_workdir(b);
	int r;

	if (*cwd != '/')
		return error_set(err, ERR_INVALID, 0, "command.workdir: %s is not absolute", cwd);
	json_put_bool(o, "terminal", false);
	json_put_obj(o, "user", build_user(b->user));
	json_put_obj(o, "args", build_args(b));
	json_put_obj(o, "env", build_env(b, a));
	json_put_str(o, "cwd", cwd);
	json_put_obj(o, "capabilities", build_capabilities(capabilities));
	/* Left out when false: youki 0.7.0 takes a written false for a word to load the filter when
	 * it may not any more. */
	if (oci_process_no_new_privileges(s))
		json_put_bool(o, "noNewPrivileges", true);
	r = put_rlimits(b, o, err);
	if (r == 0)
		r = put_oom_score(b, o, err);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}
