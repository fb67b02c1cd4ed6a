/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A runtime that lives in a shim: the table of runtime.h over the shim protocol. Connects
 * with the first call and starts the shim when there is none. When the connection breaks,
 * sink->lost is called, and the next call connects anew. Changes under way then end with
 * -ERR_UNAVAILABLE (their effect is unknown); what had not been sent goes to the next shim, and
 * questions are asked there again, once. An exec's descriptors stay the caller's; the mode of a
 * terminal is the caller's business, its size is carried over.
 */
#include "backends/runtime.h"

struct runtime_remote_options {
	struct layout layout;     /* its strings live as long as the runtime */
	const char *runtime_name; /* "youki" */
	const char *node_id;
	const char *owner;   /* as in layout */
	const char *program; /* this program, for starting the shim: "/proc/self/exe" */
	/* Handed to a shim that is started; NULL: it chooses. */
	const char *oci_path;
	const char *hcs_library;
	/* A template unit of systemd, "tallyman-shim@.service": a shim is started as its instance
	 * of the runtime's name, with the settings of that unit; NULL: as a process of our own. */
	const char *shim_unit;
	bool may_start; /* false: without a shim every call is -ERR_UNAVAILABLE */
};

/** runtime_remote_open() - does not connect yet; @sink's functions may be NULL, @sink too */
int runtime_remote_open(const struct runtime_remote_options *o, const struct runtime_sink *sink,
			struct runtime **ret, struct error *err);

/** runtime_remote_hang_up() - before the close: calls under way end now, with their effect unknown,
 * as if this program had ended; later ones are -ERR_CANCELED. Any thread */
void runtime_remote_hang_up(struct runtime *rt);

/** runtime_remote_is_running() - does a shim serve @runtime_name now? Starts nothing */
bool runtime_remote_is_running(const struct layout *l, const char *runtime_name);
