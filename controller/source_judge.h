/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Judge: what a scan of the watched paths means for the node. In one transaction what is right is
 * accepted as a revision, and what is wrong is written down beside its file, with an event when it
 * is new. Nothing is ever removed for want of knowledge:
 *
 *   the path or a file cannot be read      what it gave before stays
 *   somebody may be writing it             looked at again
 *   it does not parse, or has no services  what it gave before stays
 *   a directory without files              what its files gave before stays
 *   a watched file that is gone            the same: it is an unreadable source
 *   a file gone from its directory         the deployment stays; with prune it is taken down,
 *                                          unless a new file cannot be read: that may give it, and
 *                                          the row of the one that is gone says so
 *   a file gives another deployment        the one before has vanished, in the same way
 *   two files give one deployment          the one that gave it before and still does, else the
 *                                          first by path
 *
 * When all removals of one scan together take more than max(2, 20 %) of the node's services, the
 * files they come from wait for `approve`; others go on.
 */
#include "controller/session.h"
#include "controller/source_scan.h"
#include "controller/wanted.h"

struct source_verdict {
	struct arena *arena;    /* the caller's: everything below lives in it, but wanted ones */
	struct wanted **wanted; /* new desired states, to be handed to the driver; the caller's */
	size_t n_wanted;
	const char **warnings; /* what is wrong since this scan, to be logged */
	size_t n_warnings;
	bool is_unsettled; /* something should be looked at again soon */
};

/**
 * source_judge() - take over what @scan found
 *
 * Return: 0; < 0 when the store failed: nothing was accepted, nothing is in @ret.
 */
int source_judge(struct session *s, const struct source_scan *scan, struct source_verdict *ret,
		 struct error *err);

/** source_verdict_done() - frees wanted ones nobody took */
void source_verdict_done(struct source_verdict *v);
