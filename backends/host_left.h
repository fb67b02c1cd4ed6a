/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What an owner still has on this host, whoever's store knows of it. Asked before an owner tag
 * changes hands: what cannot be found out counts as something.
 */
#include "specs/layout.h"

#include "base/error.h"

enum { HOST_LEFT = 1 };

/**
 * host_left() - is there an instance of @l's owner, alive, or with a bundle or a scratch layer in
 * @l's state directory?
 *
 * Living ones are found wherever their bundles are. Return: 0: none; HOST_LEFT; < 0: unknown.
 */
int host_left(const struct layout *l, struct error *err);

/**
 * host_left_hcs() - is anything of @l's owner on the Host Compute Service: system, endpoint,
 * namespace?
 * @library: as the settings have it; NULL: the system's own
 *
 * Return: 0: none; HOST_LEFT, also when the service cannot say.
 */
int host_left_hcs(const struct layout *l, const char *library);
