/* SPDX-License-Identifier: Apache-2.0 */
/* links: specs */
/*
 * Deployment files: whatever is accepted renders to a file that is accepted and
 * renders to the same bytes; whatever is not has an error to print.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "specs/parse.h"
#include "specs/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct buf first CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	struct buf second CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	struct findings findings;
	struct deployment *d;

	findings_init(&findings, arena, "input");
	int r = parse_deployment((const char *)data, size, arena, &findings, &d, NULL);
	findings_print(&findings, &first);
	assert((r < 0) == (findings.n_errors > 0));
	if (r < 0)
		return 0;
	buf_clear(&first);
	render_yaml(d, &first);
	if (first.overflow) /* defaults make a file larger; the limit is for what people write */
		return 0;
	findings_init(&findings, arena, "rendered");
	r = parse_deployment(first.data, first.n, arena, &findings, &d, NULL);
	assert(r == 0);
	render_yaml(d, &second);
	assert(strcmp(first.data, second.data) == 0);
	return 0;
}
