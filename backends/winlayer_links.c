/* SPDX-License-Identifier: Apache-2.0 */
/* See the header for the form. */
#include "backends/winlayer_links.h"

#include <string.h>

#include "base/number.h"

void winlayer_links_put(const struct winlayer_link *link, struct buf *out)
{
	buf_printf(out, "%s\t%s\t%u\n", link->name, link->target, link->down);
}

/* The text up to @end, which it must have; @at moves behind it. NULL: it is not there, or empty. */
static const char *cut(const char **at, char end, struct arena *a)
{
	const char stop[] = { '\t', '\n', '\0' };
	size_t n = strcspn(*at, stop);
	const char *word = n && (*at)[n] == end ? arena_strndup(a, *at, n) : NULL;

	*at += n + (word != NULL);
	return word;
}

int winlayer_links_parse(const char *text, struct arena *a, struct winlayer_link **ret,
			 size_t *ret_n, struct error *err)
{
	struct winlayer_link *list = NULL;
	size_t n = 0;

	while (*text) {
		struct winlayer_link link = { .name = cut(&text, '\t', a),
					      .target = cut(&text, '\t', a) };
		const char *down = cut(&text, '\n', a);
		uint64_t v;

		if (!link.name || !link.target || !down || !number_u64(down, UINT32_MAX, &v))
			return error_set(err, ERR_CORRUPT, 0, "list of hard links: line %zu",
					 n + 1);
		link.down = (uint32_t)v;
		list = arena_grow(a, list, n, sizeof(*list));
		list[n++] = link;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}
