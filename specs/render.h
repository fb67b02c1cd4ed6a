/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A deployment as text again. The YAML form is canonical: two files that mean
 * the same give the same text, and reading it gives the same value. References
 * ($E:, $S:) stand as they were written.
 */
#include "base/buf.h"
#include "specs/spec.h"

struct json_object;
struct node;

/** render_yaml() - append the canonical file */
void render_yaml(const struct deployment *d, struct buf *ret);

/** render_json() - the same with upstream's field names; .nan and .inf are null.
 *  The caller owns the result */
struct json_object *render_json(const struct deployment *d);

/** render_service_json() - one service, for parse_service_json(). The caller owns it */
struct json_object *render_service_json(const struct service *s);

/** render_node() - append a tree as YAML */
void render_node(const struct node *n, struct buf *ret);
