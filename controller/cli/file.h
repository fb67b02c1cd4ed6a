/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A deployment file named on the command line, read and parsed, its findings printed. */
#include "controller/cli/command.h"
#include "specs/findings.h"
#include "specs/spec.h"

struct wanted;

struct file_spec {
	struct arena *arena; /* owns the rest; handed on or freed by the caller */
	const char *name;    /* as given; "-": stdin */
	char *bytes;
	size_t n;
	struct deployment *deployment;
};

/**
 * file_load() - read and check one deployment file; all that is wrong with it goes to stderr
 * @is_strict: warnings are errors
 *
 * Return: 0; -ERR_INVALID when it has errors: with -o json they are in the document, which is
 *         printed already; what input_read() says when it cannot be read.
 */
int file_load(struct cli *cli, const char *name, bool is_strict, struct file_spec *ret,
	      struct error *err);

/**
 * file_warn() - print what the chosen runtimes will not do of a file
 * @is_strict: then one of them is an error
 */
int file_warn(struct cli *cli, const struct wanted *w, bool is_strict, struct error *err);

/** file_done() - release what file_load() gave */
void file_done(struct file_spec *f);
static inline void clean_file_spec(struct file_spec *f)
{
	file_done(f);
}
