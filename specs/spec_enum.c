/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings of the format's word lists, made from the lists in the header. Knows no field. */
#include "specs/spec_enum.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define SPELLING(id, text) [id] = text,
#define DEFINE(table, list)                                                                        \
	static const char *const names_##table[] = { list(SPELLING) };                             \
	const struct spec_enum spec_enum_##table = {                                               \
		.names = names_##table,                                                            \
		.n = (int)(sizeof(names_##table) / sizeof(names_##table[0])),                      \
	};
SPEC_ENUMS(DEFINE)

const char *spec_enum_name(const struct spec_enum *e, int value)
{
	assert(value >= 0 && value < e->n);
	return e->names[value];
}

int spec_enum_find(const struct spec_enum *e, const char *text)
{
	for (int i = 0; i < e->n; i++)
		if (e->names[i] && strcmp(e->names[i], text) == 0)
			return i;
	return -1;
}
