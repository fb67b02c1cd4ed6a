/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Tables for people: columns as wide as their widest cell, two spaces between them. */
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

struct table;

/** table_new() - @headers: @n of them; all memory in @arena */
struct table *table_new(struct arena *arena, const char *const *headers, size_t n);

/** table_row() - as many cells as headers; NULL and "" are shown as `-`; texts are not copied */
void table_row(struct table *t, const char *const *cells);

/** table_print() - append headers and rows to @ret; the last column is not padded */
void table_print(const struct table *t, struct buf *ret);
