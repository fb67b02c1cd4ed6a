/* SPDX-License-Identifier: Apache-2.0 */
/* A short list: strangers in a slice of ours are rare. */
#include "controller/avoid.h"

#include <string.h>

#include "base/arena.h"
#include "specs/slice.h"

/* A create that fails for it costs less than what stands on an address that got free unseen. */
enum { AVOID_S = 60 };

struct avoid_item {
	struct avoid_item *next;
	char address[SLICE_TEXT];
	char runtime[16];
	struct mono until;
};

struct avoid {
	struct avoid_item *first;
};

struct avoid *avoid_new(void)
{
	return xcalloc(1, sizeof(struct avoid));
}

/* Those that are over at @now; all when it is NULL. */
static void drop(struct avoid *v, const struct mono *now)
{
	for (struct avoid_item **at = &v->first; *at;) {
		struct avoid_item *i = *at;

		if (now && mono_cmp(i->until, *now) > 0) {
			at = &i->next;
			continue;
		}
		*at = i->next;
		free(i);
	}
}

void avoid_free(struct avoid *v)
{
	if (!v)
		return;
	drop(v, NULL);
	free(v);
}

static struct avoid_item *find(const struct avoid *v, const char *runtime, const char *address)
{
	for (struct avoid_item *i = v->first; i; i = i->next)
		if (strcmp(i->address, address) == 0 && strcmp(i->runtime, runtime) == 0)
			return i;
	return NULL;
}

void avoid_add(struct avoid *v, const char *runtime, const char *address, struct mono now)
{
	struct avoid_item *i;

	drop(v, &now);
	i = find(v, runtime, address);
	if (!i) {
		i = xcalloc(1, sizeof(*i));
		snprintf(i->address, sizeof(i->address), "%s", address);
		snprintf(i->runtime, sizeof(i->runtime), "%s", runtime);
		i->next = v->first;
		v->first = i;
	}
	i->until = mono_add(now, AVOID_S * CLOCK_SEC);
}

bool avoid_has(const struct avoid *v, const char *runtime, const char *address, struct mono now)
{
	const struct avoid_item *i = find(v, runtime, address);

	return i && mono_cmp(i->until, now) > 0;
}
