/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, parses, prints what is wrong. Judges nothing itself. */
#include "controller/cli/file.h"

#include "base/limits.h"
#include "controller/cli/input.h"
#include "controller/cli/output.h"
#include "specs/parse.h"

enum { MAX_FINDINGS_TEXT = 8 << 20 };

void file_done(struct file_spec *f)
{
	arena_free(f->arena);
	f->arena = NULL;
}

int file_load(struct cli *cli, const char *name, bool is_strict, struct file_spec *ret,
	      struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES + 1);
	struct buf shown CLEAN(buf) = BUF_INIT(MAX_FINDINGS_TEXT);
	struct findings findings;
	struct error first = ERROR_INIT;
	int r = input_read(name, &text, err);

	if (r < 0)
		return r;
	*ret = (struct file_spec){ .arena = arena_new(), .name = input_name(name), .n = text.n };
	ret->bytes = arena_strndup(ret->arena, text.data, text.n);
	findings_init(&findings, ret->arena, input_name(name));
	r = parse_deployment(ret->bytes, ret->n, ret->arena, &findings, &ret->deployment, &first);
	if (is_strict)
		findings_strict(&findings);
	findings_print(&findings, &shown);
	if (shown.n)
		output_raw(cli->out, shown.data);
	if (r == 0 && findings.n_errors == 0)
		return 0;
	file_done(ret);
	return FILE_INVALID;
}
