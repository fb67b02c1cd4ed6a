/* SPDX-License-Identifier: Apache-2.0 */
/* Two rows each: the wish and the event that tells of it. */
#include "controller/accept.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/deployment_store.h"
#include "store/event_store.h"

static int tell(struct store *s, const char *kind, const char *deployment,
		const struct accept_from *from, const char *message, struct error *err)
{
	const struct wall now = clock_wall();
	const struct event_row event = { .first = now,
					 .last = now,
					 .level = EVENT_INFO,
					 .kind = kind,
					 .deployment = deployment,
					 .slot = -1,
					 .message = message,
					 .by_person = from->by_person };

	return event_store_append(s, &event, err);
}

int accept_file(struct store *s, const struct accept_file *file, const struct accept_from *from,
		int64_t *ret_revision, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct revision_row rev = { .bytes = file->bytes,
					  .n_bytes = file->n,
					  .env = file->env,
					  .source = from->source,
					  .author = from->author,
					  .created = clock_wall() };
	int was =
		deployment_store_put(s, file->deployment, &rev, from->by_person, ret_revision, err);
	int r;

	if (was < 0 || (was == DEPLOYMENT_UNCHANGED && !from->by_person))
		return was;
	r = tell(s, "apply", file->deployment, from,
		 arena_printf(a, "apply of %s: revision %lld", from->source,
			      (long long)*ret_revision),
		 err);
	return r < 0 ? r : was;
}

int accept_down(struct store *s, const char *deployment, const struct accept_from *from,
		struct error *err)
{
	int r = deployment_store_wish(s, deployment, DEPLOYMENT_NOTHING, from->by_person,
				      clock_wall(), err);

	return r < 0 ? r : tell(s, "down", deployment, from, "down: nothing of it is wanted", err);
}
