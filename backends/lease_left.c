/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at names in two directories; takes nothing away. */
#include "backends/lease_left.h"

#include <fcntl.h>

#include "base/fs.h"

static const char *leases(const struct lease_left *l, struct arena *a)
{
	return arena_printf(a, "%s/leases", layout_images(l->layout, a));
}

/* A lease called @name; 0 too when the other runtime has a reason for it at @other. */
static int look_at(const struct lease_left *l, const char *name, const char *other, struct arena *a,
		   struct error *err)
{
	int r = fs_exists(AT_FDCWD, arena_printf(a, "%s/%s", leases(l, a), name), err);

	if (r <= 0)
		return r;
	r = fs_exists(AT_FDCWD, other, err);
	return r < 0 ? r : r == 0 ? LEFTOVER_THERE : 0;
}

int lease_left_look(const struct lease_left *l, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return look_at(l, id, l->other_dir(l->layout, a, id), a, err);
}

static int look_kept_lease(const struct lease_left *l, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *kept = layout_quarantine(l->layout, a, id);

	return look_at(l, quarantine_lease(id, a), arena_printf(a, "%s/%s", kept, l->other_layer),
		       a, err);
}

int lease_left_look_kept(const struct lease_left *l, const char *id, struct error *err)
{
	const struct quarantine q = { .layout = l->layout, .id = id, .layer = l->layer };
	int r = quarantine_has(&q, err);

	return r == 0 ? look_kept_lease(l, id, err) : r < 0 ? r : LEFTOVER_THERE;
}

struct walk {
	const struct lease_left *l;
	int (*look)(const struct lease_left *l, const char *id, struct error *err);
};

static int is_mine(void *arg, const char *id, struct error *err)
{
	const struct walk *w = arg;

	return w->look(w->l, id, err);
}

int lease_left_list(const struct lease_left *l, struct leftovers_set *set, struct error *err)
{
	struct walk w = { l, lease_left_look };
	const struct leftovers_names names = { leases(l, leftovers_arena(set)), "", is_mine, &w };

	return leftovers_add_names(set, &names, LEFTOVER_LEASE, err);
}

int lease_left_list_kept(const struct lease_left *l, struct leftovers_set *set, struct error *err)
{
	struct walk w = { l, lease_left_look_kept };
	const struct leftovers_names dirs = {
		layout_quarantine(l->layout, leftovers_arena(set), NULL), "", is_mine, &w
	};
	const struct leftovers_names names = { leases(l, leftovers_arena(set)),
					       QUARANTINE_LEASE_SUFFIX, is_mine, &w };
	int r = leftovers_add_names(set, &dirs, LEFTOVER_QUARANTINE, err);

	return r < 0 ? r : leftovers_add_names(set, &names, LEFTOVER_QUARANTINE, err);
}
