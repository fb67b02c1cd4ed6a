/* SPDX-License-Identifier: Apache-2.0 */
/* The wrappers around the table: check arguments, name the runtime and the instance in errors. */
#include "backends/runtime.h"

#include <assert.h>

static int named(struct runtime *rt, int r, const char *what, const char *id, struct error *err)
{
	if (r >= 0)
		return r;
	return id ? error_wrap(err, r, "%s: %s %s", rt->name, what, id)
		  : error_wrap(err, r, "%s: %s", rt->name, what);
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
	assert(id);
	return named(rt, rt->ops->inspect(rt, id, a, ret, err), "inspect", id, err);
}

int runtime_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		   struct arena *a, struct instance *ret, struct error *err)
{
	assert(spec && spec->id && spec->service && spec->digest);
	return named(rt, rt->ops->create(rt, spec, deadline, a, ret, err), "create", spec->id, err);
}

int runtime_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	assert(id);
	return named(rt, rt->ops->start(rt, id, deadline, err), "start", id, err);
}

int runtime_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	assert(id && sig > 0);
	return named(rt, rt->ops->signal(rt, id, sig, err), "signal", id, err);
}

int runtime_remove(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	assert(id);
	return named(rt, rt->ops->remove(rt, id, deadline, err), "remove", id, err);
}

int runtime_run_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		     struct error *err)
{
	assert(x->id && x->argv && x->argv[0]);
	return named(rt, rt->ops->exec(rt, x, ret_code, err), "exec in", x->id, err);
}

int runtime_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	assert(spec && spec->id);
	return named(rt, rt->ops->update(rt, spec, err), "update", spec->id, err);
}

int runtime_read_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
		       struct error *err)
{
	assert(id);
	return named(rt, rt->ops->stats(rt, id, ret, err), "read usage of", id, err);
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
