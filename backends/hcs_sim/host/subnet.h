/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* IP addresses and prefixes, both families: as bytes, compared bit by bit. Pure. */
#include <stdbool.h>
#include <stdint.h>

struct address {
	uint8_t bytes[16];
	int n; /* bytes: 4 or 16 */
};

struct subnet {
	struct address base; /* the bits after the prefix are 0 */
	int prefix;
};

/** address_parse() - "10.0.0.1" or "fd00::1" */
bool address_parse(const char *text, struct address *ret);

#define ADDRESS_SIZE 46
/** address_format() - as text; gives @ret */
const char *address_format(const struct address *a, char ret[ADDRESS_SIZE]);
bool address_equal(const struct address *a, const struct address *b);

/** subnet_parse() - "10.0.0.0/28"; false when bits after the prefix are set */
bool subnet_parse(const char *text, struct subnet *ret);

/** subnet_has() - is the address in it? */
bool subnet_has(const struct subnet *s, const struct address *a);

/** subnet_overlaps() - have they an address in common? */
bool subnet_overlaps(const struct subnet *a, const struct subnet *b);

/** subnet_is_host() - an address of it that a host can have: neither the first nor (IPv4) the last
 */
bool subnet_is_host(const struct subnet *s, const struct address *a);

/** subnet_next() - the address after @a, which may lie outside */
void subnet_next(struct address *a);
