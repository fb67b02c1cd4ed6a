/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The settings file: YAML with marks, every key known, every value checked. */
#include "controller/config.h"

struct config_pair {
	const char *key, *value;
};

/* What the file says; NULL, or has_ false, where it is silent. */
struct config_file {
	const char *owner, *state_dir, *run_dir, *claims_dir;
	const char *primary, *delegate, *oci_path, *shim_unit, *hcs_library;
	const char *orphan_grace; /* a duration */
	const char *log_level;
	const char *node_slice;     /* `slices: 10.220.99.0/28` */
	struct config_pair *slices; /* `slices: {hcs: …, youki: …}` */
	size_t n_slices;
	struct source_path *watch;
	size_t n_watch;
};

/**
 * config_file_read() - read one file; all in @arena
 * @ret_findings: set when the text is wrong: everything found, for people; else untouched
 *
 * Return: 0; -ERR_NOT_FOUND when there is no such file; -ERR_INVALID.
 */
int config_file_read(const char *path, struct arena *arena, struct config_file *ret,
		     const char **ret_findings, struct error *err);
