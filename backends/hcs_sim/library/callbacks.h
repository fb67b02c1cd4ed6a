/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Callbacks run on a thread of the library, one after the other, without its lock: they may call
 * anything. After an object was closed none of its callbacks begins.
 */
#include "backends/hcs_sim/library/library.h"

enum event_kind {
	EVENT_OPERATION, /* an operation is done: its own callback */
	EVENT_OF_SYSTEM, /* of a system or process: type, and data or an operation */
	EVENT_OF_HCN,    /* a notification, as type */
};

/**
 * callbacks_queue() - have the callback of @on run; with the lock held
 * @operation: for HcsEventOperationCallback; NULL
 */
void callbacks_queue(struct library *l, enum event_kind kind, struct object *on, int type,
		     const char *data, struct object *operation);
