/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The little network every container has: its own loopback. */
#include <sys/types.h>

#include "base/error.h"

/** youki_net_loopback() - bring lo up in the network namespace of @pid */
int youki_net_loopback(pid_t pid, struct error *err);
