/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A call of the service that may never come back, in a thread of its own: whoever makes it waits
 * for a while and goes on. Handles that it uses are then the thread's, and closed when it comes
 * back.
 */
#include "backends/hcs_call.h"

/**
 * hcs_apart_system() - @begin on the system of c->target, as hcs_call_run() does it
 * @begin: gets the HCS_SYSTEM as its @arg
 * @ret:   result HCS_E_OPERATION_TIMEOUT when the call or its operation goes on; no document then
 *
 * Too many that have not come back: E_OUTOFMEMORY, and nothing was begun.
 */
void hcs_apart_system(const struct hcs_call *c, hcs_call_begin *begin, struct hcs_answer *ret);
