/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The keeper: one process that is vmcompute, HNS and the layer driver of a simulated host. One
 * thread, one loop (server.h); everything hangs from struct host and belongs to that thread. Each
 * part is a module with its own state:
 *
 *   clients   connections and the handles that are open on each
 *   calls     one function call: counted, possibly hit by a fault, carried out, answered
 *   compute   compute systems and their processes (silo.h: how a process is held)
 *   hcn       networks, namespaces, endpoints
 *   layers    layer folders: imported, activated, prepared
 *
 * A part that fails to write its file aborts nothing: the call fails, as on a full disk.
 */
#include <stdbool.h>

#include "backends/hcs_sim/host/store.h"
#include "backends/hcs_sim/host/switches.h"

struct host {
	int dirfd;
	const char *path; /* of the directory */
	struct switches switches;
	struct store_seen switches_seen; /* the file as it was read */
	struct faults *faults;
	struct calls *calls;
	struct client *clients; /* a list */
	struct compute *compute;
	struct hcn *hcn;
	struct layers *layers;
	bool leaving; /* ends when this turn of the loop is over */
};
