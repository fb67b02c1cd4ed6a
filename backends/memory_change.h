/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One change to an instance of the memory runtime: begin, look at state, change the document,
 * finish. Shared by its operations and by what happens behind its back.
 */
#include "backends/memory_world.h"
#include "backends/runtime.h"
#include "base/process.h"

/* Documents of missing images: this and the digest. */
#define MEMORY_CHANGE_IMAGE "/image/"

struct runtime_memory {
	struct runtime base;
	struct memory_world *world;
	struct runtime_sink sink;
	struct wall (*now)(void *arg);
	void *now_arg;
	char boot_id[PROCESS_BOOT_ID_SIZE];
	int32_t n_created; /* under the world's lock */
};

/* One change under way: a copy of the document, and what to tell afterwards. */
struct memory_change {
	struct runtime_memory *m;
	const char *id;
	struct json_object *doc; /* owned copy; NULL: absent, or to be dropped */
	enum instance_state state;
	bool has_exited;
	struct runtime_exit exit;
};

/** memory_change_world_of() - @rt is one that runtime_memory_open() made */
static inline struct runtime_memory *memory_change_world_of(struct runtime *rt)
{
	return (struct runtime_memory *)rt;
}

static inline void clean_memory_change(struct memory_change *c)
{
	json_object_put(c->doc);
}

/** memory_change_begin() - enter the world, copy the document; memory_change_finish() must follow
 */
int memory_change_begin(struct runtime *rt, const char *id, struct memory_change *ret,
			struct error *err);

/**
 * memory_change_finish() - leave the world with @r; when that is 0, keep the document before and
 * tell the sink after
 */
int memory_change_finish(struct memory_change *c, int r, struct error *err);

/* The changes; set_exited is the only one that the sink hears of. */
void memory_change_set_state(struct memory_change *c, enum instance_state state);
void memory_change_set_exited(struct memory_change *c, int code);

/** memory_change_read() - a document as an instance; everything in @a */
void memory_change_read(struct runtime *rt, const char *id, struct json_object *doc,
			struct arena *a, struct instance *ret);

/** memory_change_number() - a member; 0 when it is absent */
int64_t memory_change_number(struct json_object *doc, const char *key);

/* Whether there is a process; what time it is in this world. */
bool memory_change_lives(enum instance_state s);
struct wall memory_change_now(struct runtime_memory *m);

/* Between enter and leave: is anything kept of @id, and: forget it. */
bool memory_leftovers_has_kept(struct runtime_memory *m, const char *id);
int memory_leftovers_drop_kept(struct runtime_memory *m, const char *id, struct error *err);

/** memory_leftovers - the table of leftovers.h (memory_leftovers.c) */
extern const struct leftovers_ops memory_leftovers;
