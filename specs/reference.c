/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of $E: and $S:. Resolving them is the caller's, who knows the stores. */
#include "specs/reference.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_secret_name(const char *s)
{
	if (!is_letter(*s))
		return false;
	for (s++; *s; s++)
		if (!is_letter(*s) && !(*s >= '0' && *s <= '9') && *s != '_' && *s != '-')
			return false;
	return true;
}

/* Cuts @s at the first @c; what follows it, or NULL if there is none. */
static char *cut(char *s, char c)
{
	char *at = strchr(s, c);
	if (at)
		*at++ = 0;
	return at;
}

/* Parts between scope and field must not be empty nor contain a colon. */
static bool is_part(const char *s)
{
	return s && *s && !strchr(s, ':');
}

/* NAME[/FIELD] */
static bool read_name(char *s, struct reference *ret)
{
	char *field = cut(s, '/');
	ret->name = s;
	ret->field = field;
	return is_secret_name(s) && (!field || (*field && !strchr(field, '/')));
}

static bool read_secret(char *s, struct reference *ret)
{
	if (*s == '@') {
		char *name = cut(s + 1, '/');
		ret->service = s + 1;
		return is_part(ret->service) && name && read_name(name, ret);
	}
	char *colon = strchr(s, ':');
	char *slash = strchr(s, '/');
	if (!colon || (slash && slash < colon))
		return read_name(s, ret);
	char *env = cut(s, ':');
	char *name = cut(env, '/');
	ret->project = *s ? s : NULL;
	ret->environment = env;
	return is_part(env) && name && read_name(name, ret);
}

int reference_parse(const char *value, struct arena *arena, struct reference *ret)
{
	struct reference r = { .kind = REFERENCE_NONE };
	if (strncmp(value, "$E:", 3) == 0) {
		r.kind = REFERENCE_ENV;
		r.name = arena_strdup(arena, value + 3);
	} else if (strncmp(value, "$S:", 3) == 0) {
		r.kind = REFERENCE_SECRET;
		if (!read_secret(arena_strdup(arena, value + 3), &r))
			return REFERENCE_MALFORMED;
	}
	*ret = r;
	return 0;
}
