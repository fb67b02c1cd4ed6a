/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operating system decides first: the file's, else the image's, else the node's own. Then
 * the image must be for it, and for this processor.
 */
#include "backends/composite_route.h"

#include <string.h>

static bool differs(const char *a, const char *b)
{
	return a && b && strcmp(a, b) != 0;
}

static const char *os_of(const struct composite_query *q)
{
	if (q->want_os)
		return q->want_os;
	return q->image_os ? q->image_os : q->node_os;
}

/* Does this node have a runtime for that system? */
static bool has_runtime(const struct composite_query *q, const char *os)
{
	const struct {
		const char *os;
		bool here;
	} table[] = {
		{ "linux", q->has_linux },
		{ "windows", q->has_windows },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].os, os) == 0)
			return table[i].here;
	return false;
}

static void mismatch(struct composite_answer *ret, const char *reason)
{
	*ret = (struct composite_answer){ .kind = COMPOSITE_MISMATCH, .reason = reason };
}

void composite_route(const struct composite_query *q, struct arena *a, struct composite_answer *ret)
{
	const char *os = os_of(q);

	if (differs(q->want_os, q->image_os)) {
		mismatch(ret, arena_printf(a, "the image is for %s, and platform.os wants %s",
					   q->image_os, q->want_os));
	} else if (differs(q->want_arch, q->image_arch)) {
		mismatch(ret, arena_printf(a, "the image is for %s, and platform.arch wants %s",
					   q->image_arch, q->want_arch));
	} else if (!has_runtime(q, os)) {
		*ret = (struct composite_answer){
			.kind = COMPOSITE_PEER,
			.os = os,
			.reason = arena_printf(a, "this node has no runtime for %s containers", os),
		};
	} else if (differs(q->want_arch ? q->want_arch : q->image_arch, q->node_arch)) {
		mismatch(ret,
			 arena_printf(a, "it is for %s, and this node is %s",
				      q->want_arch ? q->want_arch : q->image_arch, q->node_arch));
	} else {
		*ret = (struct composite_answer){ .kind = COMPOSITE_RUN, .os = os };
	}
}
