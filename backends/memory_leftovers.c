/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leftovers of the model. Each instance is one thing; what is kept of one is a document under a
 * name that no instance has.
 */
#include <string.h>

#include "backends/leftovers.h"
#include "backends/memory_change.h"
#include "base/limits.h"

#define KEPT "/kept/"

/* In @key, which has room for it. */
static const char *kept_key(const char *id, char key[LIMIT_RUNTIME_ID + sizeof(KEPT)])
{
	snprintf(key, LIMIT_RUNTIME_ID + sizeof(KEPT), KEPT "%s", id);
	return key;
}

static int list_instances(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	const size_t n_prefix = strlen(KEPT);
	struct json_object **docs;
	const char **ids;
	int r = memory_world_enter(m->world, err);
	size_t n;

	if (r < 0)
		return r;
	n = memory_world_all(m->world, leftovers_arena(set), &ids, &docs);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(ids[i], KEPT, n_prefix) == 0)
			leftovers_add(set, ids[i] + n_prefix, LEFTOVER_QUARANTINE);
		else
			leftovers_add(set, ids[i], LEFTOVER_INSTANCE);
	}
	memory_world_leave(m->world);
	return 0;
}

static int has_document(struct runtime *rt, const char *key, struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	r = memory_world_find(m->world, key) ? LEFTOVER_THERE : 0;
	memory_world_leave(m->world);
	return r;
}

static int look_kept(struct runtime *rt, const char *id, struct error *err)
{
	char key[LIMIT_RUNTIME_ID + sizeof(KEPT)];

	return has_document(rt, kept_key(id, key), err);
}

/* A world is one node's. */
static int judge(struct runtime *rt, struct leftover *l, struct arena *a, struct error *err)
{
	(void)rt;
	(void)l;
	(void)a;
	(void)err;
	return 0;
}

static const struct leftover_kind kinds[] = {
	{ LEFTOVER_INSTANCE, list_instances, has_document, NULL },
	{ LEFTOVER_QUARANTINE, NULL, look_kept, NULL },
};

static const struct leftover_table table = { kinds, sizeof(kinds) / sizeof(kinds[0]), judge };

static int list(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err)
{
	return leftovers_table_list(&table, rt, a, ret, err);
}

static int look(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		struct error *err)
{
	return leftovers_table_look(&table, rt, id, a, ret, err);
}

static int release(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	return leftovers_table_release(&table, rt, id, deadline, err);
}

static int keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	char key[LIMIT_RUNTIME_ID + sizeof(KEPT)];
	bool is_kept;
	int r = memory_change_begin(rt, id, &c, err);

	(void)deadline;
	if (r < 0)
		return r;
	is_kept = memory_world_find(c.m->world, kept_key(id, key)) != NULL;
	if (!c.doc || is_kept)
		r = is_kept ? RUNTIME_ALREADY : RUNTIME_ABSENT;
	else if (memory_change_lives(c.state))
		r = error_set(err, ERR_CONFLICT, 0, "its process lives");
	else
		r = memory_world_put(c.m->world, key, c.doc, err);
	return memory_change_finish(&c, r, err);
}

bool memory_leftovers_has_kept(struct runtime_memory *m, const char *id)
{
	char key[LIMIT_RUNTIME_ID + sizeof(KEPT)];

	return memory_world_find(m->world, kept_key(id, key)) != NULL;
}

int memory_leftovers_drop_kept(struct runtime_memory *m, const char *id, struct error *err)
{
	char key[LIMIT_RUNTIME_ID + sizeof(KEPT)];

	return memory_world_drop(m->world, kept_key(id, key), err);
}

static int drop(struct runtime *rt, const char *id, struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	r = memory_leftovers_has_kept(m, id) ? memory_leftovers_drop_kept(m, id, err)
					     : RUNTIME_ABSENT;
	memory_world_leave(m->world);
	return r;
}

const struct leftovers_ops memory_leftovers = {
	.list = list,
	.look = look,
	.release = release,
	.keep = keep,
	.drop = drop,
};
