/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of instances and how they change. The sink is told after the world is left, so that
 * a receiver may call the runtime.
 */
#include "backends/memory_change.h"

#include "specs/runtime_id.h"

bool memory_change_lives(enum instance_state s)
{
	return s == INSTANCE_CREATED || s == INSTANCE_RUNNING || s == INSTANCE_PAUSED;
}

struct wall memory_change_now(struct runtime_memory *m)
{
	return m->now ? m->now(m->now_arg) : clock_wall();
}

int memory_change_begin(struct runtime *rt, const char *id, struct memory_change *ret,
			struct error *err)
{
	struct json_object *doc;
	const char *state = "";
	int r;

	*ret = (struct memory_change){ .m = memory_change_world_of(rt), .id = id };
	r = memory_world_enter(ret->m->world, err);
	if (r < 0)
		return r;
	doc = memory_world_find(ret->m->world, id);
	if (!doc)
		return 0;
	json_object_deep_copy(doc, &ret->doc, NULL);
	if (json_need_str(ret->doc, "state", &state, NULL) < 0 ||
	    !instance_state_from_string(state, &ret->state))
		ret->state = INSTANCE_UNKNOWN;
	return 0;
}

void memory_change_set_state(struct memory_change *c, enum instance_state state)
{
	c->state = state;
	json_put_str(c->doc, "state", instance_state_to_string(state));
	if (!memory_change_lives(state))
		json_put_i64(c->doc, "pid", 0);
}

void memory_change_set_exited(struct memory_change *c, int code)
{
	c->has_exited = true;
	c->exit = (struct runtime_exit){
		.id = c->id, .has_code = true, .code = code, .at = memory_change_now(c->m)
	};
	memory_change_set_state(c, INSTANCE_EXITED);
	json_put_i64(c->doc, "exit_code", code);
	json_put_i64(c->doc, "finished_us", c->exit.at.us);
}

int memory_change_finish(struct memory_change *c, int r, struct error *err)
{
	struct runtime_sink sink = c->m->sink;

	if (r == 0)
		r = memory_world_put(c->m->world, c->id, c->doc, err);
	memory_world_leave(c->m->world);
	if (r == 0 && c->has_exited && sink.exited)
		sink.exited(sink.arg, &c->exit);
	return r;
}

static const char *text_of(struct json_object *doc, const char *key, struct arena *a)
{
	const char *text = NULL;

	return json_get_str(doc, key, &text, NULL) == 0 ? arena_strdup(a, text) : NULL;
}

int64_t memory_change_number(struct json_object *doc, const char *key)
{
	int64_t n = 0;

	return json_get_i64(doc, key, &n, NULL) == 0 ? n : 0;
}

void memory_change_read(struct runtime *rt, const char *id, struct json_object *doc,
			struct arena *a, struct instance *ret)
{
	struct runtime_id parts = { 0 };
	const char *state = text_of(doc, "state", a);
	int64_t code;

	*ret = (struct instance){ .id = arena_strdup(a, id), .runtime = rt->name };
	(void)runtime_id_parse(id, &parts); /* create let no other id in */
	ret->deployment = arena_strdup(a, parts.deployment);
	ret->service = arena_strdup(a, parts.service);
	ret->slot = parts.slot;
	ret->generation = parts.generation;
	if (!state || !instance_state_from_string(state, &ret->state))
		ret->state = INSTANCE_UNKNOWN;
	ret->pid = (int32_t)memory_change_number(doc, "pid");
	ret->start_time = (uint64_t)memory_change_number(doc, "start_time");
	ret->boot_id = text_of(doc, "boot_id", a);
	ret->config_hash = text_of(doc, "config_hash", a);
	ret->altered = text_of(doc, "altered", a);
	ret->image = text_of(doc, "image", a);
	ret->digest = text_of(doc, "digest", a);
	ret->address = text_of(doc, "address", a);
	ret->created.us = memory_change_number(doc, "created_us");
	ret->started.us = memory_change_number(doc, "started_us");
	ret->finished.us = memory_change_number(doc, "finished_us");
	ret->has_exit_code = json_get_i64(doc, "exit_code", &code, NULL) == 0;
	ret->exit_code = ret->has_exit_code ? (int)code : 0;
}
