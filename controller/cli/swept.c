/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line for each orphan, with what came of it and why; then the sum. Read from the document, so
 * that what a daemon did is told as what was done here.
 */
#include "controller/cli/swept.h"

#include <string.h>

#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"
#include "controller/config.h"
#include "controller/sweep_json.h"

enum { MAX_KINDS = 1024 };

struct told {
	struct cli *cli;
	struct json_object *doc;
	size_t n, n_foreign,
		n_failures; /* orphans; things of others; runtimes that did not answer */
	size_t counts[SWEEP_N_ENDS];
	bool is_held, is_report;
};

static const char *text_of(struct json_object *o, const char *key)
{
	const char *text = NULL;

	(void)json_get_str(o, key, &text, NULL);
	return text ? text : "";
}

static size_t list_of(struct json_object *o, const char *key, struct json_object **ret)
{
	return json_get_array(o, key, ret, NULL) == 0 ? json_object_array_length(*ret) : 0;
}

/* "container, FIFO" */
static const char *kinds_of(struct cli *cli, struct json_object *o)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_KINDS);
	struct json_object *list;
	size_t n = list_of(o, "kinds", &list);

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "",
			   json_object_get_string(json_object_array_get_idx(list, i)));
	return arena_strdup(cli->arena, text.data);
}

static const char *state_word(struct json_object *o)
{
	const char *instance = text_of(o, "instance");

	if (strcmp(text_of(o, "state"), orphan_state_to_string(ORPHAN_QUARANTINED)) == 0)
		return "in quarantine";
	return *instance ? instance : "left over";
}

static void tell_orphan(struct cli *cli, struct json_object *o)
{
	const char *why = text_of(o, "why");

	output_printf(cli->out, "? orphan %s on %s: %s (%s): %s%s%s\n", text_of(o, "id"),
		      text_of(o, "runtime"), state_word(o), kinds_of(cli, o), text_of(o, "outcome"),
		      *why ? ": " : "", why);
}

static void tell_foreign(struct cli *cli, struct json_object *o)
{
	output_printf(cli->out, "! foreign %s on %s (%s): left: %s\n", text_of(o, "id"),
		      text_of(o, "runtime"), kinds_of(cli, o), text_of(o, "whose"));
}

static void tell_failure(struct cli *cli, struct json_object *o)
{
	output_warn(cli->out, "%s: nothing of it is swept: %s", text_of(o, "runtime"),
		    text_of(o, "why"));
}

static size_t tell_all(struct told *t, const char *key,
		       void (*tell)(struct cli *, struct json_object *))
{
	struct json_object *list;
	size_t n = list_of(t->doc, key, &list);

	for (size_t i = 0; tell && i < n; i++)
		tell(t->cli, json_object_array_get_idx(list, i));
	return n;
}

static void count(struct told *t)
{
	struct json_object *list;

	t->n = list_of(t->doc, "orphans", &list);
	for (size_t i = 0; i < t->n; i++)
		for (int e = 0; e < SWEEP_N_ENDS; e++)
			t->counts[e] +=
				strcmp(text_of(json_object_array_get_idx(list, i), "outcome"),
				       sweep_wave_end_name((enum sweep_end)e)) == 0;
	t->is_held = *text_of(t->doc, "held");
	t->is_report = strcmp(text_of(t->doc, "mode"), sweep_plan_mode_name(SWEEP_REPORT)) == 0;
}

static void tell_text(struct told *t)
{
	(void)tell_all(t, "orphans", tell_orphan);
	(void)tell_all(t, "foreign", tell_foreign);
	if (!t->n && !t->n_foreign && t->n_failures)
		output_puts(t->cli->out, "Sweep: nothing found where it was looked\n");
	else if (!t->n && !t->n_foreign)
		output_puts(t->cli->out, "Sweep: nothing left over\n");
	else
		output_printf(t->cli->out,
			      "Sweep: %zu removed, %zu kept, %zu left, %zu stuck, %zu foreign.\n",
			      t->counts[SWEEP_END_REMOVED], t->counts[SWEEP_END_KEPT],
			      t->counts[SWEEP_END_LEFT], t->counts[SWEEP_END_STUCK], t->n_foreign);
}

static void tell(struct told *t)
{
	count(t);
	t->n_failures = tell_all(t, "failures", tell_failure);
	t->n_foreign = tell_all(t, "foreign", NULL);
	if (t->is_held && t->n)
		output_warn(t->cli->out, "nothing is swept: %s", text_of(t->doc, "held"));
	if (output_is_json(t->cli->out))
		output_json(t->cli->out, json_object_get(t->doc));
	else
		tell_text(t);
}

/* The worst of what is left says how it ended. */
static int status_of(const struct told *t)
{
	if (t->is_held && t->n)
		return EXIT_APPROVAL;
	if (t->n_failures)
		return EXIT_PARTLY;
	if (t->n > t->counts[SWEEP_END_REMOVED])
		return t->is_report ? EXIT_PENDING : EXIT_PARTLY;
	return t->n_foreign ? EXIT_LOCKED : EXIT_DONE;
}

static bool is_found(struct json_object *doc, const char *id)
{
	struct json_object *list;
	size_t n = list_of(doc, "orphans", &list);

	for (size_t i = 0; i < n; i++)
		if (strcmp(text_of(json_object_array_get_idx(list, i), "id"), id) == 0)
			return true;
	return false;
}

/* Asked for by name, and not there: a word that means nothing, unless a runtime did not answer. */
static int check_names(const struct sweep_options *o, struct json_object *doc, struct error *err)
{
	struct json_object *list;

	for (size_t i = 0; i < o->n_only && !list_of(doc, "failures", &list); i++) {
		if (is_found(doc, o->only[i]))
			continue;
		(void)error_set(err, ERR_NOT_FOUND, 0, "there is no orphan '%s'", o->only[i]);
		error_hint(err, "'tallyman sweep' finds them, 'tallyman orphans ls' lists them");
		return -ERR_NOT_FOUND;
	}
	return 0;
}

static int sweep_here(struct cli *cli, const struct command_args *args, struct sweep_options *o,
		      struct json_object **ret, struct error *err)
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
	if (r == 0)
		*ret = sweep_json_document(&res);
	return r;
}

/* A daemon holds the node: it sweeps, between its own sweeps. */
static int sweep_there(struct cli *cli, const struct command_args *args,
		       const struct sweep_options *o, struct json_object **ret, struct error *err)
{
	struct json_object *body = json_object_new_object(), *only = json_object_new_array();

	for (size_t i = 0; i < o->n_only; i++)
		json_object_array_add(only, json_object_new_string(o->only[i]));
	json_put_str(body, "mode", sweep_plan_mode_name(o->mode));
	json_put_bool(body, "now", o->is_now);
	json_put_obj(body, "only", only);
	return remote_post(cli, args, "/v1/sweep", body, ret, err);
}

int swept_run(struct cli *cli, const struct command_args *args, struct sweep_options *o,
	      struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct told t = { .cli = cli };
	int r = remote_runs(cli, args, err);

	if (r > 0)
		r = sweep_there(cli, args, o, &doc, err);
	else if (r == 0)
		r = sweep_here(cli, args, o, &doc, err);
	if (r == 0)
		r = check_names(o, doc, err);
	if (r < 0)
		return r;
	t.doc = doc;
	tell(&t);
	return status_of(&t);
}
