/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What of the Host Compute Service can be known without asking it anything: is it there, and which
 * Windows is it of. */
#include "base/arena.h"
#include "base/error.h"

/**
 * hcs_look() - load the service's functions, and let them go again
 * @library:     hcs.library of the settings; NULL: the system's own
 * @ret_version: of the host, "10.0.20348"; in @a
 *
 * Return: 0; < 0: it cannot be loaded here, and waiting changes nothing about it. Does not block.
 */
int hcs_look(const char *library, struct arena *a, const char **ret_version, struct error *err);
