/* SPDX-License-Identifier: Apache-2.0 */
/* Two rows each: the wish and the event that tells of it. */
#include "controller/accept.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/slot_store.h"

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

/* Was it taken down? */
static int is_down(struct store *s, const char *deployment, struct deployment_row *ret,
		   struct arena *a, struct error *err)
{
	int r = deployment_store_find(s, deployment, a, ret, err);

	if (r)
		return r < 0 ? r : 0;
	return ret->wish == DEPLOYMENT_NOTHING;
}

/* Put after a down: what a person took down only a person brings back. Its jobs run again, also one
 * whose end was noted while it went down. */
static int revive(struct store *s, const struct deployment_row *row, bool is_kept,
		  struct error *err)
{
	if (is_kept)
		return deployment_store_wish(s, row->name, DEPLOYMENT_NOTHING, true, row->wish_at,
					     err);
	return slot_store_forget_done(s, row->name, err);
}

static int put(struct store *s, const struct accept_file *file, const struct accept_from *from,
	       int64_t *ret_revision, struct error *err)
{
	const struct revision_row rev = { .bytes = file->bytes,
					  .n_bytes = file->n,
					  .env = file->env,
					  .source = from->source,
					  .author = from->author,
					  .created = clock_wall() };

	return deployment_store_put(s, file->deployment, &rev, from->by_person, ret_revision, err);
}

int accept_file(struct store *s, const struct accept_file *file, const struct accept_from *from,
		int64_t *ret_revision, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct deployment_row row;
	int down = is_down(s, file->deployment, &row, a, err);
	int was = down < 0 ? down : put(s, file, from, ret_revision, err), r = 0;

	if (was < 0)
		return was;
	bool is_kept = down && row.wish_by_person && !from->by_person;
	if (down)
		r = revive(s, &row, is_kept, err);
	if (r == 0 && (was != DEPLOYMENT_UNCHANGED || from->by_person))
		r = tell(s, "apply", file->deployment, from,
			 arena_printf(a, "apply of %s: revision %lld%s", from->source,
				      (long long)*ret_revision,
				      is_kept ? ", but it was taken down" : ""),
			 err);
	if (r < 0)
		return r;
	if (is_kept)
		return ACCEPT_KEPT_DOWN;
	return was == DEPLOYMENT_UNCHANGED ? ACCEPT_UNCHANGED : 0;
}

int accept_down(struct store *s, const char *deployment, const struct accept_from *from,
		struct error *err)
{
	int r = deployment_store_wish(s, deployment, DEPLOYMENT_NOTHING, from->by_person,
				      clock_wall(), err);

	r = r < 0 ? r : slot_store_forget_done(s, deployment, err);
	return r < 0 ? r : tell(s, "down", deployment, from, "down: nothing of it is wanted", err);
}
