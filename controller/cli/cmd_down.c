/* SPDX-License-Identifier: Apache-2.0 */
/* down: nothing of a deployment is wanted any more, and that is remembered. */
#include <fcntl.h>

#include "base/fs.h"
#include "controller/accept.h"
#include "controller/cli/converge.h"
#include "controller/cli/file.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"
#include "controller/target.h"
#include "specs/runtime_id.h"
#include "store/deployment_store.h"
#include "store/store.h"

struct names {
	const char **items;
	size_t n;
};

/* `shop/web` is no file and means a service: what that needs is another file. */
static int refuse_part(struct converge *c, const char *word, struct error *err)
{
	struct target part;

	if (target_parse(word, c->cli->arena, &part, NULL) < 0 || !part.service ||
	    fs_exists(AT_FDCWD, word, NULL) == FS_EXISTS)
		return 0;
	(void)error_set(err, ERR_INVALID, 0,
			"down takes whole deployments, and '%s' is a part of one", word);
	error_hint(err, "take the service out of the file, or set its replicas to 0, and apply it");
	return -ERR_INVALID;
}

/* A word is a deployment's name, or a file that says it. A file counts only where the word is no
 * name, or names nothing the store knows. */
static int name_of(struct converge *c, struct store *store, const char *word, const char **ret,
		   struct error *err)
{
	struct target target = { .deployment = word };
	struct file_spec file CLEAN(file_spec) = { 0 };
	int r = refuse_part(c, word, err);

	if (r < 0)
		return r;

	if (runtime_id_is_deployment(word)) {
		r = target_check(&target, store, c->cli->arena, err);
		*ret = target.deployment;
		if (r == 0 || fs_exists(AT_FDCWD, word, NULL) != FS_EXISTS)
			return r;
		*err = ERROR_INIT;
	}
	r = file_load(c->cli, word, false, &file, err);
	if (r < 0)
		return r;
	target.deployment = arena_strdup(c->cli->arena, file.deployment->name);
	r = target_check(&target, store, c->cli->arena, err);
	*ret = target.deployment;
	return r;
}

static int all_names(struct converge *c, struct store *store, struct names *ret, struct error *err)
{
	struct deployment_rows rows = { 0 };
	int r = store ? deployment_store_list(store, c->cli->arena, &rows, err) : 0;

	if (r < 0)
		return r;
	ret->items = arena_array(c->cli->arena, rows.n, sizeof(*ret->items));
	ret->n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		ret->items[i] = rows.items[i].name;
	return 0;
}

/* All of them are known before the first is touched. */
static int find_names(struct converge *c, struct store *store, struct names *ret, struct error *err)
{
	const struct command_args *args = c->args;
	int r = 0;

	if (command_has(args, "all"))
		return all_names(c, store, ret, err);
	ret->items = arena_array(c->cli->arena, args->n_words, sizeof(*ret->items));
	ret->n = args->n_words;
	for (size_t i = 0; r == 0 && i < args->n_words; i++)
		r = name_of(c, store, args->words[i], &ret->items[i], err);
	return r;
}

/* A daemon holds the node: it gets the names; which they are the store says beside it. */
static int hand_in(struct converge *c, struct error *err)
{
	struct store *store CLEAN(store) = NULL;
	struct names names = { 0 };
	struct json_object *body, *list;
	int r = open_store(c->cli, c->args, &store, err);

	if (r == 0)
		r = find_names(c, store, &names, err);
	if (r < 0)
		return r;
	body = json_object_new_object();
	if (command_has(c->args, "all")) {
		json_put_bool(body, "all", true);
		return remote_converge(c, "down", body, err);
	}
	list = json_object_new_array();
	for (size_t i = 0; i < names.n; i++)
		json_object_array_add(list, json_object_new_string(names.items[i]));
	json_put_obj(body, "deployments", list);
	return remote_converge(c, "down", body, err);
}

static int record(struct converge *c, const char *name, struct error *err)
{
	const struct accept_from from = { NULL, "command line", .by_person = true };
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(c->session->store, ERROR_HERE, &txn, err);

	if (r == 0)
		r = accept_down(c->session->store, name, &from, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int want_nothing(struct converge *c, const char *name, struct error *err)
{
	struct wanted *w = NULL;
	int r = record(c, name, err);

	if (r == 0)
		r = wanted_from_store(c->session, name, &w, err);
	if (r < 0)
		return r;
	w->is_asked = true;
	driver_want(c->driver, w);
	return 0;
}

/* What nobody of ours needs any more and is left all the same. Only after all has gone well: every
 * runtime has just answered. */
static void tell_what_stays(struct converge *c)
{
	struct runtime_info info = { .stays = NULL };

	if (runtime_probe(c->session->runtimes, c->cli->arena, &info, NULL) >= 0 && info.stays)
		output_note(c->cli->out, "%s", info.stays);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct converge c CLEAN(converge) = { 0 };
	struct names names = { 0 };
	int r = converge_options(cli, args, &c);

	if (r)
		return r;
	if (command_has(args, "all") == (args->n_words > 0))
		return command_usage(cli, args, "name the deployments or files, or give --all");
	r = remote_runs(cli, args, err);
	if (r > 0)
		return hand_in(&c, err);
	if (r == 0)
		r = converge_open(&c, err);
	if (r == 0)
		r = find_names(&c, c.session->store, &names, err);
	if (r == 0 && names.n == 0)
		output_note(cli->out, "no deployment was ever seen on this node: nothing to do");
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = want_nothing(&c, names.items[i], err);
	if (r == 0)
		r = converge_run(&c, "down", err);
	if (r == 0)
		tell_what_stays(&c);
	return r;
}

const struct command cmd_down = {
	.name = "down",
	.summary = "take a deployment down, and keep it down",
	.arguments = "[DEPLOYMENT|FILE]...",
	.about = "Stops and removes every container of the deployments, those that depend on "
		 "others\n"
		 "first. Neither a daemon nor a reboot brings them back: apply or rollback does.\n"
		 "History, logs, volumes and images stay.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 0,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.options = (const struct command_option[]){ { .name = "all",
						      .help = "every deployment of this node" },
						    CONVERGE_OPTIONS,
						    { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman down shop", "remove all containers of shop" }, { 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
