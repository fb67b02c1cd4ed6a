/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime table as calls over a link. Knows names of operations, nothing of what they do. */
#include "backends/runtime_remote.h"

#include <string.h>
#include <unistd.h>

#include "backends/remote_exec.h"
#include "backends/remote_link.h"
#include "backends/remote_start.h"
#include "backends/shim_values.h"

struct remote {
	struct runtime rt;
	struct remote_link *link;
	char *name;
};

/* Operations without a deadline of their own are questions: quick, unless the machine is not. */
#define QUESTION_US (30 * CLOCK_SEC)
/* A probe gives each of three programs ten seconds before it is taken for one that hangs. */
#define PROBE_US (60 * CLOCK_SEC)

static struct remote *of(struct runtime *rt)
{
	return (struct remote *)rt;
}

static struct json_object *new_call(const char *op, const char *id)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "op", op);
	if (id)
		json_put_str(o, "id", id);
	return o;
}

/* One question and its whole answer. @take: the body. The call's values are still to be read. */
static int ask(struct runtime *rt, struct remote_call *c, struct json_object *take,
	       struct mono deadline, struct error *err)
{
	struct mono now = clock_mono();
	int r;

	if (!deadline.us)
		deadline = mono_add(now, QUESTION_US);
	json_put_i64(take, "deadline_ms", (deadline.us - now.us) / CLOCK_MS + 1);
	r = remote_link_begin(of(rt)->link, c, take, deadline, err);
	if (r < 0)
		return r;
	r = remote_link_wait(of(rt)->link, c, deadline, err);
	if (r < 0)
		remote_link_end(of(rt)->link, c);
	return r;
}

/* What changes nothing may be asked again: a shim that died is no answer, the next one has it. */
static int ask_twice(struct runtime *rt, struct remote_call *c, struct json_object *take,
		     struct mono deadline, struct error *err)
{
	struct json_object *again CLEAN(json) = json_object_get(take);
	int r = ask(rt, c, take, deadline, err);

	return r == -ERR_UNAVAILABLE ? ask(rt, c, TAKE(again), deadline, err) : r;
}

static int ask_only(struct runtime *rt, struct json_object *take, struct mono deadline,
		    struct error *err)
{
	struct remote_call c = { 0 };
	int r = ask(rt, &c, take, deadline, err);

	if (r >= 0)
		remote_link_end(of(rt)->link, &c);
	return r;
}

static struct json_object *only_value(const struct remote_call *c)
{
	size_t n = json_object_array_length(c->values);

	return n ? json_object_array_get_idx(c->values, n - 1) : NULL;
}

static int remote_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			struct error *err)
{
	struct remote_call c = { 0 };
	struct mono deadline = mono_add(clock_mono(), PROBE_US);
	int r = ask_twice(rt, &c, new_call("probe", NULL), deadline, err);

	if (r < 0)
		return r;
	r = shim_values_to_info(only_value(&c), a, ret, err);
	remote_link_end(of(rt)->link, &c);
	return r;
}

static int remote_stage(struct runtime *rt, const char *digest, struct mono deadline,
			struct error *err)
{
	struct json_object *body = new_call("stage", NULL);

	json_put_str(body, "digest", digest);
	return ask_only(rt, body, deadline, err);
}

static int add_part(struct json_object *part, struct arena *a, struct observed *o,
		    struct error *err)
{
	struct json_object *list = NULL;
	const char *missing = NULL;
	int r = json_get_array(part, "instances", &list, err);

	if (r)
		return r < 0 ? r : error_set(err, ERR_INVALID, 0, "a list without instances");
	for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
		o->instances = arena_grow(a, o->instances, o->n, sizeof(*o->instances));
		r = shim_values_to_instance(json_object_array_get_idx(list, i), a,
					    &o->instances[o->n], err);
		o->n++;
	}
	/* A view that is partial there is partial here: what is missing proves nothing. */
	if (r == 0)
		r = json_get_bool(part, "partial", &o->partial, err);
	if (r >= 0)
		r = json_get_str(part, "missing", &missing, err);
	if (missing)
		o->missing = arena_strdup(a, missing);
	return r < 0 ? r : 0;
}

static int remote_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct remote_call c = { 0 };
	struct observed o = { 0 };
	int r = ask_twice(rt, &c, new_call("list", NULL), (struct mono){ 0 }, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < json_object_array_length(c.values); i++)
		r = add_part(json_object_array_get_idx(c.values, i), a, &o, err);
	remote_link_end(of(rt)->link, &c);
	if (r < 0)
		return r;
	observed_sort(&o);
	*ret = o;
	return 0;
}

static int remote_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
			  struct error *err)
{
	struct remote_call c = { 0 };
	int r = ask_twice(rt, &c, new_call("inspect", id), (struct mono){ 0 }, err);
	int read = 0;

	if (r < 0)
		return r;
	if (r == 0)
		read = shim_values_to_instance(only_value(&c), a, ret, err);
	remote_link_end(of(rt)->link, &c);
	return read < 0 ? read : r;
}

static struct json_object *spec_call(const char *op, const struct instance_spec *spec)
{
	struct json_object *body = new_call(op, NULL);

	json_put_obj(body, "spec", instance_spec_to_json(spec));
	return body;
}

static int remote_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
			 struct arena *a, struct instance *ret, struct error *err)
{
	struct remote_call c = { 0 };
	int r = ask(rt, &c, spec_call("create", spec), deadline, err);
	int read;

	if (r < 0)
		return r;
	read = shim_values_to_instance(only_value(&c), a, ret, err);
	remote_link_end(of(rt)->link, &c);
	return read < 0 ? read : r;
}

static int remote_begin(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	return ask_only(rt, new_call("start", id), deadline, err);
}

static int remote_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct json_object *body = new_call("signal", id);

	json_put_i64(body, "signal", sig);
	return ask_only(rt, body, (struct mono){ 0 }, err);
}

static int remote_remove(struct runtime *rt, const char *id, struct mono deadline,
			 struct error *err)
{
	return ask_only(rt, new_call("remove", id), deadline, err);
}

static int remote_run_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
			   struct error *err)
{
	return remote_exec(of(rt)->link, x, ret_code, err);
}

static int remote_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	return ask_only(rt, spec_call("update", spec), (struct mono){ 0 }, err);
}

static int remote_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
			struct error *err)
{
	struct remote_call c = { 0 };
	int r = ask_twice(rt, &c, new_call("stats", id), (struct mono){ 0 }, err);
	int read = 0;

	if (r < 0)
		return r;
	if (r == 0)
		read = shim_values_to_stats(only_value(&c), ret, err);
	remote_link_end(of(rt)->link, &c);
	return read < 0 ? read : r;
}

/* --- leftovers ----------------------------------------------------------------------- */

static int add_things(struct json_object *part, struct arena *a, struct leftovers *all,
		      struct error *err)
{
	struct json_object *list = NULL;
	int r = json_get_array(part, "leftovers", &list, err);

	if (r)
		return r < 0 ? r : error_set(err, ERR_INVALID, 0, "a list without leftovers");
	for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
		all->items = arena_grow(a, all->items, all->n, sizeof(*all->items));
		r = shim_values_to_leftover(json_object_array_get_idx(list, i), a,
					    &all->items[all->n], err);
		all->n++;
	}
	return r;
}

static int remote_leftovers(struct runtime *rt, struct arena *a, struct leftovers *ret,
			    struct error *err)
{
	struct remote_call c = { 0 };
	struct leftovers all = { 0 };
	int r = ask_twice(rt, &c, new_call("leftovers", NULL), (struct mono){ 0 }, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < json_object_array_length(c.values); i++)
		r = add_things(json_object_array_get_idx(c.values, i), a, &all, err);
	remote_link_end(of(rt)->link, &c);
	if (r == 0)
		*ret = all;
	return r;
}

static int remote_leftover(struct runtime *rt, const char *id, struct arena *a,
			   struct leftover *ret, struct error *err)
{
	struct remote_call c = { 0 };
	int r = ask_twice(rt, &c, new_call("leftover", id), (struct mono){ 0 }, err);
	int read = 0;

	if (r < 0)
		return r;
	if (r == 0)
		read = shim_values_to_leftover(only_value(&c), a, ret, err);
	remote_link_end(of(rt)->link, &c);
	return read < 0 ? read : r;
}

static int remote_release(struct runtime *rt, const char *id, struct mono deadline,
			  struct error *err)
{
	return ask_only(rt, new_call("release", id), deadline, err);
}

static int remote_keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	return ask_only(rt, new_call("keep", id), deadline, err);
}

static int remote_drop(struct runtime *rt, const char *id, struct error *err)
{
	return ask_only(rt, new_call("drop", id), (struct mono){ 0 }, err);
}

static const struct leftovers_ops remote_leftovers_ops = {
	.list = remote_leftovers,
	.look = remote_leftover,
	.release = remote_release,
	.keep = remote_keep,
	.drop = remote_drop,
};

static void remote_close(struct runtime *rt)
{
	struct remote *r = of(rt);

	remote_link_free(r->link);
	free(r->name);
	free(r);
}

static const struct runtime_ops remote_ops = {
	.name = "remote",
	.probe = remote_probe,
	.stage = remote_stage,
	.list = remote_list,
	.inspect = remote_inspect,
	.create = remote_create,
	.start = remote_begin,
	.signal = remote_signal,
	.remove = remote_remove,
	.exec = remote_run_exec,
	.update = remote_update,
	.stats = remote_stats,
	.close = remote_close,
};

/* What runtimes that live in shims can do; asked before any shim runs. */
static unsigned caps_of(const char *name)
{
	static const struct {
		const char *name;
		unsigned systems;
	} hosted[] = {
		{ "youki", RUNTIME_CAP_LINUX },
		{ "hcs", RUNTIME_CAP_WINDOWS | RUNTIME_CAP_ADDRESS },
		{ "memory", RUNTIME_CAP_LINUX | RUNTIME_CAP_WINDOWS | RUNTIME_CAP_MODEL },
	};
	unsigned caps = RUNTIME_CAP_UPDATE | RUNTIME_CAP_EXEC | RUNTIME_CAP_STATS;

	for (size_t i = 0; i < sizeof(hosted) / sizeof(hosted[0]); i++)
		if (strcmp(hosted[i].name, name) == 0)
			caps |= hosted[i].systems;
	return caps;
}

int runtime_remote_open(const struct runtime_remote_options *o, const struct runtime_sink *sink,
			struct runtime **ret, struct error *err)
{
	struct remote *r = xcalloc(1, sizeof(*r));

	(void)err; /* nothing is opened before the first call */
	r->name = xstrdup(o->runtime_name);
	r->rt = (struct runtime){ .ops = &remote_ops,
				  .name = r->name,
				  .caps = caps_of(r->name),
				  .leftovers = &remote_leftovers_ops };
	r->link = remote_link_new(o, sink);
	*ret = &r->rt;
	return 0;
}

void runtime_remote_hang_up(struct runtime *rt)
{
	remote_link_hang_up(of(rt)->link);
}

bool runtime_remote_is_running(const struct layout *l, const char *runtime_name)
{
	struct arena *a CLEAN(arena) = arena_new();
	int fd CLEAN(fd) = -1;

	return remote_start_dial(layout_shim_socket(l, a, runtime_name), &fd, NULL) == 0;
}
