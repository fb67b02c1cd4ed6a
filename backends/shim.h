/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The shim: a process of its own that hosts one runtime of one owner and outlives whoever
 * started it. It holds a lock from before its socket exists until it is gone, so there is
 * one at a time; it leaves when it holds nothing and has no client.
 */
#include "backends/shim_hosted.h"
#include "specs/layout.h"

struct shim_options {
	const char *runtime;  /* "youki" */
	struct layout layout; /* its strings are the caller's */
	const char *node_id;
	const char *oci_path;    /* NULL: the runtime chooses */
	const char *hcs_library; /* of the Host Compute Service; NULL: the system's */
	bool foreground;         /* stay in this process and session; errors and logs to stderr */
	bool rehearse;           /* only say whether this program could take over from another */
	int resume; /* > 0: take over what the program before left in that descriptor */
	bool stdio; /* speak the protocol on 0 and 1 for a client that cannot connect:
		     * starts the shim if need be and carries bytes to its socket */
	const char
		*manager; /* value of NOTIFY_SOCKET, told once clients can connect; NULL: nobody */
	const struct shim_hosted *hosted; /* NULL: looked up by name */
};

/**
 * shim_run() - be the shim
 *
 * In the foreground it returns at the shim's end. Else the shim is a new process in a
 * session of its own, with working directory /, no descriptor of ours, and its output in
 * <state>/logs/shim-<runtime>.log; the caller's process returns once clients can connect,
 * with the reason when they cannot. Call it before any thread is started, and return from
 * main afterwards: it closes all descriptors but 0, 1 and 2.
 *
 * Upgrade: at SIGHUP, or when a client asks, another program (or the one that is at the same path
 * now) goes on in the same process: same pid, children, sockets, pipes and lock. It is rehearsed
 * before; one that cannot go on all the same gives back to the one before.
 *
 * Return: 0, also when another shim serves this owner and runtime already.
 */
int shim_run(const struct shim_options *o, struct error *err);
