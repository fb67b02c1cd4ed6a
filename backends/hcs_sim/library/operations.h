/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Functions that are done in the background, under an operation of the caller's. */
#include "backends/hcs_sim/library/connection.h"

/**
 * operations_start() - send a request whose result goes to @operation
 * @pipes: ends that the caller gets with the result, which are taken, also after a failure; NULL
 *
 * Return: the function's own HRESULT: when it fails the operation stays unused.
 */
HRESULT operations_start(struct request *r, HCS_OPERATION operation, HCS_OPERATION_TYPE type,
			 const int pipes[3]);
