/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Scope: which slots of one deployment somebody means. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scope_item {
	const char *service; /* NULL: all of the deployment */
	bool has_slot;
	uint32_t slot;
};

struct scope {
	const struct scope_item *items; /* a slot that one of them names is in it */
	size_t n;
};

/** scope_has() - does somebody mean that slot? @s NULL: everybody is meant */
bool scope_has(const struct scope *s, const char *service, uint32_t number);
