/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* An exec over a link: carries the caller's descriptors to the program's and back. */
#include "backends/remote_link.h"

/**
 * remote_exec() - run a program inside an instance, to its end
 *
 * Input is read only as fast as the shim takes it. When x->cancel becomes true the program is
 * ended. Return: as the exec of the runtime table.
 */
int remote_exec(struct remote_link *l, const struct runtime_exec *x, int *ret_code,
		struct error *err);
