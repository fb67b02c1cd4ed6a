/* SPDX-License-Identifier: Apache-2.0 */
/* version: what this program is and which libraries it runs with. */
#include <json-c/json.h>
#include <nettle/version.h>
#include <sqlite3.h>
#include <yaml.h>

#include "backends/image_archive.h"
#include "backends/shim_build.h"
#include "controller/cli/command.h"
#include "controller/cli/output.h"

/* Set by the build: TALLYMAN_BUILD. */

struct library {
	const char *name;
	char version[24];
};

enum { N_LIBRARIES = 5 };

/* libarchive says "libarchive 3.6.2". */
static const char *archive_version(void)
{
	const char *space;

	if (image_archive_load(NULL) < 0)
		return "missing";
	space = strchr(libarchive.version_string(), ' ');
	return space ? space + 1 : libarchive.version_string();
}

static struct library library(const char *name, const char *version)
{
	struct library l = { .name = name };

	snprintf(l.version, sizeof(l.version), "%s", version);
	return l;
}

static void find_libraries(struct library ret[N_LIBRARIES])
{
	ret[0] = library("libyaml", yaml_get_version_string());
	ret[1] = library("sqlite", sqlite3_libversion());
	ret[2] = library("json-c", json_c_version());
	ret[3] = library("libarchive", archive_version());
	ret[4] = library("nettle", "");
	snprintf(ret[4].version, sizeof(ret[4].version), "%d.%d", nettle_version_major(),
		 nettle_version_minor());
}

static void print_json(struct cli *cli, const struct library *libraries)
{
	struct json_object *doc = output_schema("version");
	struct json_object *list = json_object_new_object();

	json_put_str(doc, "version", shim_build);
	json_put_str(doc, "build", TALLYMAN_BUILD);
	json_put_str(doc, "compiler", __VERSION__);
	for (size_t i = 0; i < N_LIBRARIES; i++)
		json_put_str(list, libraries[i].name, libraries[i].version);
	json_put_obj(doc, "libraries", list);
	output_json(cli->out, doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct library libraries[N_LIBRARIES];

	(void)err; /* nothing can fail here */
	find_libraries(libraries);
	if (command_is_json(args)) {
		print_json(cli, libraries);
		return EXIT_DONE;
	}
	output_printf(cli->out, "tallyman %s\nbuild: %s, compiler %s\nlibraries:", shim_build,
		      TALLYMAN_BUILD, __VERSION__);
	for (size_t i = 0; i < N_LIBRARIES; i++)
		output_printf(cli->out, "%s %s %s", i ? "," : "", libraries[i].name,
			      libraries[i].version);
	output_puts(cli->out, "\n");
	return EXIT_DONE;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "show the version of the program and its libraries",
	.arguments = "",
	.about = "Shows the version, the kind of build, and the libraries the program runs with.",
	.groups = COMMAND_OUTPUT,
	.examples =
		(const struct command_example[]){
			{ "tallyman version -o json", "the same for programs" },
			{ NULL },
		},
	.run = run,
};
