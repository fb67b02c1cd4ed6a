/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The memory runtime's world: JSON documents by id, in memory or in a file as well. The file
 * is a journal, one line a change, synced; it survives its writers, and several processes may
 * have it open: whoever enters sees what the others did. A line cut by a crash never happened.
 */
#include "base/arena.h"
#include "base/json.h"

struct memory_world;

/** memory_world_open() - @path is made by the first change; NULL: in memory only */
int memory_world_open(const char *path, struct memory_world **ret, struct error *err);
void memory_world_close(struct memory_world *w); /* NULL is fine */
CLEAN_DEFINE(memory_world, struct memory_world *, memory_world_close)

/** memory_world_enter() - alone in it until memory_world_leave(), among threads and processes */
int memory_world_enter(struct memory_world *w, struct error *err);
void memory_world_leave(struct memory_world *w);

/* Everything below only between enter and leave; objects are the world's and valid as long. */

/** memory_world_find() - NULL when there is none; copy it to change it */
struct json_object *memory_world_find(struct memory_world *w, const char *id);

/** memory_world_put() - set the document of @id; takes a reference of its own */
int memory_world_put(struct memory_world *w, const char *id, struct json_object *doc,
		     struct error *err);

/** memory_world_drop() - forget @id; absent is success */
int memory_world_drop(struct memory_world *w, const char *id, struct error *err);

/** memory_world_all() - ids and documents, sorted by id; the arrays are in @a */
size_t memory_world_all(struct memory_world *w, struct arena *a, const char ***ret_ids,
			struct json_object ***ret_docs);
