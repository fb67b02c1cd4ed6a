/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The last touch after reading: old spellings become new ones, and what follows
 * from several fields together is worked out once (`service.policy`). Defaults
 * of single fields are the schema's and are there already.
 */
#include "specs/findings.h"
#include "specs/spec.h"

/** normalize_deployment() - @root (or NULL) gives findings their place */
void normalize_deployment(struct deployment *d, const struct node *root, struct findings *findings);

/** normalize_service() - one service alone; @defaults: the deployment's settings, or NULL */
void normalize_service(struct service *s, const struct tallyman *defaults, const struct node *root,
		       struct findings *findings);
