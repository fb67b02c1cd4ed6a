/* SPDX-License-Identifier: Apache-2.0 */
/* image import: images from files into the node's image store. Needs neither store nor claim:
 * the image store has a lock of its own. */
#include <string.h>

#include "backends/image_import.h"
#include "base/clock.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/text.h"

static struct image_words words_of(const struct command_args *args, const char *option,
				   struct arena *arena)
{
	struct image_words words = { .v = command_values(args, option, arena) };

	while (words.v[words.n])
		words.n++;
	return words;
}

static int read_labels(const struct command_args *args, struct arena *arena,
		       struct image_import_options *o, struct error *err)
{
	struct image_words words = words_of(args, "label", arena);
	struct image_pair *labels = arena_array(arena, words.n + 1, sizeof(*labels));

	for (size_t i = 0; i < words.n; i++) {
		const char *equals = strchr(words.v[i], '=');

		if (!equals || equals == words.v[i])
			return error_set(err, ERR_INVALID, 0, "--label '%s' is not KEY=VALUE",
					 words.v[i]);
		labels[i].key = arena_strndup(arena, words.v[i], (size_t)(equals - words.v[i]));
		labels[i].value = equals + 1;
	}
	o->labels = labels;
	o->n_labels = words.n;
	return 0;
}

static int read_options(const struct command_args *args, struct arena *arena,
			struct image_import_options *ret, struct error *err)
{
	*ret = (struct image_import_options){
		.path = args->words[0],
		.name = command_value(args, "as"),
		.platform = { .os = command_value(args, "os"),
			      .arch = command_value(args, "arch"),
			      .os_version = command_value(args, "os-version") },
		.entrypoint = words_of(args, "entrypoint", arena),
		.cmd = words_of(args, "cmd", arena),
		.env = words_of(args, "env", arena),
		.workdir = command_value(args, "workdir"),
		.user = command_value(args, "user"),
		.now_us = clock_wall().us,
	};
	for (size_t i = 0; i < ret->env.n; i++)
		if (!strchr(ret->env.v[i], '=') || ret->env.v[i][0] == '=')
			return error_set(err, ERR_INVALID, 0, "--env '%s' is not NAME=VALUE",
					 ret->env.v[i]);
	return read_labels(args, arena, ret, err);
}

static void print(struct cli *cli, const struct image_imported *images, size_t n)
{
	for (size_t i = 0; i < n; i++)
		output_printf(cli->out, "%s %s (%s)\n",
			      images[i].moved_from ? "moved   " : "imported", images[i].name,
			      images[i].digest);
}

static void print_json(struct cli *cli, const struct image_imported *images, size_t n)
{
	struct json_object *doc = output_schema("image-import");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		json_put_str(o, "name", images[i].name);
		json_put_str(o, "canonical", images[i].canonical);
		json_put_str(o, "digest", images[i].digest);
		json_put_str(o, "moved_from", images[i].moved_from);
		json_object_array_add(list, o);
	}
	json_put_obj(doc, "images", list);
	output_json(cli->out, doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct image_dir *dir CLEAN(image_dir) = NULL;
	struct image_import_options o;
	struct session_options node;
	struct image_imported *images;
	size_t n;
	int r = read_options(args, cli->arena, &o, err);

	if (r < 0)
		return command_usage(cli, args, "%s", err->msg);
	r = open_options(cli, args, &node, err);
	if (r == 0)
		r = image_dir_open(layout_images(&node.layout, cli->arena), IMAGE_DIR_WRITE, &dir,
				   err);
	if (r == 0)
		r = image_import(dir, &o, cli->arena, &images, &n, err);
	if (r < 0)
		return r;
	if (command_is_json(args))
		print_json(cli, images, n);
	else
		print(cli, images, n);
	return EXIT_DONE;
}

static const struct command_option options[] = {
	{ .name = "as", .arg = "NAME", .help = "name of the image; needed for a root file system" },
	{ .name = "os",
	  .arg = "OS",
	  .help = "which of an index, or what the files are for [linux]" },
	{ .name = "arch", .arg = "ARCH", .help = "the same [this machine's]" },
	{ .name = "os-version", .arg = "V", .help = "the same, of Windows" },
	{ .name = "entrypoint",
	  .arg = "WORD",
	  .help = "its entrypoint, word by word",
	  .is_repeatable = true },
	{ .name = "cmd",
	  .arg = "WORD",
	  .help = "its command, word by word",
	  .is_repeatable = true },
	{ .name = "env",
	  .letter = 'e',
	  .arg = "NAME=VALUE",
	  .help = "its environment",
	  .is_repeatable = true },
	{ .name = "label", .arg = "KEY=VALUE", .help = "its labels", .is_repeatable = true },
	{ .name = "workdir", .letter = 'w', .arg = "DIR", .help = "its working directory" },
	{ .name = "user", .letter = 'u', .arg = "USER", .help = "its user, USER[:GROUP]" },
	{ NULL },
};

const struct command cmd_image_import = {
	.name = "image import",
	.summary = "take an image from a file",
	.arguments = "FILE",
	.about = "Reads a root file system tar, an OCI layout (directory or tar) or an archive of "
		 "'docker save', packed with gzip, zstd or xz or not; which of them is told by its "
		 "content. A name that is there already moves to the new image; running instances "
		 "keep theirs.\n\n"
		 "--entrypoint, --cmd, --env, --label, --workdir and --user say how a root file "
		 "system "
		 "is run; the other formats say so themselves.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman image import busybox.tar --as local/busybox:1 --cmd /bin/sh",
			  "a root file system" },
			{ "tallyman image import saved.tar",
			  "what 'docker save' wrote, with its names" },
			{ NULL },
		},
	.run = run,
};
