/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Nodes to structs by the schema, with upstream's idea of which node fits which
 * field. Goes on after an error, so that one run finds all of them. Rules that
 * need more than one field are validate.c's.
 */
#include "specs/findings.h"
#include "specs/schema.h"

struct arena;

/**
 * reader_read() - fill @ret from @n, defaults first
 * @ret:      t->size bytes; strings and lists live in @arena or in the tree
 * @findings: gets what does not fit; @ret is complete only when that is no error
 */
void reader_read(const struct schema_type *t, const struct node *n, struct arena *arena,
		 struct findings *findings, void *ret);
