/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names and prints how it ended; what is done is manual.c's and the core's matter. */
#include "controller/cli/by_hand.h"

#include "controller/asked.h"
#include "controller/cli/converge.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"

static int ask(struct converge *c, const struct manual *m, struct error *err)
{
	int r = manual_ask(c->session, c->driver, m, err);

	if (r == MANUAL_NOTHING)
		output_note(c->cli->out, "%s: nothing of that is wanted, so nothing is stopped",
			    m->deployment);
	return r < 0 ? r : 0;
}

/* A daemon holds the node: it gets the names as they were typed. */
static int hand_in(struct converge *c, enum manual_action action, struct error *err)
{
	struct json_object *body = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < c->args->n_words; i++)
		json_object_array_add(list, json_object_new_string(c->args->words[i]));
	json_put_obj(body, "targets", list);
	return remote_converge(c, manual_action_to_string(action), body, err);
}

int by_hand(struct cli *cli, const struct command_args *args, enum manual_action action,
	    struct error *err)
{
	struct converge c CLEAN(converge) = { 0 };
	const struct manual like = { .action = action,
				     .from = { NULL, "command line", .by_person = true } };
	const struct asked_words words = { args->words, args->n_words };
	struct asked asked = { 0 };
	int r = converge_options(cli, args, &c);

	if (r)
		return r;
	r = remote_runs(cli, args, err);
	if (r > 0)
		return hand_in(&c, action, err);
	if (r == 0)
		r = converge_open(&c, err);
	if (r == 0)
		r = asked_read(c.session->store, &words, &like, cli->arena, &asked, err);
	for (size_t i = 0; r == 0 && i < asked.n; i++)
		r = ask(&c, &asked.items[i], err);
	return r < 0 ? r : converge_run(&c, manual_action_to_string(action), err);
}
