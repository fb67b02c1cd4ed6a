/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns. Width is counted in characters, so that names in UTF-8 line up too. */
#include "controller/cli/table.h"

#include <string.h>

struct table {
	struct arena *arena;
	size_t n_columns;
	const char **cells; /* row by row, headers first */
	size_t n_cells;
	size_t *widths;
};

static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_row(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		const char *text = cells[i] && *cells[i] ? cells[i] : "-";
		size_t width = width_of(text);

		t->cells = arena_grow(t->arena, t->cells, t->n_cells, sizeof(*t->cells));
		t->cells[t->n_cells++] = text;
		t->widths[i] = width > t->widths[i] ? width : t->widths[i];
	}
}

struct table *table_new(struct arena *arena, const char *const *headers, size_t n)
{
	struct table *t = arena_alloc(arena, sizeof(*t));

	t->arena = arena;
	t->n_columns = n;
	t->widths = arena_array(arena, n, sizeof(*t->widths));
	table_row(t, headers);
	return t;
}

void table_print(const struct table *t, struct buf *ret)
{
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;

		buf_puts(ret, t->cells[i]);
		if (column + 1 == t->n_columns) {
			buf_putc(ret, '\n');
			continue;
		}
		for (size_t pad = width_of(t->cells[i]); pad < t->widths[column] + 2; pad++)
			buf_putc(ret, ' ');
	}
}
