/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which of a node's operating systems makes a container, or that a peer must. Pure: a decision
 * table over what the file wants, what the image is for and what the node is. Never a silent
 * fall-through: an answer says why.
 */
#include <stdbool.h>

#include "base/arena.h"

/* NULL: not said. Words as in the deployment format and in OCI documents. */
struct composite_query {
	const char *want_os, *want_arch, *want_os_version;    /* platform: of the service */
	const char *image_os, *image_arch, *image_os_version; /* of the image, once it is known */
	const char *node_os, *node_arch;                      /* never NULL */
	bool has_linux, has_windows;                          /* runtimes of this node */
};

enum composite_kind {
	COMPOSITE_RUN,      /* a runtime of this node for `os` */
	COMPOSITE_PEER,     /* ROUTE_TO_PEER{os} */
	COMPOSITE_MISMATCH, /* the image is not for what is wanted, or for no node like this */
};

struct composite_answer {
	enum composite_kind kind;
	const char *os;     /* RUN, PEER: "linux", "windows", … */
	const char *reason; /* PEER, MISMATCH: one line */
};

/** composite_route() - the answer; texts in @a */
void composite_route(const struct composite_query *q, struct arena *a,
		     struct composite_answer *ret);
