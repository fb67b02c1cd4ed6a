/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own resolver. Its rules are in the header; it asks nobody. */
#include "tests/controller/core_wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "specs/hash.h"
#include "specs/parse.h"
#include "specs/runtime_id.h"

const struct deployment *core_wish_parse(const char *yaml, struct arena *a)
{
	struct findings findings;
	struct deployment *d = NULL;
	struct error err = ERROR_INIT;

	findings_init(&findings, a, "wish");
	if (parse_deployment(yaml, strlen(yaml), a, &findings, &d, &err) < 0)
		fail_msg("%s in\n%s", err.msg, yaml);
	return d;
}

const struct deployment *core_wish_services(const char *lines, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	const char *end;

	buf_puts(&text, "version: v1\ndeployment: " CORE_WISH_DEPLOYMENT "\nservices:\n");
	for (const char *line = lines; *line; line = end + (*end != 0)) {
		end = strchr(line, '\n') ? strchr(line, '\n') : line + strlen(line);
		buf_printf(&text, "  %.*s\n", (int)(end - line), line);
	}
	return core_wish_parse(arena_strdup(a, text.data), a);
}

/* --- what the driver would find out --- */

static const char *env_value(void *ctx, const char *key, const char *raw)
{
	(void)key;
	return arena_printf(ctx, "value of %s", raw + 3);
}

static void resolve_env(struct expand_group *g, struct arena *a)
{
	const struct pairs *env = &g->service->env;
	struct env_var *to = arena_array(a, env->n, sizeof(*to));

	for (size_t i = 0; i < env->n; i++) {
		const char *raw = env->items[i].value;
		bool is_reference = strncmp(raw, "$E:", 3) == 0 || strncmp(raw, "$S:", 3) == 0;
		to[i].name = env->items[i].key;
		to[i].value = is_reference ? env_value(a, to[i].name, raw) : raw;
	}
	g->env = to;
	g->n_env = env->n;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static struct route find_route(const struct service *s)
{
	const char *runtime = spec_pairs_find(&s->labels, "test.runtime");

	if (s->platform && s->platform->os == OS_WINDOWS)
		return (struct route){ .kind = ROUTE_NEEDS_PEER,
				       .os = "windows",
				       .reason = "no runtime for windows here" };
	if (begins(s->image.name, "missing/"))
		return (struct route){ .kind = ROUTE_BLOCKED,
				       .reason = "no such image",
				       .hint = "tallyman image import FILE",
				       .code = ERR_NOT_FOUND };
	if (begins(s->image.name, "slow/"))
		return (struct route){ .kind = ROUTE_BLOCKED,
				       .reason = "the registry is busy",
				       .code = ERR_UNAVAILABLE };
	return (struct route){ .kind = ROUTE_RUNTIME,
			       .runtime = runtime ? runtime : "youki",
			       .can_update = !spec_pairs_find(&s->labels, "test.fixed") };
}

void core_wish_resolve(struct expand_groups *groups, struct arena *a)
{
	const struct hash_resolver resolver = { env_value, a };

	for (size_t i = 0; i < groups->n; i++) {
		struct expand_group *g = &groups->items[i];
		char hash[HASH_SIZE];

		if (g->route.kind == ROUTE_UNSUPPORTED)
			continue;
		g->route = find_route(g->service);
		if (g->route.kind != ROUTE_RUNTIME)
			continue;
		hash_service(g->service, &resolver, hash);
		g->config_hash = arena_strdup(a, hash);
		g->digest = g->service->image.name;
		resolve_env(g, a);
	}
}

static bool is_same_group(const struct expand_group *a, const struct expand_group *b)
{
	if (strcmp(a->service->name, b->service->name) != 0)
		return false;
	return a->role && b->role ? strcmp(a->role, b->role) == 0 : a->role == b->role;
}

/* What each group was in the file before: only for naming the fields that changed. */
static void find_before(const struct deployment *previous, struct expand_groups *groups,
			struct arena *a)
{
	struct expand_groups old;

	expand_groups(previous, a, &old);
	core_wish_resolve(&old, a);
	for (size_t i = 0; i < groups->n; i++)
		for (size_t j = 0; j < old.n; j++)
			if (old.items[j].config_hash &&
			    is_same_group(&groups->items[i], &old.items[j]))
				groups->items[i].before =
					(struct expand_before){ .service = old.items[j].service,
								.config_hash =
									old.items[j].config_hash };
}

struct desired core_wish_expand(const struct core_wish *w, struct arena *a)
{
	struct expand_input in = {
		.deployment = w->current    ? w->current->name
			      : w->previous ? w->previous->name
					    : CORE_WISH_DEPLOYMENT,
		.current = w->current,
		.previous = w->previous,
		.observed = w->observed,
		.slots = w->slots,
		.n_slots = w->n_slots,
		.empty_reason = w->current ? NULL : "down",
	};
	struct desired d = { 0 };
	struct error err = ERROR_INIT;

	if (w->current) {
		expand_groups(w->current, a, &in.groups);
		core_wish_resolve(&in.groups, a);
		if (w->previous)
			find_before(w->previous, &in.groups, a);
	}
	if (expand_slots(&in, a, &d, &err) < 0)
		fail_msg("expand: %s", err.msg);
	return d;
}

const struct desired_slot *core_wish_slot(const struct desired *d, const char *name)
{
	struct arena *a CLEAN(arena) = arena_new();

	for (size_t i = 0; i < d->n; i++) {
		const struct desired_slot *s = &d->slots[i];
		if (strcmp(runtime_id_slot_name(a, s->service, s->number), name) == 0)
			return s;
	}
	fail_msg("no slot %s is wanted", name);
	return NULL;
}
