/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The config hash: does a running instance still match its service? Eight
 * hashes in a row, one for each group of fields, so that a hash alone tells
 * what kind of change there was. What the hash covers is in the schema
 * (`group`); tests/golden/hashes.tsv keeps it the same for ever.
 */
#include <stdbool.h>
#include <stddef.h>

#include "specs/schema.h"
#include "specs/spec_service.h"

struct arena;

#define HASH_PREFIX "h1:"
#define HASH_GROUP  16 /* hex digits of a group */
#define HASH_SIZE   (sizeof(HASH_PREFIX) + 8 * HASH_GROUP)

/* What a change costs. */
enum hash_cost {
	HASH_CHANGE_NONE,     /* concerns the controller only */
	HASH_CHANGE_IN_PLACE, /* the runtime's update */
	HASH_CHANGE_RECREATE, /* a new instance */
};

/**
 * What env values count as. NULL as a resolver: $E: counts as written, $S: is unknown.
 * @value: the text that counts for @key, whose @raw begins with $E: or $S: (an HMAC for a
 *         secret, never the secret); NULL when nobody knows
 */
struct hash_resolver {
	const char *(*value)(void *ctx, const char *key, const char *raw);
	void *ctx;
};

/**
 * hash_service() - the hash of what a service's containers are made of
 * @s:   for replicas of a group, what spec_group_service() gave
 * @ret: "h1:" and 8 x 16 digits; a group with something unknown is 16 x '?'
 */
void hash_service(const struct service *s, const struct hash_resolver *resolver,
		  char ret[HASH_SIZE]);

/* Bit i is the group GROUP_FIRST + i. */
struct hash_difference {
	unsigned changed;
	unsigned unknown; /* cannot be compared; never in `changed` */
};

/** hash_compare() - which groups differ; all are unknown when the prefix is another one */
struct hash_difference hash_compare(const char *have, const char *want);

/** hash_group_change() - what a change in a group costs */
enum hash_cost hash_group_change(enum field_group group);

/** hash_worst_change() - the costliest change among the groups in @changed */
enum hash_cost hash_worst_change(unsigned changed);

/**
 * hash_doubt() - @have before an update to @want: the groups it changes are marked, in which nobody
 * knows what holds until it has answered; they differ from everything
 */
const char *hash_doubt(const char *have, const char *want, struct arena *a);

/** hash_trust() - the marks taken away: what held before holds, or it does not matter any more */
const char *hash_trust(const char *hash, struct arena *a);

struct hash_change {
	const char *path; /* "env.VERSION" */
	const char *have; /* NULL: was not there */
	const char *want; /* NULL: is no longer there */
	bool is_part;     /* a whole part or element came or went; its fields are not listed */
	enum field_group group;
};

struct hash_changes {
	struct hash_change *items; /* sorted by path */
	size_t n;
};

/**
 * hash_changes() - the fields in which two versions of a service differ
 *
 * For people: values are as written, references too. Only fields the hash covers.
 */
struct hash_changes hash_changes(const struct service *have, const struct service *want,
				 struct arena *arena);

/** hash_change_text() - "env.VERSION: 1 -> 2", in @arena; long values are cut */
const char *hash_change_text(const struct hash_change *c, struct arena *arena);
