/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One call of the shim protocol: from its JSON to the runtime's operation and back. exec
 * is not here (shim_exec): it has streams.
 */
#include "backends/runtime.h"
#include "backends/shim_conn.h"

struct shim_call_op; /* a row of the table of operations */

/** shim_call_find() - the operation with that name; NULL when there is none */
const struct shim_call_op *shim_call_find(const char *name);

/**
 * shim_call_instance() - the instance a call is about; calls for the same one never overlap
 *
 * Return: 0 and *ret borrowed from @args (NULL for an operation on no instance);
 *         -ERR_INVALID when it is missing or no runtime id.
 */
int shim_call_instance(const struct shim_call_op *op, struct json_object *args, const char **ret,
		       struct error *err);

/** shim_call_run() - in a worker: carry it out and send its result to @conn */
void shim_call_run(const struct shim_call_op *op, struct runtime *rt, struct shim_conn *conn,
		   uint64_t id, struct json_object *args, struct mono deadline);

/** shim_call_answer() - send a result; @r, and @e with it when negative. Takes @value or NULL */
void shim_call_answer(struct shim_conn *conn, uint64_t id, int r, const struct error *e,
		      struct json_object *value);
