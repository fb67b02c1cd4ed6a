/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Run: the daemon. One loop around the same driver that a command runs once: every deployment of
 * the store is kept as it shall be, watched sources are taken over, requests are answered.
 *
 * A store that cannot be written stops every step, not the daemon: what the core knew is dropped,
 * and when the store takes writes again everything is loaded and looked at anew.
 */
#include "controller/session.h"
#include "controller/source_scan.h"

struct run_options {
	struct session_options session;
	const struct source_path *watch; /* outlive it */
	size_t n_watch;
	int64_t orphan_grace_us; /* how old an orphan is before it is acted on; > 0 */
	int64_t resync_us;       /* full looks at least that often */
	const char *version;     /* of this program */
	const char *manager;     /* value of NOTIFY_SOCKET; NULL: no service manager */
	int64_t watchdog_us;     /* it wants a sign of life that often; 0: it does not */
	void (*ready)(void *arg, struct session *s); /* once: requests are answered; NULL */
	void (*stopping)(void *arg);                 /* nothing new is begun; NULL */
	void (*hangup)(void *arg);                   /* somebody sent SIGHUP; NULL */
	void *arg;
};

/**
 * run_daemon() - until SIGTERM or SIGINT, then until what is under way has ended
 *
 * Containers go on. SIGHUP looks at the watched paths at once. Return: 0; < 0: it could not start.
 */
int run_daemon(const struct run_options *o, struct error *err);
