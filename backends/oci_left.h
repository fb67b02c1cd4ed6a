/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Whose is a state directory that no bundle of ours explains? Every program keeps the annotations
 * of the container in it, each in a place of its own; none of them has to be started for that.
 */
#include "base/arena.h"
#include "base/error.h"

struct oci_left {
	const char *node_id; /* annotation dev.tallyman.node; NULL: nothing says it */
	const char *bundle;  /* absolute; NULL likewise */
};

/** oci_left_read() - what the files in @dir say, in @a; files cut short or strange say nothing.
 *  < 0: they could not be read */
int oci_left_read(const char *dir, struct arena *a, struct oci_left *ret, struct error *err);
