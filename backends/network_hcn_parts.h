/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The network as network_hcn.c and network_hcn_list.c see it; nobody else's business. */
#include <pthread.h>

#include "backends/network_hcn.h"

struct network_hcn {
	const struct hcs_api *api;
	const char *owner, *node_id;
	GUID network;
	pthread_mutex_t lock;
	unsigned n_attaching; /* the network stays while somebody is about to use it */
};
