/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The host's own routes: a slice that meets one of them would take its traffic away. */
#include "base/error.h"
#include "specs/slice.h"

/**
 * host_route_meets() - is there a route of the host into @slice, the default route apart?
 * @except: the name of a link that does not count, our own; NULL: all do
 * @ret:    which: "10.220.0.0/16 by eth0"
 *
 * Return: HOST_ROUTE_MEETS (> 0), 0, or what reading the routes says.
 */
enum { HOST_ROUTE_MEETS = 1, HOST_ROUTE_TEXT = 64 };
int host_route_meets(const struct slice *slice, const char *except, char ret[HOST_ROUTE_TEXT],
		     struct error *err);
