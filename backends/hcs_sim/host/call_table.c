/* SPDX-License-Identifier: Apache-2.0 */
/* The list of functions as a table, to be found by name. */
#include <string.h>

#include "backends/hcs_sim/host/call_list.h"

static const struct call_kind kinds[] = {
#define X(function, service, flags) { #function, CALL_##service, flags, on_##function },
	CALL_LIST(X)
#undef X
};

const struct call_kind *call_table_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
