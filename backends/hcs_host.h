/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What kind of host the containers run on: its version and size. */
#include "backends/hcs_api.h"
#include "backends/hcs_spec.h"

/**
 * hcs_host_read() - fill in @ret, whose version is @ret_version
 *
 * has_hyperv is true: whether the host can start utility VMs only the service knows, and it says so
 * when one is made.
 */
void hcs_host_read(const struct hcs_api *api, struct hcs_version *ret_version,
		   struct hcs_host *ret);
