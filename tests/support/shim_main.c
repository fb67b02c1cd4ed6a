/* SPDX-License-Identifier: Apache-2.0 */
/* The command `shim` of the product, as much of it as a test needs. */
#include "tests/support/shim_main.h"

#include <stdio.h>
#include <string.h>

#include "backends/shim.h"
#include "backends/shim_upgrade.h"
#include "base/number.h"

bool shim_main_is(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "shim") == 0;
}

int shim_main(int argc, char **argv, const struct shim_hosted *hosted)
{
	struct shim_options o = { .hosted = hosted };
	struct error err = ERROR_INIT;
	int64_t resume = 0;
	const struct {
		const char *word;
		const char **to;
	} words[] = {
		{ "--runtime", &o.runtime },
		{ "--owner", &o.layout.owner },
		{ "--state-dir", &o.layout.state_dir },
		{ "--run-dir", &o.layout.run_dir },
		{ "--node-id", &o.node_id },
		{ "--oci-path", &o.oci_path },
	};

	const char *fd = NULL;

	o.rehearse = strcmp(argv[argc - 1], "--rehearse") == 0;
	for (int i = 2; i + 1 < argc; i++)
		if (strcmp(argv[i], "--resume") == 0)
			fd = argv[i + 1];
	if (fd && number_i64(fd, 3, 1 << 20, &resume))
		o.resume = (int)resume;
	for (int i = 2; i + 1 < argc; i += 2)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (strcmp(argv[i], words[k].word) == 0)
				*words[k].to = argv[i + 1];
	if (shim_run(&o, &err) == 0) {
		struct arena *a CLEAN(arena) = arena_new();

		if (o.rehearse)
			puts(shim_upgrade_word(a));
		return 0;
	}
	fprintf(stderr, "test: error: %s\n", err.msg);
	if (err.hint[0])
		fprintf(stderr, "hint: %s\n", err.hint);
	return 1;
}
