/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which of a node's operating systems makes a container, or that a peer must. Pure: a decision
 * table over what the file wants, what the image is for and what the node is. Never a silent
 * fall-through: an answer says why.
 */
#include <stdbool.h>

#include "base/arena.h"

/* Words as in the deployment format and in OCI documents; NULL: not said. */
struct composite_platform {
	const char *os, *arch;
	const char *os_version; /* Windows: "10.0.26100.1"; of other systems it means nothing */
};

struct composite_query {
	struct composite_platform want;  /* platform: of the service */
	struct composite_platform image; /* of the image, once it is known */
	struct composite_platform node;  /* os and arch never NULL; the version of its Windows */
	bool has_linux, has_windows;     /* runtimes of this node */
	bool has_model;                  /* one that makes anything: whatever is wanted runs */
};

enum composite_kind {
	COMPOSITE_RUN,      /* a runtime of this node for `os` */
	COMPOSITE_PEER,     /* ROUTE_TO_PEER{os} */
	COMPOSITE_MISMATCH, /* the image is not for what is wanted, or for no node like this */
};

struct composite_answer {
	enum composite_kind kind;
	const char *os;     /* "linux", "windows", "macos", … */
	const char *reason; /* PEER, MISMATCH: one line; RUN: NULL */
	const char *hint;   /* the same: what a person can do */
};

/**
 * composite_route() - the answer; texts in @a or of @q
 *
 * The system is the file's, else the image's, else the node's own. Then these rows, of which the
 * first that holds decides:
 *
 *   a model is here                                        RUN
 *   the image is for another system than platform.os       MISMATCH
 *   … for another processor than platform.arch             MISMATCH
 *   … for another Windows build than platform.osVersion    MISMATCH
 *   no runtime here for the system                         PEER
 *   platform.arch, else the image's, is not the node's     MISMATCH
 *   platform.osVersion, else the image's, is a newer build
 *   than the node's                                        MISMATCH
 *   else                                                   RUN
 */
void composite_route(const struct composite_query *q, struct arena *a,
		     struct composite_answer *ret);
