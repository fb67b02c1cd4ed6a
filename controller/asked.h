/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Asked: the names a person gave with stop, start or restart, as one request a deployment. */
#include "controller/manual.h"

struct store;

struct asked {
	struct manual *items; /* in the order in which the deployments were first named */
	size_t n;
};

struct asked_words {
	const char *const *items;
	size_t n;
};

/**
 * asked_read() - what is meant by @words (target.h); all of them are known, or none is asked for
 * @like: gives the action and who asks; its strings outlive the result
 *
 * Return: 0; -ERR_INVALID, -ERR_NOT_FOUND: of the first name that is wrong.
 */
int asked_read(struct store *s, const struct asked_words *words, const struct manual *like,
	       struct arena *a, struct asked *ret, struct error *err);
