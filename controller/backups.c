/* SPDX-License-Identifier: Apache-2.0 */
/* Small slices between the turns of the loop, so that no step waits for a copy. What a copy is, and
 * which ones stay, is the store's. */
#include "controller/backups.h"

#include "store/backup.h"

#define LOOK_US (3600 * CLOCK_SEC) /* between looks whether one is due */

enum { SLICE_PAGES = 64 }; /* 256 KiB: less than a turn's own commit costs on a slow disk */

static int begin_due(struct backups *b, struct error *err)
{
	const struct wall now = clock_wall();
	bool is_due = false;
	int r = backup_is_due(b->store, now, &is_due, err);

	return r < 0 || !is_due ? r : backup_begin(b->store, now, &b->copy, err);
}

int backups_turn(struct backups *b, struct mono now, struct error *err)
{
	int r = 0;

	if (!b->copy && b->due.us && mono_cmp(now, b->due) < 0)
		return 0;
	if (!b->copy)
		r = begin_due(b, err);
	if (r == 0 && b->copy)
		r = backup_step(b->copy, SLICE_PAGES, err);
	if (r == BACKUP_MORE)
		return 0;
	backups_end(b);
	b->due = mono_add(now, LOOK_US);
	return r;
}

struct mono backups_wake(const struct backups *b)
{
	return b->copy || !b->due.us ? (struct mono){ 1 } : b->due;
}

void backups_end(struct backups *b)
{
	backup_end(b->copy);
	b->copy = NULL;
}

int backups_run(struct store *store, struct error *err)
{
	struct backups b = { .store = store };
	int r;

	do
		r = backups_turn(&b, (struct mono){ 1 }, err);
	while (r == 0 && b.copy);
	return r;
}
