/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A deployment file as the core gets it: parsed, resolved by rules of the tests' own, and
 * expanded. What the driver finds out by asking stands in the file here:
 *
 *   image missing/…                a BLOCKED route: no such image
 *   image slow/…                   a BLOCKED route that may pass: the registry is busy
 *   platform: {os: windows}        NEEDS_PEER
 *   labels: {test.runtime: NAME}   made by that runtime; "youki" without it
 *   labels: {test.fixed: yes}      its runtime changes nothing in place
 *
 * The digest of an image is its name as written, so that a story can be read.
 */
#include "base/arena.h"
#include "controller/expand.h"
#include "specs/spec.h"

#define CORE_WISH_DEPLOYMENT "shop"

/** core_wish_parse() - a whole file; fails the test when it is not accepted */
const struct deployment *core_wish_parse(const char *yaml, struct arena *a);

/** core_wish_services() - the same from the lines below `services:`, not indented */
const struct deployment *core_wish_services(const char *lines, struct arena *a);

/** core_wish_resolve() - the driver's fields of groups */
void core_wish_resolve(struct expand_groups *groups, struct arena *a);

struct core_wish {
	const struct deployment *current;  /* NULL: nothing is wanted, it is down */
	const struct deployment *previous; /* NULL: none */
	const struct observed *observed;   /* for manual scale; NULL: nothing is there */
	const struct slot *slots;          /* likewise */
	size_t n_slots;
};

/** core_wish_expand() - to slots; fails the test when that fails */
struct desired core_wish_expand(const struct core_wish *w, struct arena *a);

/** core_wish_slot() - one slot of @d by its name `web-rep-0`; fails the test when it is not there
 */
const struct desired_slot *core_wish_slot(const struct desired *d, const char *name);
