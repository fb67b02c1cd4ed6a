/* SPDX-License-Identifier: Apache-2.0 */
/* A list in the order it was made. Judges nothing and knows no check. */
#include "controller/cli/report.h"

#include <string.h>

struct check {
	const char *section, *name, *message, *remedy;
	enum report_level level;
};

struct report {
	struct arena *arena;
	const char *section;
	struct check *checks;
	size_t n;
};

static const char *const levels[] = {
#define X(id, name) name,
	REPORT_LEVELS(X)
#undef X
};

struct report *report_new(struct arena *arena)
{
	struct report *r = arena_alloc(arena, sizeof(*r));

	r->arena = arena;
	r->section = "";
	return r;
}

void report_section(struct report *r, const char *name)
{
	r->section = name;
}

void report_add(struct report *r, const char *name, enum report_level level, const char *remedy,
		const char *fmt, ...)
{
	struct check c = { .section = r->section,
			   .name = arena_strdup(r->arena, name),
			   .remedy = arena_strdup(r->arena, remedy),
			   .level = level };
	va_list ap;

	va_start(ap, fmt);
	c.message = arena_vprintf(r->arena, fmt, ap);
	va_end(ap);
	r->checks = arena_grow(r->arena, r->checks, r->n, sizeof(c));
	r->checks[r->n++] = c;
}

size_t report_count(const struct report *r, enum report_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->checks[i].level == level;
	return n;
}

static size_t widest_name(const struct report *r)
{
	size_t widest = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t n = strlen(r->checks[i].name);

		widest = n > widest ? n : widest;
	}
	return widest;
}

void report_print(const struct report *r, struct buf *ret)
{
	enum { LEVEL_WIDTH = 7 }; /* of "warning" */
	const size_t width = widest_name(r);
	const char *section = "";

	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];

		if (strcmp(section, c->section) != 0)
			buf_printf(ret, "%s%s\n", i ? "\n" : "", c->section);
		section = c->section;
		buf_printf(ret, "  %-*s  %-*s  %s\n", LEVEL_WIDTH, levels[c->level], (int)width,
			   c->name, c->message);
		if (c->remedy)
			buf_printf(ret, "  %*s  %*s  hint: %s\n", LEVEL_WIDTH, "", (int)width, "",
				   c->remedy);
	}
}

struct json_object *report_json(const struct report *r)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];
		struct json_object *o = json_object_new_object();

		json_put_str(o, "section", c->section);
		json_put_str(o, "check", c->name);
		json_put_str(o, "level", levels[c->level]);
		json_put_str(o, "message", c->message);
		json_put_str(o, "remedy", c->remedy);
		json_object_array_add(list, o);
	}
	return list;
}
