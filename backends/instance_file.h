/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files beside an instance's bundle or scratch layer, as every runtime keeps them: JSON
 * documents, durable before what they say is done, complete or not there. What is read may have
 * been cut short by a crash or changed by hand: everything is checked, nothing is guessed.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "specs/observed.h"
#include "specs/spec_service.h"

#define INSTANCE_FILE "instance.json"

/** instance_file_save() - @dir/@name, 0600; @dir exists */
int instance_file_save(const char *dir, const char *name, struct json_object *o, struct error *err);

/** instance_file_load() - -ERR_NOT_FOUND: there is none, or @dir is a link: what stands elsewhere
 * was not written by us; -ERR_CORRUPT: no JSON, or too large */
int instance_file_load(const char *dir, const char *name, struct json_object **ret,
		       struct error *err);

/** instance_file_corrupt() - whatever @err says is wrong with that file; gives -ERR_CORRUPT */
int instance_file_corrupt(const char *dir, const char *name, struct error *err);

/* A text member of a record: where its pointer is in the struct. */
struct instance_member {
	const char *key;
	size_t offset;
	bool optional;
};

#define INSTANCE_MEMBER(type, name, optional)                                                      \
	{                                                                                          \
#name, offsetof(type, name), optional                                              \
	}

/** instance_file_put() - all texts of @record; NULL is null */
void instance_file_put(const struct instance_member *members, size_t n, const void *record,
		       struct json_object *o);

/** instance_file_get() - back, in @a; -ERR_INVALID naming the member that is missing or no text */
int instance_file_get(const struct instance_member *members, size_t n, struct json_object *o,
		      struct arena *a, void *record, struct error *err);

/** instance_file_numbers() - slot, generation and created_us, which every record has */
int instance_file_numbers(struct json_object *o, uint32_t *ret_slot, uint64_t *ret_generation,
			  struct wall *ret_created, struct error *err);

/** instance_file_own_end() - how @s wants its instances ended */
struct own_end instance_file_own_end(const struct service *s);
/** instance_file_put_end(), instance_file_get_end() - members of a record; absent in older ones */
void instance_file_put_end(const struct own_end *end, struct json_object *o);
int instance_file_get_end(struct json_object *o, struct own_end *ret, struct error *err);

/* How its first process ended. */
struct instance_exit {
	bool has_code;
	uint32_t code;  /* 0..255 and 128 + signal on Linux; Windows has all 32 bits */
	struct wall at; /* 0 unknown */
};

/** instance_file_save_exit() - durable: before anybody is told */
int instance_file_save_exit(const char *dir, const struct instance_exit *e, struct error *err);

/** instance_file_load_exit() - -ERR_NOT_FOUND; -ERR_CORRUPT */
int instance_file_load_exit(const char *dir, struct instance_exit *ret, struct error *err);
