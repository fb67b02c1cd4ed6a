/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to the memory runtime's containers without a call of the runtime. For tests and
 * demonstrations; the operations are in runtime_memory.c. */
#include <string.h>

#include "backends/memory_change.h"
#include "backends/runtime_memory.h"
#include "base/limits.h"

/* One change behind the back to a living instance. */
static int tamper(struct runtime *rt, const char *id,
		  void (*change)(struct memory_change *c, int arg), int arg, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	if (r < 0)
		return r;
	if (!c.doc || !memory_change_lives(c.state))
		return memory_change_finish(&c, c.doc ? RUNTIME_GONE : RUNTIME_ABSENT, err);
	change(&c, arg);
	return memory_change_finish(&c, 0, err);
}

static void to_state(struct memory_change *c, int state)
{
	memory_change_set_state(c, (enum instance_state)state);
}

static void to_deaf(struct memory_change *c, int is_deaf)
{
	json_put_i64(c->doc, "is_deaf", is_deaf);
}

int runtime_memory_exit(struct runtime *rt, const char *id, int code, struct error *err)
{
	return tamper(rt, id, memory_change_set_exited, code, err);
}

int runtime_memory_pause(struct runtime *rt, const char *id, struct error *err)
{
	return tamper(rt, id, to_state, INSTANCE_PAUSED, err);
}

int runtime_memory_alter(struct runtime *rt, const char *id, const char *what, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	if (r < 0)
		return r;
	if (!c.doc)
		return memory_change_finish(&c, RUNTIME_ABSENT, err);
	json_put_str(c.doc, "altered", what);
	return memory_change_finish(&c, 0, err);
}

int runtime_memory_break(struct runtime *rt, const char *id, struct error *err)
{
	return tamper(rt, id, to_state, INSTANCE_BROKEN, err);
}

int runtime_memory_deafen(struct runtime *rt, const char *id, struct error *err)
{
	return tamper(rt, id, to_deaf, 1, err);
}

int runtime_memory_vanish(struct runtime *rt, const char *id, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	if (r < 0)
		return r;
	if (!c.doc)
		return memory_change_finish(&c, RUNTIME_ABSENT, err);
	json_object_put(TAKE(c.doc));
	return memory_change_finish(&c, 0, err);
}

/* All that lived in another boot has ended, and nobody saw how. */
static int end_all(struct runtime_memory *m, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object **docs;
	const char **ids;
	size_t n = memory_world_all(m->world, a, &ids, &docs);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct memory_change c CLEAN(memory_change) = { .m = m, .id = ids[i] };
		struct instance seen;

		if (ids[i][0] == '/')
			continue;
		memory_change_read(&m->base, ids[i], docs[i], a, &seen);
		if (!memory_change_lives(seen.state) || strcmp(seen.boot_id, m->boot_id) == 0)
			continue;
		json_object_deep_copy(docs[i], &c.doc, NULL);
		memory_change_set_state(&c, INSTANCE_EXITED);
		r = memory_world_put(m->world, ids[i], c.doc, err);
	}
	return r;
}

int runtime_memory_reboot(struct runtime *rt, const char *boot_id, struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	snprintf(m->boot_id, sizeof(m->boot_id), "%s", boot_id);
	r = end_all(m, err);
	memory_world_leave(m->world);
	return r;
}

int runtime_memory_set_missing(struct runtime *rt, const char *digest, bool is_missing_now,
			       struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	struct json_object *doc CLEAN(json) = json_object_new_object();
	struct buf key CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	buf_printf(&key, MEMORY_CHANGE_IMAGE "%s", digest);
	r = is_missing_now ? memory_world_put(m->world, key.data, doc, err)
			   : memory_world_drop(m->world, key.data, err);
	memory_world_leave(m->world);
	return r;
}

void runtime_memory_set_clock(struct runtime *rt, struct wall (*now)(void *arg), void *arg)
{
	memory_change_world_of(rt)->now = now;
	memory_change_world_of(rt)->now_arg = arg;
}
