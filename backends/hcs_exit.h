/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Has an instance's entry process ended, and how? The service is asked; nobody guesses. */
#include "backends/hcs.h"

/**
 * hcs_exit_check() - ask about the entry process of @id, and record its end
 *
 * An end whose code the service no longer has is recorded without one. Return: 0, also when it
 * lives, was never made or is nobody's; < 0 when the service could not be asked.
 */
int hcs_exit_check(struct hcs *h, const char *id, struct error *err);

/** hcs_exit_reopen() - the service lost every handle: open them again for all that lives */
void hcs_exit_reopen(struct hcs *h);
