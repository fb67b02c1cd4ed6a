/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What kind of host the containers run on: its version and size. */
#include "backends/hcs_api.h"
#include "backends/hcs_spec.h"

/**
 * hcs_host_read() - fill in @ret, whose version is @ret_version
 *
 * has_hyperv is false: utility VMs are not started by this program yet.
 */
void hcs_host_read(const struct hcs_api *api, struct hcs_version *ret_version,
		   struct hcs_host *ret);
