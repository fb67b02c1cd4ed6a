/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Values as people read them. Results live in the arena. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"

/** text_size() - "4.1 MiB" */
const char *text_size(struct arena *a, int64_t bytes);

/** text_age() - how long before @now: "12s", "5m", "3h", "2d"; NULL for a time that is 0 */
const char *text_age(struct arena *a, struct wall t, struct wall now);

/** text_time() - RFC 3339 in UTC; NULL for a time that is 0, so that JSON shows null */
const char *text_time(struct arena *a, struct wall t);

/** text_time_short() - "2026-11-23 23:59:59", UTC */
const char *text_time_short(struct arena *a, struct wall t);

/** text_digest() - the first 12 hex digits; NULL for NULL */
const char *text_digest(struct arena *a, const char *digest);

/** text_utf8() - @n bytes as text for JSON: what is no UTF-8 becomes U+FFFD */
const char *text_utf8(struct arena *a, const char *p, size_t n);

/** text_plain() - a copy of @s with U+FFFD for what is no UTF-8 or a control character: for names
 * that others gave, in logs and on terminals */
const char *text_plain(struct arena *a, const char *s);

/**
 * text_parse_time() - "2026-11-23T23:59:59[.123456789]Z", also without the time of day
 *
 * @n: bytes of @p to look at. Return: false when it is no time (then *ret is untouched).
 */
bool text_parse_time(const char *p, size_t n, struct wall *ret);
