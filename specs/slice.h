/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A slice: the IPv4 network from which one runtime's containers get their addresses. Its first
 * host address is the gateway; the network and broadcast addresses are nobody's. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define SLICE_TEXT 19 /* "255.255.255.255/32" and its NUL */

struct slice {
	uint32_t base;   /* network address, host byte order; its host bits are 0 */
	unsigned prefix; /* 8..30 */
};

/* Whose it is: each runtime of a node has its own. */
struct runtime_slice {
	const char *runtime; /* "hcs", "youki" */
	struct slice slice;
};

/** slice_parse() - "10.220.99.0/28"; -ERR_INVALID says what is wrong with it */
int slice_parse(const char *text, struct slice *ret, struct error *err);

/** slice_to_string() - as slice_parse() reads it */
void slice_to_string(const struct slice *s, char ret[SLICE_TEXT]);

/** slice_halve() - the lower and the upper half; false when @s is smaller than a /28 */
bool slice_halve(const struct slice *s, struct slice *ret_low, struct slice *ret_high);

/** slice_meets() - do they have an address in common? */
bool slice_meets(const struct slice *a, const struct slice *b);

/** slice_gateway() - the first host address */
uint32_t slice_gateway(const struct slice *s);

/** slice_size() - how many containers it has addresses for: all hosts but the gateway */
uint32_t slice_size(const struct slice *s);

/** slice_address() - the address of container @i < slice_size() */
uint32_t slice_address(const struct slice *s, uint32_t i);

/** slice_holds() - is it an address for a container of @s? */
bool slice_holds(const struct slice *s, uint32_t address);

/** slice_address_parse() - four numbers of 0..255 without leading zeros, nothing else */
bool slice_address_parse(const char *text, uint32_t *ret);

/** slice_address_to_string() - "10.220.99.2" */
void slice_address_to_string(uint32_t address, char ret[SLICE_TEXT]);
