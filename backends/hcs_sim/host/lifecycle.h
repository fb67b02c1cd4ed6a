/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The host as a whole: comes up with what its directory holds, is restarted in part, rebooted. */
#include "backends/hcs_sim/host/host.h"

/**
 * lifecycle_start() - make all parts and load what is there
 *
 * Systems whose keeper is gone have lost their processes with it: the switch lost_systems says what
 * is left of them.
 */
int lifecycle_start(struct host *h, struct error *err);

/** lifecycle_stop() - end all processes and free everything; networks and layers stay on disk */
void lifecycle_stop(struct host *h);

/** lifecycle_refresh() - take over faults.json and switches.json where they were written */
void lifecycle_refresh(struct host *h);

/** lifecycle_restart() - the network service, or the compute service, starts again */
void lifecycle_restart(struct host *h, bool hcn);

/** lifecycle_reboot() - both, all processes end, what does not persist is gone */
void lifecycle_reboot(struct host *h);

/** lifecycle_is_idle() - is there nobody to stay for: no client and no system? */
bool lifecycle_is_idle(const struct host *h);
