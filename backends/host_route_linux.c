/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/route: one line a route of the main table, numbers in hexadecimal and network order. */
#include "backends/host_route.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"

enum { MAX_LINK = 32 };

struct route {
	char link[MAX_LINK];
	uint32_t to, mask; /* host order */
};

static bool read_line(const char *line, struct route *ret)
{
	unsigned to, mask;

	if (sscanf(line, "%31s %8x %*x %*x %*d %*d %*d %8x", ret->link, &to, &mask) != 3)
		return false;
	ret->to = ntohl(to);
	ret->mask = ntohl(mask);
	return true;
}

static unsigned prefix_of(uint32_t mask)
{
	return (unsigned)__builtin_popcount(mask);
}

static bool meets(const struct route *r, const struct slice *slice, const char *except)
{
	const struct slice other = { r->to, prefix_of(r->mask) };

	if (r->mask == 0 || (except && strcmp(r->link, except) == 0))
		return false;
	return slice_meets(&other, slice);
}

int host_route_meets(const struct slice *slice, const char *except, char ret[HOST_ROUTE_TEXT],
		     struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int r = fs_read(AT_FDCWD, "/proc/net/route", &text, err);
	char *rest;

	if (r == -ERR_NOT_FOUND)
		return 0; /* a host without IPv4 */
	if (r < 0)
		return r;
	for (char *line = strtok_r(text.data, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct route route;
		char cidr[SLICE_TEXT];

		if (!read_line(line, &route) || !meets(&route, slice, except))
			continue;
		slice_to_string(&(struct slice){ route.to, prefix_of(route.mask) }, cidr);
		snprintf(ret, HOST_ROUTE_TEXT, "%s by %s", cidr, route.link);
		return HOST_ROUTE_MEETS;
	}
	return 0;
}
