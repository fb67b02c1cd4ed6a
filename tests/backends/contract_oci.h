/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The contract over real containers: one program a process, by its name; in the process itself, or
 * as the product has it, in a shim. */
#include "tests/backends/runtime_contract.h"

/** contract_oci_run() - "crun", "runc" or "youki", or one line SKIP when it cannot run here */
int contract_oci_run(const char *program);

/** contract_oci_run_shim() - the first that can run here, in a shim; the caller is its own shim */
int contract_oci_run_shim(void);
