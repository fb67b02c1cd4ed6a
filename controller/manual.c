/* SPDX-License-Identifier: Apache-2.0 */
/* From a person's words to the event of the core. Decides nothing about containers. */
#include "controller/manual.h"

#include <stdlib.h>
#include <string.h>

#include "controller/driver.h"
#include "controller/wanted.h"
#include "store/event_store.h"

static const struct {
	const char *name;
	enum reconcile_event_type event;
} actions[MANUAL_N_ACTIONS] = {
#define X(id, name, event) [MANUAL_##id] = { name, event },
	MANUAL_ACTIONS(X)
#undef X
};

static const char *const told[MANUAL_N_ACTIONS] = {
	[MANUAL_STOP] = "stop: it stays stopped until start or restart",
	[MANUAL_START] = "start",
	[MANUAL_RESTART] = "restart: a new instance of each slot",
};

const char *manual_action_to_string(enum manual_action a)
{
	return actions[a].name;
}

static void copy_scope(const struct scope *from, struct arena *a, struct scope *ret)
{
	struct scope_item *items = arena_array(a, from->n, sizeof(*items));

	for (size_t i = 0; i < from->n; i++) {
		items[i] = from->items[i];
		items[i].service = arena_strdup(a, items[i].service);
	}
	*ret = (struct scope){ items, from->n };
}

struct manual_asked *manual_copy(const struct manual *m)
{
	struct arena *a = arena_new();
	struct manual_asked *copy = arena_alloc(a, sizeof(*copy));

	*copy = (struct manual_asked){ .arena = a, .m = *m };
	copy->m.deployment = arena_strdup(a, m->deployment);
	copy->m.from.source = arena_strdup(a, m->from.source);
	copy->m.from.author = arena_strdup(a, m->from.author);
	copy_scope(&m->scope, a, &copy->m.scope);
	return copy;
}

void manual_free(struct manual_asked *a)
{
	while (a) {
		struct manual_asked *next = a->next;

		arena_free(a->arena); /* with @a itself */
		a = next;
	}
}

void manual_event(const struct manual *m, struct reconcile_event *ret)
{
	*ret = (struct reconcile_event){ .type = actions[m->action].event, .scope = &m->scope };
}

void manual_row(const struct manual *m, size_t i, struct event_row *ret)
{
	const struct scope_item *item = &m->scope.items[i];

	*ret = (struct event_row){
		.level = EVENT_INFO,
		.kind = actions[m->action].name,
		.deployment = m->deployment,
		.service = item->service,
		.slot = item->has_slot ? (int64_t)item->slot : -1,
		.message = told[m->action],
		.by_person = m->from.by_person,
	};
}

/* --- asking --- */

static bool is_wanted(const struct desired *d, const struct scope *scope)
{
	for (size_t i = 0; i < d->n; i++)
		if (scope_has(scope, d->slots[i].service, d->slots[i].number))
			return true;
	return false;
}

static int nothing_wanted(const struct manual *m, const struct desired *d, struct error *err)
{
	if (m->action == MANUAL_STOP)
		return MANUAL_NOTHING;
	if (d->n == 0 && d->empty_reason) {
		(void)error_set(err, ERR_NOT_FOUND, 0,
				"deployment '%s' was taken down: there is nothing to %s",
				m->deployment, actions[m->action].name);
		error_hint(err, "'tallyman apply FILE' brings it back");
		return -ERR_NOT_FOUND;
	}
	(void)error_set(err, ERR_NOT_FOUND, 0,
			"the current revision of '%s' has no such slot: there is nothing to %s",
			m->deployment, actions[m->action].name);
	error_hint(err, "'tallyman status %s' shows what there is", m->deployment);
	return -ERR_NOT_FOUND;
}

static void limit_to(struct wanted *w, const struct scope *scope)
{
	struct scope *copy = arena_alloc(w->arena, sizeof(*copy));

	copy_scope(scope, w->arena, copy);
	w->scope = copy;
	w->is_asked = true;
}

/* @ret: what the store wants of a deployment that the driver does not track; NULL: it does. */
static int judge(struct session *s, struct driver *d, const struct manual *m, struct wanted **ret,
		 struct error *err)
{
	const struct desired *desired = driver_desired(d, m->deployment);
	int r;

	if (!desired) {
		r = wanted_from_store(s, m->deployment, ret, err);
		if (r)
			return r < 0 ? r
				     : error_set(err, ERR_NOT_FOUND, 0,
						 "no deployment '%s' was ever seen on this node",
						 m->deployment);
		desired = &(*ret)->desired;
	}
	return is_wanted(desired, &m->scope) ? 0 : nothing_wanted(m, desired, err);
}

int manual_judge(struct session *s, struct driver *d, const struct manual *m, struct error *err)
{
	struct wanted *w CLEAN(wanted) = NULL;

	return judge(s, d, m, &w, err);
}

int manual_ask(struct session *s, struct driver *d, const struct manual *m, struct error *err)
{
	struct wanted *w CLEAN(wanted) = NULL;
	int r = judge(s, d, m, &w, err);

	if (r)
		return r;
	if (w) {
		limit_to(w, &m->scope);
		driver_want(d, TAKE(w));
	}
	driver_manual(d, m);
	return 0;
}
