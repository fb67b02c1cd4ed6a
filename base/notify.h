/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Words to the service manager, as sd_notify(3) has them, without its library: one datagram
 * each to the socket named by NOTIFY_SOCKET. Whoever has read the environment passes the values
 * down.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum notify_state {
	NOTIFY_READY, /* start-up is done */
	NOTIFY_STOPPING,
	NOTIFY_WATCHDOG, /* alive */
};

enum { NOTIFY_NOBODY = 1 };

/**
 * notify_state() - what we are doing now
 * @address: value of NOTIFY_SOCKET, "/a/path" or "@abstract"; NULL or "": there is no manager
 * @status:  one line for people; NULL: unchanged
 *
 * Never waits: a manager whose queue is full is -ERR_UNAVAILABLE.
 *
 * Return: 0; NOTIFY_NOBODY; -ERR_UNSUPPORTED for an address of another kind; -ERR_LIMIT for one
 *         that is too long; an error of the system.
 */
int notify_state(const char *address, enum notify_state state, const char *status,
		 struct error *err);

/**
 * notify_watchdog() - how often NOTIFY_WATCHDOG is to be sent: half of what the manager waits
 * @usec, @pid: values of WATCHDOG_USEC and WATCHDOG_PID; NULL: not set
 * @own:        our pid; the watchdog may be meant for another process
 *
 * Return: microseconds; 0 when nobody watches us.
 */
int64_t notify_watchdog(const char *usec, const char *pid, pid_t own);
