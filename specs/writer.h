/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Structs back to nodes by the schema: the opposite of specs/reader.h. */
#include "specs/node.h"
#include "specs/schema.h"

struct arena;

/**
 * writer_write() - the map of @from, fields in the order of the schema
 * @arena: the tree lives here; texts are shared with @from
 *
 * Defaults are written, optional fields without a value are not. Reading the
 * tree again gives the same value.
 */
struct node *writer_write(const struct schema_type *t, const void *from, struct arena *arena);

/**
 * writer_scalar() - one value of any kind but FIELD_PART and FIELD_ANY
 *
 * Return: a scalar, or NULL when the value is absent.
 */
struct node *writer_scalar(const struct schema_field *f, const void *from, struct arena *arena);
