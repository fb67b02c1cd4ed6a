/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The runtime "hcs": Windows containers through the Host Compute Service. Lives in a shim: it needs
 * its log. See runtime.h for what each operation promises.
 */
#include "backends/runtime.h"

struct shim_log;

struct runtime_hcs_options {
	const struct layout *layout;
	const char *node_id;
	const char *library;  /* hcs.library; NULL: the system's own */
	struct shim_log *log; /* borrowed; NULL: output is thrown away */
	struct runtime_sink sink;
};

/**
 * runtime_hcs_open() - load the library, adopt what an earlier shim left and be ready
 *
 * Return: 0; -ERR_UNAVAILABLE when this host has no Host Compute Service, with the reason.
 */
int runtime_hcs_open(const struct runtime_hcs_options *o, struct runtime **ret, struct error *err);
