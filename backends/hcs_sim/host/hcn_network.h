/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What endpoints need to know of their network's document. */
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/subnet.h"

#define HCN_NETWORK_SUBNETS 16 /* of one network */

/** hcn_network_subnets() - how many there are, into @ret; -1 when one is none, or there are more */
int hcn_network_subnets(const struct json_object *doc, struct subnet ret[HCN_NETWORK_SUBNETS]);

/** hcn_network_is_gateway() - is it the first next hop of one of its subnets? */
bool hcn_network_is_gateway(const struct json_object *doc, const struct address *a);
