/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Trees of nodes from and to JSON. */
#include "specs/node.h"

struct json_object;

/** node_json_read() - the tree of a JSON value; texts are copied, numbers keep their spelling */
struct node *node_json_read(struct arena *arena, struct json_object *json);

/** node_json_write() - JSON of a tree; .nan and .inf become null. The caller owns the result */
struct json_object *node_json_write(const struct node *n);
