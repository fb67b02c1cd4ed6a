/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations as a table. They are called through ops and not through the wrappers of
 * runtime.h: the client's end goes through those, and one name in an error is enough.
 * What the wrappers check is checked here, because it comes from outside.
 */
#include "backends/shim_call.h"

#include <string.h>

#include "backends/shim_values.h"
#include "base/crash.h"
#include "base/limits.h"

enum { LIST_CHUNK = LIMIT_FRAME_BYTES / 4, MAX_SIGNAL = 64 };

struct call {
	struct runtime *rt;
	struct shim_conn *conn;
	uint64_t id;
	struct json_object *args;
	const char *instance; /* NULL for an operation on none */
	struct mono deadline;
	struct arena *a;
	struct json_object *value; /* of the result; NULL: none */
};

/* Where a call says which instance it is about. */
enum instance_place { NOWHERE, IN_ID, IN_SPEC };

struct shim_call_op {
	const char *name;
	enum instance_place place;
	int (*run)(struct call *c, struct error *err);
};

void shim_call_answer(struct shim_conn *conn, uint64_t id, int r, const struct error *e,
		      struct json_object *value)
{
	struct json_object *body = json_object_new_object();

	json_put_i64(body, "r", r);
	if (r < 0)
		json_put_obj(body, "error", shim_values_error(e));
	if (value)
		json_put_obj(body, "value", value);
	shim_conn_send(conn, id, SHIM_FRAME_RESULT, body, true);
}

static int run_probe(struct call *c, struct error *err)
{
	struct runtime_info info = { 0 };
	int r = c->rt->ops->probe(c->rt, c->a, &info, err);

	if (r >= 0)
		c->value = shim_values_info(&info);
	return r;
}

static int run_stage(struct call *c, struct error *err)
{
	const char *digest = NULL;
	int r = json_need_str(c->args, "digest", &digest, err);

	return r < 0 ? r : c->rt->ops->stage(c->rt, digest, c->deadline, err);
}

/* A list that may be longer than a frame: parts of it go out as they fill. */
struct parts {
	struct call *c;
	const char *name; /* member of the value: "instances" */
	struct json_object *list;
	size_t size;
};

static void send_part(const struct parts *p)
{
	struct json_object *body = json_object_new_object();
	struct json_object *value = json_object_new_object();

	json_put_obj(value, p->name, p->list);
	json_put_i64(body, "r", 0);
	json_put_bool(body, "more", true);
	json_put_obj(body, "value", value);
	shim_conn_send(p->c->conn, p->c->id, SHIM_FRAME_RESULT, body, true);
}

static void add_to_parts(struct parts *p, struct json_object *take)
{
	size_t n;

	(void)json_object_to_json_string_length(take, JSON_C_TO_STRING_PLAIN, &n);
	if (p->size + n > LIST_CHUNK && p->size) {
		send_part(p);
		p->list = json_object_new_array();
		p->size = 0;
	}
	json_object_array_add(p->list, take);
	p->size += n;
}

/* The last part is the value of the result. */
static void end_parts(const struct parts *p)
{
	p->c->value = json_object_new_object();
	json_put_obj(p->c->value, p->name, p->list);
}

static int run_list(struct call *c, struct error *err)
{
	struct parts p = { .c = c, .name = "instances" };
	struct observed seen = { 0 };
	int r = c->rt->ops->list(c->rt, c->a, &seen, err);

	if (r < 0)
		return r;
	p.list = json_object_new_array();
	for (size_t i = 0; i < seen.n; i++)
		add_to_parts(&p, shim_values_instance(&seen.instances[i]));
	end_parts(&p);
	json_put_bool(c->value, "partial", seen.partial);
	json_put_str(c->value, "missing", seen.missing);
	return r;
}

static int run_inspect(struct call *c, struct error *err)
{
	struct instance i = { 0 };
	int r = c->rt->ops->inspect(c->rt, c->instance, c->a, &i, err);

	if (r == 0)
		c->value = shim_values_instance(&i);
	return r;
}

static int get_spec(struct call *c, struct instance_spec *ret, struct error *err)
{
	struct json_object *o = NULL;
	int r = json_get_obj(c->args, "spec", &o, err);

	if (r == JSON_ABSENT)
		return error_set(err, ERR_INVALID, 0, "\"spec\" is missing");
	r = r < 0 ? r : instance_spec_from_json(o, c->a, ret, err);
	if (r == 0 && (!ret->service || !ret->digest || !ret->deployment || !ret->service_name))
		r = error_set(err, ERR_INVALID, 0, "\"spec\" is not whole");
	return r < 0 ? r : runtime_check_spec(ret, err);
}

static int run_create(struct call *c, struct error *err)
{
	struct instance_spec spec = { 0 };
	struct instance made = { 0 };
	int r = get_spec(c, &spec, err);

	if (r == 0)
		r = c->rt->ops->create(c->rt, &spec, c->deadline, c->a, &made, err);
	if (r >= 0)
		c->value = shim_values_instance(&made);
	return r;
}

static int run_start(struct call *c, struct error *err)
{
	return c->rt->ops->start(c->rt, c->instance, c->deadline, err);
}

static int run_signal(struct call *c, struct error *err)
{
	int64_t sig = 0;
	int r = json_need_i64(c->args, "signal", &sig, err);

	if (r == 0 && (sig < 1 || sig > MAX_SIGNAL))
		r = error_set(err, ERR_INVALID, 0, "no signal %jd", (intmax_t)sig);
	return r < 0 ? r : c->rt->ops->signal(c->rt, c->instance, (int)sig, err);
}

static int run_remove(struct call *c, struct error *err)
{
	return c->rt->ops->remove(c->rt, c->instance, c->deadline, err);
}

static int run_update(struct call *c, struct error *err)
{
	struct instance_spec spec = { 0 };
	int r = get_spec(c, &spec, err);

	return r < 0 ? r : c->rt->ops->update(c->rt, &spec, err);
}

static int run_stats(struct call *c, struct error *err)
{
	struct runtime_stats s = { 0 };
	int r = c->rt->ops->stats(c->rt, c->instance, &s, err);

	if (r == 0)
		c->value = shim_values_stats(&s);
	return r;
}

/* --- leftovers ----------------------------------------------------------------------- */

static int run_leftovers(struct call *c, struct error *err)
{
	struct parts p = { .c = c, .name = "leftovers" };
	const struct leftovers_ops *left;
	struct leftovers all = { 0 };
	int r = leftovers_ops_of(c->rt, &left, err);

	r = r < 0 ? r : left->list(c->rt, c->a, &all, err);
	if (r < 0)
		return r;
	p.list = json_object_new_array();
	for (size_t i = 0; i < all.n; i++)
		add_to_parts(&p, shim_values_leftover(&all.items[i]));
	end_parts(&p);
	return r;
}

static int run_leftover(struct call *c, struct error *err)
{
	const struct leftovers_ops *left;
	struct leftover l = { 0 };
	int r = leftovers_ops_of(c->rt, &left, err);

	r = r < 0 ? r : left->look(c->rt, c->instance, c->a, &l, err);
	if (r == 0)
		c->value = shim_values_leftover(&l);
	return r;
}

static int run_release(struct call *c, struct error *err)
{
	const struct leftovers_ops *left;
	int r = leftovers_ops_of(c->rt, &left, err);

	return r < 0 ? r : left->release(c->rt, c->instance, c->deadline, err);
}

static int run_keep(struct call *c, struct error *err)
{
	const struct leftovers_ops *left;
	int r = leftovers_ops_of(c->rt, &left, err);

	return r < 0 ? r : left->keep(c->rt, c->instance, c->deadline, err);
}

static int run_drop(struct call *c, struct error *err)
{
	const struct leftovers_ops *left;
	int r = leftovers_ops_of(c->rt, &left, err);

	return r < 0 ? r : left->drop(c->rt, c->instance, err);
}

static const struct shim_call_op ops[] = {
	{ .name = "probe", .place = NOWHERE, .run = run_probe },
	{ .name = "stage", .place = NOWHERE, .run = run_stage },
	{ .name = "list", .place = NOWHERE, .run = run_list },
	{ .name = "inspect", .place = IN_ID, .run = run_inspect },
	{ .name = "create", .place = IN_SPEC, .run = run_create },
	{ .name = "start", .place = IN_ID, .run = run_start },
	{ .name = "signal", .place = IN_ID, .run = run_signal },
	{ .name = "remove", .place = IN_ID, .run = run_remove },
	{ .name = "update", .place = IN_SPEC, .run = run_update },
	{ .name = "stats", .place = IN_ID, .run = run_stats },
	{ .name = "leftovers", .place = NOWHERE, .run = run_leftovers },
	{ .name = "leftover", .place = IN_ID, .run = run_leftover },
	{ .name = "release", .place = IN_ID, .run = run_release },
	{ .name = "keep", .place = IN_ID, .run = run_keep },
	{ .name = "drop", .place = IN_ID, .run = run_drop },
};

const struct shim_call_op *shim_call_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

int shim_call_instance(const struct shim_call_op *op, struct json_object *args, const char **ret,
		       struct error *err)
{
	struct json_object *from = args;
	const char *id = NULL;
	int r = 0;

	if (op->place == NOWHERE) {
		*ret = NULL;
		return 0;
	}
	if (op->place == IN_SPEC)
		r = json_get_obj(args, "spec", &from, err);
	if (r == JSON_ABSENT)
		return error_set(err, ERR_INVALID, 0, "\"spec\" is missing");
	if (r == 0)
		r = json_need_str(from, "id", &id, err);
	if (r < 0)
		return r;
	r = runtime_check_id(id, err);
	if (r == 0)
		*ret = id;
	return r;
}

void shim_call_run(const struct shim_call_op *op, struct runtime *rt, struct shim_conn *conn,
		   uint64_t id, struct json_object *args, struct mono deadline)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct error err = ERROR_INIT;
	struct call c = {
		.rt = rt, .conn = conn, .id = id, .args = args, .deadline = deadline, .a = a
	};
	int r = shim_call_instance(op, args, &c.instance, &err);

	crash_point("call", op->name);
	if (r == 0)
		r = op->run(&c, &err);
	crash_point("answer", op->name);
	shim_call_answer(conn, id, r, &err, c.value);
}
