/* SPDX-License-Identifier: Apache-2.0 */
/* version: what this program is and which libraries it runs with. */
#include <archive.h>
#include <json-c/json.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <yaml.h>

#include "backends/shim_build.h"
#include "controller/cli/command.h"
#include "controller/cli/output.h"

/* Set by the build: TALLYMAN_BUILD. */

struct library {
	const char *name;
	const char *version;
};

enum { N_LIBRARIES = 5 };

static void find_libraries(struct library ret[N_LIBRARIES])
{
	/* libarchive says "libarchive 3.6.2". */
	const char *archive = strchr(archive_version_string(), ' ');

	ret[0] = (struct library){ "libyaml", yaml_get_version_string() };
	ret[1] = (struct library){ "sqlite", sqlite3_libversion() };
	ret[2] = (struct library){ "json-c", json_c_version() };
	ret[3] = (struct library){ "libarchive", archive ? archive + 1 : archive_version_string() };
	ret[4] = (struct library){ "libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING) };
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
