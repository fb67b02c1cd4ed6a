/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and their texts; knows nothing of who has which address. */
#include "specs/slice.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { MIN_PREFIX = 8, MAX_PREFIX = 30, MAX_HALVED = 28 };

static uint32_t mask_of(unsigned prefix)
{
	return UINT32_MAX << (32 - prefix);
}

/* One of the numbers between the dots; @at moves behind it. */
static bool read_number(const char **at, uint32_t *ret)
{
	size_t n = strspn(*at, "0123456789");
	char digits[4];
	uint64_t value;

	if (n == 0 || n > 3 || (n > 1 && **at == '0'))
		return false;
	memcpy(digits, *at, n);
	digits[n] = '\0';
	if (!number_u64(digits, 255, &value))
		return false;
	*at += n;
	*ret = (uint32_t)value;
	return true;
}

static bool read_address(const char **at, uint32_t *ret)
{
	uint32_t address = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t part;

		if (i > 0 && *(*at)++ != '.')
			return false;
		if (!read_number(at, &part))
			return false;
		address = address << 8 | part;
	}
	*ret = address;
	return true;
}

bool slice_address_parse(const char *text, uint32_t *ret)
{
	uint32_t address;

	if (!read_address(&text, &address) || *text != '\0')
		return false;
	*ret = address;
	return true;
}

int slice_parse(const char *text, struct slice *ret, struct error *err)
{
	const char *at = text;
	uint64_t prefix;
	uint32_t base;

	if (!read_address(&at, &base) || *at != '/' || !number_u64(at + 1, 32, &prefix))
		return error_set(err, ERR_INVALID, 0, "'%s' is no network like 10.220.99.0/28",
				 text);
	if (prefix < MIN_PREFIX || prefix > MAX_PREFIX)
		return error_set(err, ERR_INVALID, 0,
				 "'%s': a slice is a /%d at most and a /%d "
				 "at least",
				 text, MIN_PREFIX, MAX_PREFIX);
	if (base & ~mask_of((unsigned)prefix)) {
		struct slice meant = { base & mask_of((unsigned)prefix), (unsigned)prefix };
		char right[SLICE_TEXT];

		slice_to_string(&meant, right);
		(void)error_set(err, ERR_INVALID, 0, "'%s' is an address within a network", text);
		error_hint(err, "write %s", right);
		return -ERR_INVALID;
	}
	*ret = (struct slice){ base, (unsigned)prefix };
	return 0;
}

void slice_address_to_string(uint32_t address, char ret[SLICE_TEXT])
{
	snprintf(ret, SLICE_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
}

void slice_to_string(const struct slice *s, char ret[SLICE_TEXT])
{
	size_t n;

	slice_address_to_string(s->base, ret);
	n = strlen(ret);
	snprintf(ret + n, SLICE_TEXT - n, "/%u", s->prefix);
}

bool slice_halve(const struct slice *s, struct slice *ret_low, struct slice *ret_high)
{
	if (s->prefix > MAX_HALVED)
		return false;
	*ret_low = (struct slice){ s->base, s->prefix + 1 };
	*ret_high = (struct slice){ s->base | UINT32_C(1) << (31 - s->prefix), s->prefix + 1 };
	return true;
}

bool slice_meets(const struct slice *a, const struct slice *b)
{
	unsigned wider = a->prefix < b->prefix ? a->prefix : b->prefix;

	return wider == 0 || ((a->base ^ b->base) & mask_of(wider)) == 0;
}

uint32_t slice_gateway(const struct slice *s)
{
	return s->base + 1;
}

uint32_t slice_size(const struct slice *s)
{
	return (UINT32_C(1) << (32 - s->prefix)) - 3;
}

uint32_t slice_address(const struct slice *s, uint32_t i)
{
	return s->base + 2 + i;
}

bool slice_holds(const struct slice *s, uint32_t address)
{
	return address >= slice_address(s, 0) && address - slice_address(s, 0) < slice_size(s);
}
