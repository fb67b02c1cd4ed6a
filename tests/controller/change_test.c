/* SPDX-License-Identifier: Apache-2.0 */
/*
 * T44: every field of a service is flipped, and the change has the class that the table below
 * says. The table knows the meaning of fields, not the schema's groups; each field of the schema
 * must be in it. Values are made by the schema's own types, one at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/diff.h"
#include "specs/fields.h"
#include "specs/hash.h"
#include "specs/reader.h"
#include "specs/schema_service.h"
#include "tests/controller/core_wish.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

/* --- what a change of a field is; the longest path counts --- */

static const struct row {
	const char *path;
	enum change_class class;
	bool is_ours; /* tallyman itself does it, no runtime */
} table[] = {
	/* How many, in which order, from where, on which node. */
	{ "scale", CHANGE_NONE, true },
	{ "replica_groups", CHANGE_NONE, true }, /* each group is a service of its own */
	{ "depends", CHANGE_NONE, true },
	{ "tallyman", CHANGE_NONE, true },
	{ "image.pull_policy", CHANGE_NONE, true },
	{ "image.source_policy", CHANGE_NONE, false },
	{ "schedule", CHANGE_NONE, false },
	{ "node_mode", CHANGE_NONE, false },
	{ "node_selector", CHANGE_NONE, false },
	{ "affinity", CHANGE_NONE, false },
	{ "expose", CHANGE_NONE, false },

	/* What is done with a container, and not what it is made of. */
	{ "endpoints", CHANGE_NO_ACTION, false },
	{ "health", CHANGE_NO_ACTION, false },
	{ "init", CHANGE_NO_ACTION, false },
	{ "errors", CHANGE_NO_ACTION, false },
	{ "lifecycle", CHANGE_NO_ACTION, false },
	{ "logs", CHANGE_NO_ACTION, false },
	{ "restart_policy", CHANGE_NO_ACTION, false },
	{ "stop_signal", CHANGE_NO_ACTION, false },
	{ "stop_grace_period", CHANGE_NO_ACTION, false },

	/* Limits that a living container can be given. */
	{ "resources", CHANGE_IN_PLACE, false },
	{ "resources.gpu", CHANGE_RECREATE, false },
	{ "resources.oom_score_adj", CHANGE_RECREATE, false },
	{ "resources.oom_kill_disable", CHANGE_RECREATE, false },

	/* What it is made of. */
	{ "image", CHANGE_RECREATE, false },
	{ "rtype", CHANGE_RECREATE, false },
	{ "service_type", CHANGE_RECREATE, false },
	{ "wasm", CHANGE_RECREATE, false },
	{ "platform", CHANGE_RECREATE, false },
	{ "isolation", CHANGE_RECREATE, false },
	{ "env", CHANGE_RECREATE, false },
	{ "command", CHANGE_RECREATE, false },
	{ "user", CHANGE_RECREATE, false },
	{ "extra_groups", CHANGE_RECREATE, false },
	{ "capabilities", CHANGE_RECREATE, false },
	{ "cap_drop", CHANGE_RECREATE, false },
	{ "privileged", CHANGE_RECREATE, false },
	{ "security_opt", CHANGE_RECREATE, false },
	{ "pid_mode", CHANGE_RECREATE, false },
	{ "ipc_mode", CHANGE_RECREATE, false },
	{ "userns_mode", CHANGE_RECREATE, false },
	{ "cgroup_parent", CHANGE_RECREATE, false },
	{ "sysctls", CHANGE_RECREATE, false },
	{ "ulimits", CHANGE_RECREATE, false },
	{ "init_container", CHANGE_RECREATE, false },
	{ "tty", CHANGE_RECREATE, false },
	{ "stdin_open", CHANGE_RECREATE, false },
	{ "labels", CHANGE_RECREATE, false },
	{ "devices", CHANGE_RECREATE, false },
	{ "storage", CHANGE_RECREATE, false },
	{ "read_only_root_fs", CHANGE_RECREATE, false },
	{ "network", CHANGE_RECREATE, false },
	{ "overlay", CHANGE_RECREATE, false },
	{ "network_mode", CHANGE_RECREATE, false },
	{ "host_network", CHANGE_RECREATE, false },
	{ "hostname", CHANGE_RECREATE, false },
	{ "dns", CHANGE_RECREATE, false },
	{ "extra_hosts", CHANGE_RECREATE, false },
	{ "port_mappings", CHANGE_RECREATE, false },
	{ "localhost_reachability", CHANGE_RECREATE, false },
};
static bool is_used[ARRAY_N(table)];

/* Does @path begin with the whole of @with? */
static bool is_below(const char *path, const char *with)
{
	size_t n = strlen(with);
	return strncmp(path, with, n) == 0 && (!path[n] || path[n] == '.' || path[n] == '[');
}

static const struct row *find_row(const char *path)
{
	const struct row *best = NULL;
	for (size_t i = 0; i < ARRAY_N(table); i++)
		if (is_below(path, table[i].path) &&
		    (!best || strlen(table[i].path) > strlen(best->path)))
			best = &table[i];
	if (best)
		is_used[best - table] = true;
	return best;
}

/* --- a service in which one field has one of two values --- */

struct flip {
	struct arena *a;
	const struct schema_field *leaf;
	unsigned value; /* 0 or 1 */
};

static struct node *build_type(const struct flip *f, const struct schema_type *t, const char *path);

static const char *word(const struct spec_enum *words, unsigned value)
{
	for (int i = 0; i < words->n; i++)
		if (words->names[i] && value-- == 0)
			return words->names[i];
	return NULL;
}

static struct node *build_scalar(const struct flip *f, const struct schema_field *field,
				 unsigned value)
{
	int64_t least = field->min > 1 ? field->min : 1;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_IMAGE:
		return node_text(f->a, value ? "two" : "one");
	case FIELD_BOOL:
		return node_plain(f->a, value ? "true" : "false");
	case FIELD_INT:
		return node_plain(f->a, arena_printf(f->a, "%lld", (long long)least + value));
	case FIELD_U64:
	case FIELD_ANY:
		return node_plain(f->a, value ? "2" : "1");
	case FIELD_FLOAT:
		return node_plain(f->a, value ? "2.5" : "1.5");
	case FIELD_DURATION:
		return node_text(f->a, value ? "2s" : "1s");
	case FIELD_WORD:
		return node_text(f->a, word(field->words, value));
	case FIELD_NETWORK_MODE:
		return node_text(f->a, value ? "host" : "none");
	case FIELD_AFFINITY:
		return node_text(f->a, value ? "spread" : "pack");
	case FIELD_PART:
		break;
	}
	fail_msg("%s is no scalar", field->name);
	return NULL;
}

/* A value for @field: what @path (below it) asks for, else the least that is allowed. */
static struct node *build_field(const struct flip *f, const struct schema_field *field,
				const char *path, unsigned value)
{
	struct node *inner = field->kind == FIELD_PART ? build_type(f, field->type, path)
						       : build_scalar(f, field, value);
	struct node *outer;

	switch (field->shape) {
	case SHAPE_ONE:
	case SHAPE_OPT:
		return inner;
	case SHAPE_LIST:
	case SHAPE_OPT_LIST:
		outer = node_list(f->a);
		node_push(f->a, outer, inner);
		return outer;
	case SHAPE_MAP:
		outer = node_map(f->a);
		node_put(f->a, outer, "key", inner);
		return outer;
	}
	return NULL;
}

/* Which of the variants has the field that is asked for; all have the tag. */
static size_t find_variant(const struct flip *f, const struct schema_type *t, const char *name)
{
	for (int v = 0; name && v < t->tag->words->n; v++)
		for (size_t i = 0; i < t->variants[v].n; i++)
			if (&t->variants[v].items[i] == f->leaf)
				return (size_t)v;
	for (int v = 0; v < t->tag->words->n; v++)
		for (size_t i = 0; i < t->variants[v].n; i++)
			if (name && strcmp(t->variants[v].items[i].name, name) == 0)
				return (size_t)v;
	return name && strcmp(name, t->tag->name) == 0 ? f->value : 0;
}

/* Everything required of @fields, and @name: the leaf when nothing is below it. */
static void build_fields(const struct flip *f, const struct schema_fields *fields, const char *name,
			 const char *rest, struct node *map)
{
	bool is_leaf = name && !rest[strspn(rest, ".[]*")];

	for (size_t i = 0; i < fields->n; i++) {
		const struct schema_field *field = &fields->items[i];
		bool is_on_the_way = name && strcmp(field->name, name) == 0;
		bool is_flipped = is_leaf && is_on_the_way;

		/* A part that may be absent is flipped by its absence. */
		if (is_flipped && field->kind == FIELD_PART && f->value == 0)
			continue;
		if (field->is_required || is_on_the_way)
			node_put(f->a, map, field->name,
				 build_field(f, field, is_on_the_way ? rest : "",
					     is_flipped ? f->value : 0));
	}
}

static struct node *build_type(const struct flip *f, const struct schema_type *t, const char *path)
{
	struct node *map = node_map(f->a);
	const char *name = path + strspn(path, ".[]*");
	size_t n = strcspn(name, ".[");
	const char *rest = name + n;

	name = n ? arena_strndup(f->a, name, n) : NULL;
	build_fields(f, &t->fields, name, rest, map);
	if (!t->tag)
		return map;
	size_t variant = find_variant(f, t, name);
	node_put(f->a, map, t->tag->name, node_text(f->a, t->tag->words->names[variant]));
	build_fields(f, &t->variants[variant], name, rest, map);
	return map;
}

static const char *hash_of(const struct flip *f, const char *path, struct service *ret)
{
	struct findings findings;
	char hash[HASH_SIZE];

	findings_init(&findings, f->a, "flip");
	reader_read(&schema_service, build_type(f, &schema_service, path), f->a, &findings, ret);
	if (findings.n_errors)
		fail_msg("%s: %s: %s", path, findings.items[0].path, findings.items[0].message);
	hash_service(ret, NULL, hash);
	return arena_strdup(f->a, hash);
}

/* --- the flip --- */

static const char *class_name(enum change_class c)
{
	static const char *const names[] = { "none", "no action", "in place", "recreate",
					     "unknown" };
	return names[c];
}

static enum change_class class_of(const char *have, const char *want, struct service *service,
				  struct arena *a)
{
	const struct expand_group group = { .service = service, .config_hash = want };
	const struct desired_slot slot = { .group = &group };
	const struct instance is = { .config_hash = have };
	const char *fields;
	return diff_change(&slot, &is, a, &fields);
}

/* What a runtime does with a field must reach it: only what is ours may count for nothing. */
static void check_runtimes(const char *path, const struct row *row)
{
	struct fields_answer on_linux, on_windows;

	assert_int_equal(fields_lookup(path, FIELDS_YOUKI, &on_linux), 0);
	assert_int_equal(fields_lookup(path, FIELDS_HCS, &on_windows), 0);
	if (row->class == CHANGE_NONE && !row->is_ours &&
	    (on_linux.support == FIELDS_HONOURED || on_windows.support == FIELDS_HONOURED))
		fail_msg("%s: a runtime does something with it, and nobody tells the runtime",
			 path);
}

static void flip_field(void *ctx, const char *path, const struct schema_field *f,
		       const struct schema_type *in)
{
	static const char services[] = "services.*.";
	struct arena *a CLEAN(arena) = arena_new();
	struct flip flip = { .a = a, .leaf = f };
	struct service one, two;
	size_t *n = ctx;

	(void)in;
	if (strncmp(path, services, strlen(services)) != 0 || strcmp(path, "services") == 0)
		return;
	/* What is always there, if only by its defaults, has no value of its own. */
	if (f->kind == FIELD_PART && f->shape == SHAPE_ONE)
		return;
	const char *below = path + strlen(services);
	const struct row *row = find_row(below);
	if (!row)
		fail_msg("%s is in no row: which class has a change of it?", path);
	const char *have = hash_of(&flip, below, &one);
	flip.value = 1;
	const char *want = hash_of(&flip, below, &two);
	enum change_class class = class_of(have, want, &two, a);
	if (class != row->class)
		fail_msg("%s: a change of it is '%s', not '%s'", path, class_name(class),
			 class_name(row->class));
	check_runtimes(path, row);
	(*n)++;
}

static void test_every_field(void **state)
{
	(void)state;
	size_t n = 0;
	schema_walk(flip_field, &n);
	assert_true(n > 200);
	for (size_t i = 0; i < ARRAY_N(table); i++)
		if (!is_used[i])
			fail_msg("row %s is about no field", table[i].path);
}

/* --- values of a group are a service's own --- */

static const struct {
	const char *have, *want; /* of the group */
	enum change_class class;
} groups[] = {
	{ "env: {A: '1'}", "env: {A: '2'}", CHANGE_RECREATE },
	{ "image: {name: app:1}", "image: {name: app:2}", CHANGE_RECREATE },
	{ "command: {args: [a]}", "command: {args: [b]}", CHANGE_RECREATE },
	{ "resources: {memory: 1Gi}", "resources: {memory: 2Gi}", CHANGE_IN_PLACE },
	{ "affinity: pack", "affinity: spread", CHANGE_NONE },
	{ "image: {name: app:1}", "image: {name: docker.io/library/app:1}", CHANGE_NONE },
};

static struct desired group_of(const char *fields, struct arena *a)
{
	struct core_wish w = { .current = core_wish_services(
				       arena_printf(a,
						    "web: {image: {name: app:1}, replica_groups: "
						    "[{role: a, count: 1, %s}]}",
						    fields),
				       a) };
	return core_wish_expand(&w, a);
}

static void test_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(groups); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct desired was = group_of(groups[i].have, a);
		struct desired is = group_of(groups[i].want, a);
		const struct instance there = {
			.config_hash = was.slots[0].group->config_hash,
			.digest = was.slots[0].group->digest,
		};
		const char *fields;
		assert_int_equal(diff_change(&is.slots[0], &there, a, &fields), groups[i].class);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
