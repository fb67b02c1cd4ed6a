/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A deployment file named on the command line, read and parsed, its findings printed. */
#include "controller/cli/command.h"
#include "specs/findings.h"
#include "specs/spec.h"

struct file_spec {
	struct arena *arena; /* owns the rest; handed on or freed by the caller */
	const char *name;    /* as given; "-": stdin */
	char *bytes;
	size_t n;
	struct deployment *deployment;
};

/**
 * file_load() - read and check one deployment file; errors and warnings go to stderr
 * @is_strict: warnings are errors
 *
 * Return: 0; FILE_INVALID (> 0): it has errors, all of them printed; < 0: it cannot be read.
 */
enum { FILE_INVALID = 1 };
int file_load(struct cli *cli, const char *name, bool is_strict, struct file_spec *ret,
	      struct error *err);
/** file_done() - release what file_load() gave */
void file_done(struct file_spec *f);
static inline void clean_file_spec(struct file_spec *f)
{
	file_done(f);
}
