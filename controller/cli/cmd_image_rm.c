/* SPDX-License-Identifier: Apache-2.0 */
/* image rm: names taken out of the image store. What instances use stays for them. */
#include <fcntl.h>

#include "backends/image_dir.h"
#include "base/fs.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "specs/findings.h"

static int absent(struct cli *cli, struct image_dir *dir, const char *name, struct error *err)
{
	struct image *images = NULL;
	const char **names;
	const char *near;
	size_t n = 0;

	if (dir && image_dir_list(dir, cli->arena, &images, &n, NULL) < 0)
		n = 0; /* then without a suggestion */
	names = arena_array(cli->arena, n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = images[i].name;
	near = findings_nearest(name, names, n);
	(void)error_set(err, ERR_NOT_FOUND, 0, "there is no image '%s'", name);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	error_hint(err, "'tallyman image ls' lists them");
	return -ERR_NOT_FOUND;
}

/* All must be there before the first one goes. */
static int check(struct cli *cli, struct image_dir *dir, const struct command_args *args,
		 struct error *err)
{
	for (size_t i = 0; i < args->n_words; i++) {
		struct image image;
		int r = dir ? image_dir_resolve(dir, args->words[i], cli->arena, &image, err)
			    : IMAGE_DIR_ABSENT;

		if (r == IMAGE_DIR_ABSENT)
			return absent(cli, dir, args->words[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void print(struct cli *cli, const struct command_args *args)
{
	struct json_object *doc = output_schema("image-rm");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < args->n_words; i++)
		if (command_is_json(args))
			json_object_array_add(list, json_object_new_string(args->words[i]));
		else
			output_printf(cli->out, "removed %s\n", args->words[i]);
	json_put_obj(doc, "removed", list);
	if (command_is_json(args))
		output_json(cli->out, doc);
	else
		json_object_put(doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct image_dir *dir CLEAN(image_dir) = NULL;
	struct session_options node;
	const char *path;
	int r = open_options(cli, args, &node, err);

	if (r < 0)
		return r;
	path = layout_images(&node.layout, cli->arena);
	/* A store that is not there need not be made to find out that the image is not in it. */
	r = fs_exists(AT_FDCWD, path, err);
	if (r == FS_EXISTS)
		r = image_dir_open(path, IMAGE_DIR_WRITE, &dir, err);
	if (r >= 0)
		r = check(cli, dir, args, err);
	for (size_t i = 0; r >= 0 && i < args->n_words; i++)
		r = image_dir_remove(dir, args->words[i], err);
	if (r < 0)
		return r;
	print(cli, args);
	return EXIT_DONE;
}

const struct command cmd_image_rm = {
	.name = "image rm",
	.summary = "take images away",
	.arguments = "NAME...",
	.about = "Takes names out of the image store, and what nothing else needs then. Running "
		 "instances keep what they use.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "image",
	.examples =
		(const struct command_example[]){
			{ "tallyman image rm local/busybox:1", "one of them" },
			{ NULL },
		},
	.run = run,
};
