/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Restore: a writable layer out of quarantine comes back into its slot. That it is wanted is in the
 * store first (the orphan is `restoring`); whoever makes the next instance of the slot begins with
 * it (assign_layer()), and the wish ends when that instance was started.
 */
#include "controller/manual.h"
#include "controller/session.h"

/**
 * restore_ask() - write down that the layer of instance @id is wanted back
 * @ret: what is then to be asked of the driver: a new instance of the slot; borrows from @a
 *
 * Return: 0;
 *         -ERR_NOT_FOUND: nothing of that id is in quarantine; its deployment is not known here, or
 *         was taken down; the current revision has no such slot
 *         -ERR_CONFLICT: the slot has an instance that lives, is made by another runtime now, or
 *         already waits for another layer; or nothing may be changed before `recover --accept`
 */
int restore_ask(struct session *s, const char *id, const struct accept_from *from, struct arena *a,
		struct manual *ret, struct error *err);
