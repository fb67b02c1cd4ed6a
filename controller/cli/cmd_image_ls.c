/* SPDX-License-Identifier: Apache-2.0 */
/* image ls: the named images of the node. Creates nothing. */
#include "backends/image_dir.h"
#include "base/clock.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/text.h"

static const char *platform(struct arena *a, const struct image_config *c)
{
	return arena_printf(a, "%s/%s", c->platform.os, c->platform.arch);
}

static void print(struct cli *cli, const struct image *images, size_t n)
{
	static const char *const headers[] = { "NAME", "DIGEST", "PLATFORM", "SIZE", "IMPORTED" };
	struct buf text CLEAN(buf) = BUF_INIT(64 << 20);
	struct table *t = table_new(cli->arena, headers, 5);
	struct wall now = clock_wall();

	for (size_t i = 0; i < n; i++) {
		const struct image *m = &images[i];
		const char *age = text_age(cli->arena, (struct wall){ m->imported_us }, now);

		table_row(t, (const char *const[]){
				     m->name,
				     text_digest(cli->arena, m->digest),
				     platform(cli->arena, &m->config),
				     text_size(cli->arena, m->size),
				     age ? arena_printf(cli->arena, "%s ago", age) : NULL,
			     });
	}
	table_print(t, &text);
	output_bytes(cli->out, text.data, text.n);
}

static struct json_object *to_json(struct cli *cli, const struct image *m)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "name", m->name);
	json_put_str(o, "canonical", m->canonical);
	json_put_str(o, "digest", m->digest);
	json_put_str(o, "os", m->config.platform.os);
	json_put_str(o, "arch", m->config.platform.arch);
	json_put_str(o, "os_version", m->config.platform.os_version);
	json_put_i64(o, "size", m->size);
	json_put_i64(o, "layers", (int64_t)m->manifest.n_layers);
	json_put_str(o, "imported", text_time(cli->arena, (struct wall){ m->imported_us }));
	return o;
}

static void print_json(struct cli *cli, const struct image *images, size_t n)
{
	struct json_object *doc = output_schema("images");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, to_json(cli, &images[i]));
	json_put_obj(doc, "images", list);
	output_json(cli->out, doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
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
	if (r < 0)
		return r;
	if (command_is_json(args))
		print_json(cli, images, n);
	else
		print(cli, images, n);
	return EXIT_DONE;
}

const struct command cmd_image_ls = {
	.name = "image ls",
	.summary = "list the images of this node",
	.arguments = "",
	.about = "Lists the images that deployment files can name without any registry, each as it "
		 "was written at its import.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.examples =
		(const struct command_example[]){
			{ "tallyman image ls -o json",
			  "the same for programs, with whole digests" },
			{ NULL },
		},
	.run = run,
};
