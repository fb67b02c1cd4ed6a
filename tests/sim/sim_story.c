/* SPDX-License-Identifier: Apache-2.0 */
/* Text only. What happens in a story is none of its business. */
#include "tests/sim/sim_story.h"

#include <stdio.h>
#include <unistd.h>

#define END_BYTES 6000 /* what one can read of a story that went wrong */

void sim_story_tell(struct sim_story *st, int64_t now_us, const char *fmt, va_list ap)
{
	size_t from = st->text.n;

	buf_printf(&st->text, "[%10.3f] ", (double)now_us / 1e6);
	buf_vprintf(&st->text, fmt, ap);
	buf_putc(&st->text, '\n');
	if (st->is_verbose)
		fputs(st->text.data + from, stdout);
}

void sim_story_die(const struct sim_story *st, const char *what)
{
	size_t n = st->text.n;

	if (!st->is_verbose && n)
		fputs(st->text.data + (n > END_BYTES ? n - END_BYTES : 0), stdout);
	printf("FAIL seed=%llu: %s\n", (unsigned long long)st->seed, what);
	fflush(stdout);
	_exit(1);
}
