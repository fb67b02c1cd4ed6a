/* SPDX-License-Identifier: Apache-2.0 */
/* A person names few things, so the list is searched as it is. */
#include "controller/scope.h"

#include <string.h>

static bool names(const struct scope_item *item, const char *service, uint32_t number)
{
	if (item->service && strcmp(item->service, service) != 0)
		return false;
	return !item->has_slot || item->slot == number;
}

bool scope_has(const struct scope *s, const char *service, uint32_t number)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (names(&s->items[i], service, number))
			return true;
	return !s;
}
