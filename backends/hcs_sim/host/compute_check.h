/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What HcsCreateComputeSystem looks at before it makes a system. */
#include "backends/hcs_sim/host/calls.h"

/** compute_check() - S_OK when @config (its schema was checked) can become a system on this host */
HRESULT compute_check(struct call *c, struct json_object *config);
