/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The runtime "youki": Linux containers through an OCI command line program (youki,
 * crun or runc). Lives in a shim: it needs its reaper and its log. See runtime.h for
 * what each operation promises.
 */
#include "backends/runtime.h"

struct shim_reaper;
struct shim_log;

struct runtime_youki_options {
	const struct layout *layout;
	const char *node_id;
	const char *program_path; /* runtime.oci.path: only this one; NULL: the first that works */
	struct shim_reaper *reaper; /* borrowed */
	struct shim_log *log;       /* borrowed; NULL: output is thrown away */
	struct runtime_sink sink;
};

/**
 * runtime_youki_open() - adopt what an earlier shim left and be ready
 *
 * Starts no program: which one is used is found out with the first create or probe.
 */
int runtime_youki_open(const struct runtime_youki_options *o, struct runtime **ret,
		       struct error *err);
