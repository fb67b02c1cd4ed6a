/* SPDX-License-Identifier: Apache-2.0 */
/* The wrappers around the table: check arguments, name the runtime and the instance in errors. */
#include "backends/runtime.h"

#include <assert.h>
#include <string.h>

#include "base/crash.h"
#include "specs/runtime_id.h"

/* The call has come back. */
static int named(struct runtime *rt, int r, const char *what, const char *id, struct error *err)
{
	crash_point(what, id);
	if (r >= 0)
		return r;
	return id ? error_wrap(err, r, "%s: %s %s", rt->name, what, id)
		  : error_wrap(err, r, "%s: %s", rt->name, what);
}

/* It becomes part of paths and command lines. */
int runtime_check_id(const char *id, struct error *err)
{
	struct runtime_id parts;

	if (runtime_id_parse(id, &parts))
		return 0;
	return error_set(err, ERR_INVALID, 0, "'%.80s' is no runtime id", id);
}

int runtime_check_spec(const struct instance_spec *spec, struct error *err)
{
	struct runtime_id parts = { .slot = 0 };
	int r = runtime_check_id(spec->id, err);

	if (r < 0)
		return r;
	if (spec->layer && runtime_check_id(spec->layer, err) < 0)
		return -ERR_INVALID;
	(void)runtime_id_parse(spec->id, &parts); /* it just was one */
	if (strcmp(parts.deployment, spec->deployment) == 0 &&
	    strcmp(parts.service, spec->service_name) == 0 && parts.slot == spec->slot &&
	    parts.generation == spec->generation)
		return 0;
	return error_set(err, ERR_INVALID, 0,
			 "'%s' does not fit slot %s/%s-rep-%u, generation %llu", spec->id,
			 spec->deployment, spec->service_name, spec->slot,
			 (unsigned long long)spec->generation);
}

int runtime_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret, struct error *err)
{
	return named(rt, rt->ops->probe(rt, a, ret, err), "probe", NULL, err);
}

int runtime_stage(struct runtime *rt, const char *digest, struct mono deadline, struct error *err)
{
	assert(digest);
	return named(rt, rt->ops->stage(rt, digest, deadline, err), "stage", digest, err);
}

int runtime_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	return named(rt, rt->ops->list(rt, a, ret, err), "list", NULL, err);
}

int runtime_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		    struct error *err)
{
	int r = runtime_check_id(id, err);

	return named(rt, r < 0 ? r : rt->ops->inspect(rt, id, a, ret, err), "inspect", id, err);
}

int runtime_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		   struct arena *a, struct instance *ret, struct error *err)
{
	int r = runtime_check_spec(spec, err);

	assert(spec->service && spec->digest);
	r = r < 0 ? r : rt->ops->create(rt, spec, deadline, a, ret, err);
	return named(rt, r, "create", spec->id, err);
}

int runtime_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	int r = runtime_check_id(id, err);

	return named(rt, r < 0 ? r : rt->ops->start(rt, id, deadline, err), "start", id, err);
}

int runtime_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	int r = runtime_check_id(id, err);

	assert(sig > 0);
	return named(rt, r < 0 ? r : rt->ops->signal(rt, id, sig, err), "signal", id, err);
}

int runtime_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	int r = runtime_check_id(id, err);

	return named(rt, r < 0 ? r : rt->ops->remove(rt, id, deadline, err), "remove", id, err);
}

int runtime_run_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		     struct error *err)
{
	int r = runtime_check_id(x->id, err);

	assert(x->argv && x->argv[0]);
	return named(rt, r < 0 ? r : rt->ops->exec(rt, x, ret_code, err), "exec in", x->id, err);
}

int runtime_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	int r = runtime_check_spec(spec, err);

	return named(rt, r < 0 ? r : rt->ops->update(rt, spec, err), "update", spec->id, err);
}

int runtime_read_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		       struct error *err)
{
	int r = runtime_check_id(id, err);

	return named(rt, r < 0 ? r : rt->ops->stats(rt, id, ret, err), "read usage of", id, err);
}

void runtime_close(struct runtime *rt)
{
	if (rt)
		rt->ops->close(rt);
}

int runtime_unsupported(struct runtime *rt, const char *what, struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, 0, "%s cannot %s", rt->name, what);
}
