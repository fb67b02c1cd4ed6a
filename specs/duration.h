/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Lengths of time in humantime's spelling: whole or fractional numbers, each
 * with a unit, one after the other ("1h30m", "2h 15m", "1.5s", "500ms", "0").
 * A month has 30.44 days, a year 365.25.
 */
#include <stdbool.h>

#include "specs/spec_value.h"

#define DURATION_TEXT_SIZE 128 /* longer than any text duration_format() writes */

/**
 * duration_parse() - read the whole of @text
 * @ret_why: set on failure: what is wrong, for a message ("time unit needed")
 *
 * Return: true and *ret set; false and *ret_why set.
 */
bool duration_parse(const char *text, struct duration *ret, const char **ret_why);

/** duration_format() - humantime's spelling ("1h 30m", "0s") into @buf */
const char *duration_format(struct duration d, char buf[DURATION_TEXT_SIZE]);

/** duration_us() - microseconds, rounded down; INT64_MAX when it does not fit */
int64_t duration_us(struct duration d);
