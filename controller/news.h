/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * News: which slots came to rest, or began to wait, since the last look at a driver. The core's
 * notes tell what is begun, ends and fails; that a slot is where it shall be is found here, by
 * comparing.
 */
#include "controller/driver.h"

struct news;

struct news_item {
	const char *deployment, *service;
	uint32_t number;
	enum reconcile_state state;
	const char *cause;
};

struct news_options {
	/* One call for each slot, in the core's order; the item lives as long as the call. */
	void (*tell)(void *arg, const struct news_item *item);
	/* Is that deployment looked at? NULL: all of them. */
	bool (*is_of)(void *arg, const char *deployment);
	/* Is that slot of it? NULL: all of them. */
	bool (*is_meant)(void *arg, const char *deployment, const struct reconcile_view *v);
	void *arg;
};

struct news *news_new(const struct news_options *o);
void news_free(struct news *n); /* NULL is fine */
CLEAN_DEFINE(news, struct news *, news_free)

/**
 * news_look() - tell what is other than at the last look; the first one tells nothing
 * @is_last: look in any case; else only when looks have not cost more than their share of the time
 *
 * Return: did it look?
 */
bool news_look(struct news *n, const struct driver *d, bool is_last);

/** news_counts() - slots by state at the last look */
const size_t *news_counts(const struct news *n);
