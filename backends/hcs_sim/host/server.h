/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The keeper's loop: connections, children that ended, calls that are due. */
#include "backends/hcs_sim/host/host.h"

/**
 * server_run() - serve until told to leave, or until there has been nobody to stay for a while
 * @listener: closed at the end; a client that comes while the keeper leaves finds nobody
 */
void server_run(struct host *h, int listener);
