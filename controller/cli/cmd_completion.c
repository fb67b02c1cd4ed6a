/* SPDX-License-Identifier: Apache-2.0 */
/* completion: the scripts, and the names on this node that they ask for. */
#include "backends/image_dir.h"
#include "controller/cli/command.h"
#include "controller/cli/completion.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/target.h"
#include "specs/schema.h"
#include "store/deployment_store.h"
#include "store/store.h"

enum { MAX_SCRIPT = 1 << 20 };

/* Every deployment, and every service of it. */
static int print_names(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct store *store CLEAN(store) = NULL;
	struct deployment_rows deployments = { 0 };
	int r = open_store(cli, args, &store, err);

	if (r == 0 && store)
		r = deployment_store_list(store, cli->arena, &deployments, err);
	for (size_t i = 0; r == 0 && i < deployments.n; i++) {
		const char *name = deployments.items[i].name;
		struct target_names services = { 0 };

		output_printf(cli->out, "%s\n", name);
		r = target_services(store, name, cli->arena, &services, err);
		for (size_t k = 0; k < services.n; k++)
			output_printf(cli->out, "%s/%s\n", name, services.items[k]);
	}
	return r < 0 ? r : EXIT_DONE;
}

static int print_images(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct image_dir *dir CLEAN(image_dir) = NULL;
	struct session_options node;
	struct image *images = NULL;
	size_t n = 0;
	int r = open_options(cli, args, &node, err);

	if (r == 0)
		r = image_dir_open(layout_images(&node.layout, cli->arena), IMAGE_DIR_READ, &dir,
				   err);
	if (r == 0)
		r = image_dir_list(dir, cli->arena, &images, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		output_printf(cli->out, "%s\n", images[i].name);
	return r < 0 ? r : EXIT_DONE;
}

static void print_field(void *ctx, const char *path, const struct schema_field *f,
			const struct schema_type *in)
{
	static const char service[] = "services.*.";
	struct cli *cli = ctx;

	(void)f;
	(void)in;
	/* As they are typed, and without what a shell would take for a pattern. */
	if (strncmp(path, service, strlen(service)) == 0)
		path += strlen(service);
	if (!strchr(path, '*'))
		output_printf(cli->out, "%s\n", path);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct buf script CLEAN(buf) = BUF_INIT(MAX_SCRIPT);
	const char *what = args->words[0];

	if (strcmp(what, "names") == 0)
		return print_names(cli, args, err);
	if (strcmp(what, "images") == 0)
		return print_images(cli, args, err);
	if (strcmp(what, "fields") == 0) {
		schema_walk(print_field, cli);
		return EXIT_DONE;
	}
	if (!completion_write(what, &script))
		return command_usage(cli, args,
				     "no completion for '%s'; there is bash, zsh and fish", what);
	output_bytes(cli->out, script.data, script.n);
	return EXIT_DONE;
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a completion script for a shell",
	.arguments = "bash|zsh|fish|names|images|fields",
	.about =
		"Prints a script that completes commands, options and names. 'names', 'images' and "
		"'fields' print what the scripts ask for: deployments with their services, images, "
		"and fields of the format.",
	.groups = COMMAND_NODE,
	.min_words = 1,
	.max_words = 1,
	.complete = "shell",
	.examples =
		(const struct command_example[]){
			{ "source <(tallyman completion bash)", "in ~/.bashrc" },
			{ "tallyman completion fish > ~/.config/fish/completions/tallyman.fish",
			  "for fish" },
			{ NULL },
		},
	.run = run,
};
