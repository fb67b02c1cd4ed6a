/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of our own come from three places, the first that speaks wins: the
 * service's `tallyman:`, its labels dev.tallyman.* (for files that upstream must
 * read too), the deployment's `tallyman:`. What nobody says is a constant here.
 */
#include "specs/normalize.h"

#include <string.h>

#include "base/arena.h"
#include "specs/duration.h"
#include "specs/memory.h"
#include "specs/reader.h"
#include "specs/schema_service.h"

#define LABEL_PREFIX    "dev.tallyman."
#define STOP_GRACE_US   INT64_C(10000000) /* what docker waits, too */
#define UPDATE_PARALLEL 1

struct touch {
	const struct node *root;
	struct findings *findings;
};

static void note(const struct touch *t, enum finding_code code, const char *path,
		 const char *message)
{
	struct mark mark = { 0, 0 };
	path = findings_message(t->findings, "%s", path);
	if (t->root)
		mark = node_find(t->root, path)->mark;
	findings_add(t->findings, code, mark, path, NULL, message);
}

/* The settings in labels, as the tree that `tallyman:` would have been. */
static struct node *label_tree(const struct touch *t, const struct service *s)
{
	static const char *const plain[] = { "on_unhealthy", "protect" };
	static const char *const updates[] = { "update.strategy", "update.max_parallel" };
	struct arena *arena = t->findings->arena;
	struct node *tree = node_map(arena);
	struct node *update = node_map(arena);
	for (size_t i = 0; i < s->labels.n; i++) {
		const struct pair *p = &s->labels.items[i];
		if (!p->value || strncmp(p->key, LABEL_PREFIX, strlen(LABEL_PREFIX)) != 0)
			continue;
		const char *key = p->key + strlen(LABEL_PREFIX);
		const struct node *value = node_plain(arena, p->value);
		if (strcmp(key, plain[0]) == 0 || strcmp(key, plain[1]) == 0)
			node_put(arena, tree, key, value);
		else if (strcmp(key, updates[0]) == 0 || strcmp(key, updates[1]) == 0)
			node_put(arena, update, strchr(key, '.') + 1, value);
		else
			note(t, FINDING_SETTING_UNKNOWN,
			     arena_printf(arena, "services.%s.labels.%s", s->name, p->key),
			     findings_message(t->findings, "there is no setting '%s'", key));
	}
	node_put(arena, tree, "update", update);
	return tree;
}

static struct tallyman read_labels(const struct touch *t, const struct service *s)
{
	struct tallyman from_labels = { .on_unhealthy = ON_UNHEALTHY_UNSET };
	struct findings wrong;
	findings_init(&wrong, t->findings->arena, "");
	struct node *tree = label_tree(t, s);
	reader_read(&schema_service_tallyman, tree, t->findings->arena, &wrong, &from_labels);
	for (size_t i = 0; i < wrong.n; i++)
		note(t, FINDING_SETTING,
		     arena_printf(t->findings->arena, "services.%s.labels.%s%s", s->name,
				  LABEL_PREFIX, wrong.items[i].path),
		     wrong.items[i].message);
	return from_labels;
}

static bool has_labels(const struct service *s)
{
	for (size_t i = 0; i < s->labels.n; i++)
		if (strncmp(s->labels.items[i].key, LABEL_PREFIX, strlen(LABEL_PREFIX)) == 0)
			return true;
	return false;
}

/* What @over leaves open is taken from @under. */
static struct tallyman lay_over(struct tallyman over, const struct tallyman *under)
{
	if (over.update.strategy == UPDATE_UNSET)
		over.update.strategy = under->update.strategy;
	if (!over.update.max_parallel.has)
		over.update.max_parallel = under->update.max_parallel;
	if (over.on_unhealthy == ON_UNHEALTHY_UNSET)
		over.on_unhealthy = under->on_unhealthy;
	if (!over.protect.has)
		over.protect = under->protect;
	return over;
}

static void set_restart(const struct touch *t, struct service *s)
{
	const struct restart_policy *r = s->restart_policy;
	struct duration delay;
	const char *why;
	s->policy.restart = s->rtype == RTYPE_SERVICE ? RESTART_ALWAYS : RESTART_NO;
	if (!r)
		return;
	s->policy.restart = r->kind;
	s->policy.restart_max_attempts = r->max_attempts.value;
	if (!r->delay)
		return;
	if (duration_parse(r->delay, &delay, &why))
		s->policy.restart_delay_us = duration_us(delay);
	else
		note(t, FINDING_RESTART_DELAY,
		     arena_printf(t->findings->arena, "services.%s.restart_policy.delay", s->name),
		     findings_message(t->findings, "'%s' is no duration (%s) and is ignored",
				      r->delay, why));
}

static void set_policy(const struct touch *t, struct service *s, const struct tallyman *defaults)
{
	struct tallyman all = s->tallyman;
	if (has_labels(s)) {
		struct tallyman from_labels = read_labels(t, s);
		all = lay_over(all, &from_labels);
	}
	if (defaults)
		all = lay_over(all, defaults);
	s->policy = (struct service_policy){
		.update_strategy = all.update.strategy ? all.update.strategy : UPDATE_STOP_FIRST,
		.update_max_parallel = all.update.max_parallel.has ? all.update.max_parallel.value
								   : UPDATE_PARALLEL,
		.on_unhealthy = all.on_unhealthy ? all.on_unhealthy : ON_UNHEALTHY_RESTART,
		.protect = all.protect.value,
		.stop_grace_us = s->stop_grace_period.has ? duration_us(s->stop_grace_period.value)
							  : STOP_GRACE_US,
	};
	set_restart(t, s);
}

static void fold_host_network(const struct touch *t, struct service *s)
{
	if (!s->host_network.has)
		return;
	note(t, FINDING_HOST_NETWORK,
	     arena_printf(t->findings->arena, "services.%s.host_network", s->name),
	     "host_network is the old spelling of network_mode: host");
	if (s->host_network.value && s->network_mode.kind == NETWORK_DEFAULT)
		s->network_mode = (struct network_mode){ NETWORK_HOST, NULL };
	s->host_network = (struct opt_bool){ false, false };
}

static bool is_size(const char *text)
{
	uint64_t bytes;
	return strcmp(text, "-1") == 0 || memory_parse_lax(text, &bytes);
}

static void check_sizes(const struct touch *t, const struct service *s)
{
	const struct {
		const char *name;
		const char *text;
	} sizes[] = { { "memory_swap", s->resources.memory_swap },
		      { "memory_reservation", s->resources.memory_reservation } };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i].text && !is_size(sizes[i].text))
			note(t, FINDING_SIZE,
			     arena_printf(t->findings->arena, "services.%s.resources.%s", s->name,
					  sizes[i].name),
			     findings_message(
				     t->findings,
				     "'%s' is not a size: a container with it cannot be made",
				     sizes[i].text));
}

void normalize_service(struct service *s, const struct tallyman *defaults, const struct node *root,
		       struct findings *findings)
{
	struct touch t = { root, findings };
	fold_host_network(&t, s);
	check_sizes(&t, s);
	set_policy(&t, s, defaults);
}

void normalize_deployment(struct deployment *d, const struct node *root, struct findings *findings)
{
	for (size_t i = 0; i < d->services.n; i++)
		normalize_service(&d->services.items[i], &d->tallyman, root, findings);
}
