/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How something ended that had the node made equal to a wish: here, or in a daemon. */
#include "controller/cli/command.h"
#include "controller/outcome.h"

/**
 * ending_tell() - print what is in an outcome's document (outcome.h); released
 *
 * Return: the exit status; -ERR_INVALID when it is no such document.
 */
int ending_tell(struct cli *cli, struct json_object *take, struct error *err);
