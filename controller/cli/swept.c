/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each orphan, with what came of it and why; then the sum. */
#include "controller/cli/swept.h"

#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/config.h"
#include "controller/sweep_json.h"

static const char *state_word(const struct sweep_item *item)
{
	if (item->orphan.state == ORPHAN_QUARANTINED)
		return "in quarantine";
	return item->has_instance ? instance_state_to_string(item->state) : "left over";
}

static void tell_fate(struct cli *cli, const struct sweep_fate *f)
{
	const struct orphan *o = &f->item.orphan;

	output_printf(cli->out, "? orphan %s on %s: %s (%s): %s%s%s\n", o->id, o->runtime,
		      state_word(&f->item), leftover_words(o->kinds, cli->arena),
		      sweep_wave_end_name(f->end), f->why ? ": " : "", f->why ? f->why : "");
}

static void tell_text(struct cli *cli, const struct sweep_result *res)
{
	for (size_t i = 0; i < res->n; i++)
		tell_fate(cli, &res->fates[i]);
	for (size_t i = 0; i < res->n_foreign; i++)
		output_printf(cli->out, "! foreign %s on %s (%s): left: %s\n", res->foreign[i].id,
			      res->foreign[i].runtime,
			      leftover_words(res->foreign[i].kinds, cli->arena),
			      res->foreign[i].whose);
	if (!res->n && !res->n_foreign) {
		output_puts(cli->out, "Sweep: nothing left over\n");
		return;
	}
	output_printf(cli->out, "Sweep: %zu removed, %zu kept, %zu left, %zu stuck, %zu foreign.\n",
		      res->counts[SWEEP_END_REMOVED], res->counts[SWEEP_END_KEPT],
		      res->counts[SWEEP_END_LEFT], res->counts[SWEEP_END_STUCK], res->n_foreign);
}

static void tell(struct cli *cli, const struct sweep_result *res)
{
	for (size_t i = 0; i < res->n_failures; i++)
		output_warn(cli->out, "%s: nothing of it is swept: %s", res->failures[i].runtime,
			    res->failures[i].why);
	if (res->held && res->n)
		output_warn(cli->out, "nothing is swept: %s", res->held);
	if (output_is_json(cli->out))
		output_json(cli->out, sweep_json_document(res));
	else
		tell_text(cli, res);
}

/* The worst of what is left says how it ended. */
static int status_of(const struct sweep_result *res)
{
	size_t left = res->n - res->counts[SWEEP_END_REMOVED];

	if (res->held && res->n)
		return EXIT_APPROVAL;
	if (res->n_failures)
		return EXIT_PARTLY;
	if (left)
		return res->mode == SWEEP_REPORT ? EXIT_PENDING : EXIT_PARTLY;
	return res->n_foreign ? EXIT_LOCKED : EXIT_DONE;
}

static bool is_found(const struct sweep_result *res, const char *id)
{
	for (size_t i = 0; i < res->n; i++)
		if (strcmp(res->fates[i].item.orphan.id, id) == 0)
			return true;
	return false;
}

/* Asked for by name, and not there: a word that means nothing, unless a runtime did not answer. */
static int check_names(const struct sweep_options *o, const struct sweep_result *res,
		       struct error *err)
{
	for (size_t i = 0; i < o->n_only && !res->n_failures; i++) {
		if (is_found(res, o->only[i]))
			continue;
		(void)error_set(err, ERR_NOT_FOUND, 0, "there is no orphan '%s'", o->only[i]);
		error_hint(err, "'tallyman sweep' finds them, 'tallyman orphans ls' lists them");
		return -ERR_NOT_FOUND;
	}
	return 0;
}

int swept_run(struct cli *cli, const struct command_args *args, struct sweep_options *o,
	      struct error *err)
{
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	struct sweep_result res;
	int r = open_options(cli, args, &options, err);

	o->grace_us = cli->config->orphan_grace_us;
	o->by_person = true;
	if (r == 0)
		r = session_open(&options, SESSION_CHANGE, NULL, &s, err);
	r = r < 0 ? r : sweep_run(s, o, cli->arena, &res, err);
	if (r < 0)
		return r;
	r = check_names(o, &res, err);
	if (r < 0)
		return r;
	tell(cli, &res);
	return status_of(&res);
}
