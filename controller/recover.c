/* SPDX-License-Identifier: Apache-2.0 */
/* One look, one transaction. Touches no container. */
#include "controller/recover.h"

#include "controller/ledger.h"
#include "controller/view.h"
#include "store/instance_store.h"
#include "store/node_store.h"
#include "store/store.h"

static int not_seen(const struct observed *all, struct error *err)
{
	(void)error_set(err, ERR_UNAVAILABLE, 0, "not everything can be seen: %s", all->missing);
	error_hint(err, "accept when it can: what is missed now would be nobody's afterwards");
	return -ERR_UNAVAILABLE;
}

static int take_in(struct session *s, const struct observation *looks, size_t n, struct arena *a,
		   struct error *err)
{
	struct ledger_touched *touched CLEAN(ledger_touched) = ledger_touched_new();
	const struct ledger l = { .store = s->store,
				  .session = s->number,
				  .boot_id = s->boot_id,
				  .adopts_all = true,
				  .now = clock_wall(),
				  .arena = a };
	struct observed all;
	int r = ledger_look(&l, looks, n, touched, &all, err);

	if (r == 0 && all.partial)
		r = not_seen(&all, err);
	return r < 0 ? r : node_store_accept(s->store, err);
}

int recover_accept(struct session *s, struct error *err)
{
	struct observation looks[RUNTIME_COMPOSITE_MAX];
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct arena *a CLEAN(arena) = arena_new();
	struct instance_rows rows;
	int r;

	if (!s->must_accept)
		return 0;
	r = instance_store_list(s->store, NULL, a, &rows, err);
	r = r < 0 ? r : view_observe(s, &rows, a, looks, err);
	r = r < 0 ? r : store_begin(s->store, ERROR_HERE, &txn, err);
	r = r < 0 ? r : take_in(s, looks, runtime_composite_count(s->runtimes), a, err);
	return r < 0 ? r : store_commit(&txn, err);
}
