/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Bytes between this process's stdin and stdout and a shim's socket, until one side ends. */
#include "base/error.h"

/** shim_relay_run() - returns at the end of the shim's side; -ERR_* when it cannot connect */
int shim_relay_run(const char *socket_path, struct error *err);
