/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Settings of the node: an option beats the environment, the environment beats the file,
 * the file beats the defaults. The file is YAML through the reader of deployment files:
 * every mistake has its place, an unknown key is one. No file is fine, unless it was named by an
 * option.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "controller/source_scan.h"
#include "specs/layout.h"
#include "specs/slice.h"

#define CONFIG_MAX_SLICES 2

/* All strings live in the arena given to config_load(); NULL where it says so. */
struct config {
	struct layout layout;    /* owner, state_dir, run_dir: absolute */
	const char *claims_dir;  /* where owners' claims are */
	const char *file;        /* the file that was read; NULL: there is none */
	const char *primary;     /* runtimes.primary; NULL: the node's own */
	const char *delegate;    /* runtimes.delegate; NULL */
	const char *oci_path;    /* runtime.oci.path; NULL: detect */
	const char *shim_unit;   /* runtime.shim_unit: systemd starts shims; NULL: we do */
	const char *hcs_library; /* hcs.library; NULL: the system's own */
	struct runtime_slice slices[CONFIG_MAX_SLICES];
	size_t n_slices; /* a runtime without one gives its containers no addresses */
	struct source_path *watch;
	size_t n_watch;
	int64_t orphan_grace_us;  /* 5 min */
	enum log_level log_level; /* warn */
};

/* What was given outside the file; NULL: not given. */
struct config_given {
	const char *state_dir, *run_dir, *owner, *config, *log_level; /* options */
	const char *(*env)(const char *name);
};

/**
 * config_load() - everything together, checked
 * @ret_findings: when the file is wrong: all that is wrong with it, as text for stderr
 *
 * Relative directories are taken from the working directory. Nothing is created.
 *
 * Return: 0; -ERR_INVALID with the first finding; -ERR_NOT_FOUND for a named file that is not
 *         there; -ERR_LIMIT when the run directory is too long for the names of its sockets.
 */
int config_load(const struct config_given *given, struct arena *arena, struct config *ret,
		const char **ret_findings, struct error *err);
