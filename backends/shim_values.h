/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Values of the runtime table as JSON, for both ends of the shim protocol. Reading is
 * strict: a member of the wrong type, a name nobody knows or a number out of range is
 * -ERR_INVALID. What is read lives in the given arena. A NULL string is null.
 */
#include "backends/leftovers.h"
#include "base/json.h"

/** shim_values_instance() - one container as seen; the caller owns the object, as with all here */
struct json_object *shim_values_instance(const struct instance *i);
/** shim_values_to_instance() - back; -ERR_INVALID */
int shim_values_to_instance(struct json_object *o, struct arena *a, struct instance *ret,
			    struct error *err);

/** shim_values_info() - what probe found */
struct json_object *shim_values_info(const struct runtime_info *info);
/** shim_values_to_info() - back; -ERR_INVALID */
int shim_values_to_info(struct json_object *o, struct arena *a, struct runtime_info *ret,
			struct error *err);

/** shim_values_exec() - all of it but the descriptors: "fds" says which of the three there are */
struct json_object *shim_values_exec(const struct runtime_exec *x);
/** shim_values_to_exec() - fds are 0 for one that is there, -1 for one that is not */
int shim_values_to_exec(struct json_object *o, struct arena *a, struct runtime_exec *ret,
			struct error *err);

/** shim_values_stats() - what an instance uses */
struct json_object *shim_values_stats(const struct runtime_stats *s);
/** shim_values_to_stats() - back; -ERR_INVALID */
int shim_values_to_stats(struct json_object *o, struct runtime_stats *ret, struct error *err);

/** shim_values_leftover() - what is there of one id */
struct json_object *shim_values_leftover(const struct leftover *l);
/** shim_values_to_leftover() - back; -ERR_INVALID */
int shim_values_to_leftover(struct json_object *o, struct arena *a, struct leftover *ret,
			    struct error *err);

/** shim_values_error() - code, texts and errno; texts that are no UTF-8 are made so */
struct json_object *shim_values_error(const struct error *e);
/**
 * shim_values_to_error() - the far side's error as ours
 * @r: the result it came with, negative
 *
 * Return: @r, or -ERR_INVALID (with *err saying so) when the text is no error.
 */
int shim_values_to_error(struct json_object *o, int r, struct error *err);

/** shim_values_is_text() - can it stand in a frame: is it UTF-8? */
bool shim_values_is_text(const char *text);
