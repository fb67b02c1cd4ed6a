/* SPDX-License-Identifier: Apache-2.0 */
/* inet_pton() reads, the rest is bits. */
#include "backends/hcs_sim/host/subnet.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/number.h"

bool address_parse(const char *text, struct address *ret)
{
	struct address a = { .n = strchr(text, ':') ? 16 : 4 };

	if (inet_pton(a.n == 16 ? AF_INET6 : AF_INET, text, a.bytes) != 1)
		return false;
	*ret = a;
	return true;
}

const char *address_format(const struct address *a, char ret[ADDRESS_SIZE])
{
	return inet_ntop(a->n == 16 ? AF_INET6 : AF_INET, a->bytes, ret, ADDRESS_SIZE);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->n == b->n && memcmp(a->bytes, b->bytes, (size_t)a->n) == 0;
}

static int bit_at(const struct address *a, int i)
{
	return a->bytes[i / 8] >> (7 - i % 8) & 1;
}

bool subnet_parse(const char *text, struct subnet *ret)
{
	const char *slash = strchr(text, '/');
	char base[ADDRESS_SIZE];
	uint64_t prefix;
	struct subnet s;

	if (!slash || slash - text >= (int)sizeof(base))
		return false;
	memcpy(base, text, (size_t)(slash - text));
	base[slash - text] = '\0';
	if (!address_parse(base, &s.base) ||
	    !number_u64(slash + 1, (uint64_t)s.base.n * 8, &prefix))
		return false;
	s.prefix = (int)prefix;
	for (int i = s.prefix; i < s.base.n * 8; i++)
		if (bit_at(&s.base, i))
			return false;
	*ret = s;
	return true;
}

static bool is_prefix(const struct address *a, const struct address *b, int bits)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < bits; i++)
		if (bit_at(a, i) != bit_at(b, i))
			return false;
	return true;
}

bool subnet_has(const struct subnet *s, const struct address *a)
{
	return is_prefix(&s->base, a, s->prefix);
}

bool subnet_overlaps(const struct subnet *a, const struct subnet *b)
{
	return is_prefix(&a->base, &b->base, a->prefix < b->prefix ? a->prefix : b->prefix);
}

/* Are all bits after the prefix @bit? */
static bool is_edge(const struct subnet *s, const struct address *a, int bit)
{
	for (int i = s->prefix; i < a->n * 8; i++)
		if (bit_at(a, i) != bit)
			return false;
	return true;
}

bool subnet_is_host(const struct subnet *s, const struct address *a)
{
	if (!subnet_has(s, a))
		return false;
	if (s->prefix >= a->n * 8 - 1)
		return true;
	return !is_edge(s, a, 0) && (a->n == 16 || !is_edge(s, a, 1));
}

void subnet_next(struct address *a)
{
	for (int i = a->n - 1; i >= 0; i--)
		if (++a->bytes[i] != 0)
			return;
}
