/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of names, in one place. A text that is not exactly what format would write is no id.
 */
#include "specs/runtime_id.h"

#include <string.h>

#include "base/number.h"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool runtime_id_is_deployment(const char *name)
{
	size_t n = strlen(name);

	if (n < 3 || n > LIMIT_DEPLOYMENT_NAME || !is_alnum(name[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(name[i]) && name[i] != '-')
			return false;
	return true;
}

bool runtime_id_is_service(const char *name)
{
	size_t n = strlen(name);

	if (n < 1 || n > LIMIT_SERVICE_NAME || name[0] == '-' || name[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_lower_or_digit(name[i]) && name[i] != '-')
			return false;
	return true;
}

bool runtime_id_is_owner(const char *name)
{
	size_t n = strlen(name);

	if (n < 1 || n > LIMIT_OWNER || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_lower_or_digit(name[i]) && name[i] != '-')
			return false;
	return true;
}

/* The last "-rep-" counts: a service may be called "x-rep-1". */
static char *find_rep(char *slot_name)
{
	char *found = NULL, *at = slot_name;

	while ((at = strstr(at, "-rep-"))) {
		found = at;
		at++;
	}
	return found;
}

/* Decimal without a leading zero: "01" would be a second name for 1. */
static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	return (text[0] != '0' || !text[1]) && number_u64(text, max, ret);
}

bool runtime_id_parse(const char *text, struct runtime_id *ret)
{
	char copy[LIMIT_RUNTIME_ID];
	char *slot_name, *generation, *rep;
	uint64_t slot, gen;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	slot_name = strchr(copy, '.');
	generation = slot_name ? strchr(slot_name + 1, '.') : NULL;
	if (!generation)
		return false;
	*slot_name++ = '\0';
	*generation++ = '\0';
	rep = find_rep(slot_name);
	if (!rep)
		return false;
	*rep = '\0';
	if (!runtime_id_is_deployment(copy) || !runtime_id_is_service(slot_name) ||
	    !parse_number(rep + strlen("-rep-"), UINT32_MAX, &slot) ||
	    !parse_number(generation, INT64_MAX, &gen) || gen == 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->deployment, copy, strlen(copy) + 1);
	memcpy(ret->service, slot_name, strlen(slot_name) + 1);
	ret->slot = (uint32_t)slot;
	ret->generation = gen;
	return true;
}

const char *runtime_id_format(struct arena *a, const char *deployment, const char *service,
			      uint32_t slot, uint64_t generation)
{
	return arena_printf(a, "%s.%s-rep-%u.%ju", deployment, service, slot,
			    (uintmax_t)generation);
}

const char *runtime_id_slot_name(struct arena *a, const char *service, uint32_t slot)
{
	return arena_printf(a, "%s-rep-%u", service, slot);
}
