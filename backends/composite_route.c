/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the table as functions: each gives its reason, or NULL when it does not hold.
 */
#include "backends/composite_route.h"

#include <string.h>

#include "base/number.h"

/* OCI documents say darwin where the format says macos. */
static const char *os_word(const char *os)
{
	return os && strcmp(os, "darwin") == 0 ? "macos" : os;
}

static bool differs(const char *a, const char *b)
{
	return a && b && strcmp(a, b) != 0;
}

static const char *first(const char *a, const char *b)
{
	return a ? a : b;
}

/* The build in "10.0.26100.1"; 0 when there is none. */
static uint64_t build_of(const char *version)
{
	const char *at = version;
	char digits[12];
	uint64_t build = 0;
	size_t n;

	for (int dots = 0; at && dots < 2; dots++) {
		at = strchr(at, '.');
		at = at ? at + 1 : NULL;
	}
	n = at ? strcspn(at, ".") : 0;
	if (n == 0 || n >= sizeof(digits))
		return 0;
	memcpy(digits, at, n);
	digits[n] = '\0';
	return number_u64(digits, UINT32_MAX, &build) ? build : 0;
}

/* Two names of Windows mean the same when their builds do, or when they are the same text. */
static bool other_version(const char *a, const char *b)
{
	uint64_t build = a && b ? build_of(a) : 0;

	if (build && build_of(b))
		return build != build_of(b);
	return differs(a, b);
}

static const char *image_os(const struct composite_query *q, const char *os, struct arena *a)
{
	(void)os;
	if (!differs(q->want.os, os_word(q->image.os)))
		return NULL;
	return arena_printf(a, "the image is for %s, and platform.os wants %s",
			    os_word(q->image.os), q->want.os);
}

static const char *image_arch(const struct composite_query *q, const char *os, struct arena *a)
{
	(void)os;
	if (!differs(q->want.arch, q->image.arch))
		return NULL;
	return arena_printf(a, "the image is for %s, and platform.arch wants %s", q->image.arch,
			    q->want.arch);
}

static const char *image_version(const struct composite_query *q, const char *os, struct arena *a)
{
	if (strcmp(os, "windows") != 0 || !other_version(q->want.os_version, q->image.os_version))
		return NULL;
	return arena_printf(a, "the image is for Windows %s, and platform.osVersion wants %s",
			    q->image.os_version, q->want.os_version);
}

static const char *no_runtime(const struct composite_query *q, const char *os, struct arena *a)
{
	const char *who = q->want.os ? "platform.os wants" : "the image is for";

	if ((q->has_linux && strcmp(os, "linux") == 0) ||
	    (q->has_windows && strcmp(os, "windows") == 0))
		return NULL;
	if (!q->want.os && !q->image.os)
		return arena_printf(a, "this node has no runtime for %s containers", os);
	return arena_printf(a, "%s %s, and this node has no runtime for %s containers", who, os,
			    os);
}

static const char *node_arch(const struct composite_query *q, const char *os, struct arena *a)
{
	const char *arch = first(q->want.arch, q->image.arch);

	(void)os;
	if (!differs(arch, q->node.arch))
		return NULL;
	return arena_printf(a, "it is for %s, and this node is %s", arch, q->node.arch);
}

static const char *node_version(const struct composite_query *q, const char *os, struct arena *a)
{
	const char *version = first(q->want.os_version, q->image.os_version);
	uint64_t has = strcmp(os, "windows") == 0 ? build_of(q->node.os_version) : 0;

	if (has == 0 || build_of(version) <= has)
		return NULL;
	return arena_printf(a, "it is for Windows %s, and this node has the older %s", version,
			    q->node.os_version);
}

static const struct {
	enum composite_kind kind;
	const char *(*reason)(const struct composite_query *q, const char *os, struct arena *a);
	const char *hint;
} rows[] = {
	{ COMPOSITE_MISMATCH, image_os, "name an image for that system, or change platform.os" },
	{ COMPOSITE_MISMATCH, image_arch,
	  "name an image for that processor, or change platform.arch" },
	{ COMPOSITE_MISMATCH, image_version,
	  "name an image for that version, or change platform.osVersion" },
	{ COMPOSITE_PEER, no_runtime,
	  "if this node can have one, name it under runtimes in the settings; else apply the file "
	  "on a node that has" },
	{ COMPOSITE_MISMATCH, node_arch,
	  "name an image for this processor, or apply the file on a node that has the other" },
	{ COMPOSITE_MISMATCH, node_version,
	  "name an image for this version or an older one, or update the host" },
};

void composite_route(const struct composite_query *q, struct arena *a, struct composite_answer *ret)
{
	const char *os = first(q->want.os, first(os_word(q->image.os), q->node.os));

	*ret = (struct composite_answer){ .kind = COMPOSITE_RUN, .os = os };
	for (size_t i = 0; !q->has_model && i < sizeof(rows) / sizeof(rows[0]); i++) {
		ret->reason = rows[i].reason(q, os, a);
		if (ret->reason) {
			ret->kind = rows[i].kind;
			ret->hint = rows[i].hint;
			return;
		}
	}
}
