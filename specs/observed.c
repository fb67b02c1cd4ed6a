/* SPDX-License-Identifier: Apache-2.0 */
/* Names and order of observed values. */
#include "specs/observed.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[INSTANCE_N_STATES] = {
#define X(id, name) [INSTANCE_##id] = name,
	INSTANCE_STATES(X)
#undef X
};

const char *instance_state_to_string(enum instance_state s)
{
	return (unsigned)s < INSTANCE_N_STATES ? names[s] : "?";
}

bool instance_state_from_string(const char *text, enum instance_state *ret)
{
	for (int i = 0; i < INSTANCE_N_STATES; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum instance_state)i;
			return true;
		}
	}
	return false;
}

int observed_compare(const struct instance *a, const struct instance *b)
{
	int c = strcmp(a->deployment, b->deployment);

	if (c == 0)
		c = strcmp(a->service, b->service);
	if (c == 0)
		c = (a->slot > b->slot) - (a->slot < b->slot);
	if (c == 0)
		c = (a->generation > b->generation) - (a->generation < b->generation);
	return c ? c : strcmp(a->runtime, b->runtime);
}

static int compare(const void *a, const void *b)
{
	return observed_compare(a, b);
}

void observed_sort(struct observed *o)
{
	if (o->n)
		qsort(o->instances, o->n, sizeof(*o->instances), compare);
}

/* The first instance whose deployment is not before @deployment, or after it with @past. */
static size_t bound(const struct observed *o, const char *deployment, bool past)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(o->instances[middle].deployment, deployment);

		if (c < 0 || (past && c == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct observed observed_part(const struct observed *o, const char *deployment)
{
	size_t first = bound(o, deployment, false), end = bound(o, deployment, true);
	struct observed part = *o;

	part.instances = o->n ? o->instances + first : NULL;
	part.n = end - first;
	return part;
}

void observed_note_silent(struct observed *o, const char *runtime, const char *missing,
			  struct arena *a)
{
	if (!o->partial)
		o->missing = missing;
	o->partial = true;
	o->silent = arena_grow(a, o->silent, o->n_silent, sizeof(*o->silent));
	o->silent[o->n_silent++] = runtime;
}

bool observed_proves_absence(const struct observed *o, const char *runtime)
{
	if (!o->partial)
		return true;
	for (size_t i = 0; i < o->n_silent; i++)
		if (!runtime || !o->silent[i] || strcmp(o->silent[i], runtime) == 0)
			return false;
	return o->n_silent > 0;
}

bool observed_has_lost(const struct observed *o, const char *deployment, const char *service,
		       uint32_t slot)
{
	for (size_t i = 0; i < o->n_lost; i++) {
		const struct instance *was = &o->lost[i];

		if (was->slot == slot && strcmp(was->service, service) == 0 &&
		    strcmp(was->deployment, deployment) == 0)
			return true;
	}
	return false;
}

const char *observed_ended(int exit_code, struct arena *a)
{
	uint32_t code = (uint32_t)exit_code;

	/* From there on they are NTSTATUS and HRESULT values. */
	return arena_printf(a, code < 0x80000000 ? "ended with %u" : "ended with 0x%08X", code);
}
