/* SPDX-License-Identifier: Apache-2.0 */
/* orphans ls: what the last sweep remembered. Looks at no runtime and changes nothing. */
#include "base/clock.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/sweep_json.h"
#include "controller/text.h"
#include "store/orphan_store.h"
#include "store/store.h"

static void print(struct cli *cli, const struct orphan_rows *rows)
{
	static const char *const headers[] = { "ID",    "RUNTIME", "STATE", "SEEN",
					       "SINCE", "KINDS",   "REASON" };
	struct buf text CLEAN(buf) = BUF_INIT(64 << 20);
	struct table *t = table_new(cli->arena, headers, 7);
	struct wall now = clock_wall();

	for (size_t i = 0; i < rows->n; i++) {
		const struct orphan *o = &rows->items[i];

		table_row(t, (const char *const[]){
				     o->id,
				     o->runtime,
				     orphan_state_to_string(o->state),
				     arena_printf(cli->arena, "%lldx", (long long)o->sightings),
				     text_age(cli->arena, o->since, now),
				     leftover_words(o->kinds, cli->arena),
				     o->reason,
			     });
	}
	table_print(t, &text);
	output_bytes(cli->out, text.data, text.n);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct store *store CLEAN(store) = NULL;
	struct orphan_rows rows = { 0 };
	int r = open_store(cli, args, &store, err);

	if (r == 0 && store)
		r = orphan_store_list(store, cli->arena, &rows, err);
	if (r < 0)
		return r;
	if (output_is_json(cli->out))
		output_json(cli->out, sweep_json_orphans(rows.items, rows.n));
	else
		print(cli, &rows);
	return EXIT_DONE;
}

const struct command cmd_orphans_ls = {
	.name = "orphans ls",
	.summary = "list what sweeps have found and not taken away",
	.arguments = "",
	.about =
		"Shows what is remembered of orphans: how many sweeps in a row saw each, the state "
		"it\n"
		"is in, and why one is stuck. 'tallyman sweep' looks anew.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.max_words = 0,
	.run = run,
};
