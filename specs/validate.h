/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Rules that a deployment must keep beyond the types of its fields: upstream's
 * (codes E03xx) and ours (E09xx, see validate_strict.h). FORMAT.md lists them.
 */
#include "specs/findings.h"
#include "specs/spec.h"

/* What the checks work on. */
struct validate {
	const struct deployment *deployment;
	const struct node *root; /* the file, for the place of a finding; or NULL */
	struct findings *findings;
	size_t n_read; /* findings that were there before: they shadow what follows from them */
};

/** validate_deployment() - all rules; a value that could not be read is not complained about again
 */
void validate_deployment(const struct deployment *d, const struct node *root,
			 struct findings *findings);

/** validate_complain() - a finding at the node that @path names; @path is made by validate_path()
 */
void validate_complain(const struct validate *v, enum finding_code code, const char *path,
		       const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** validate_path() - "services.web.endpoints[0].port" */
const char *validate_path(const struct validate *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
