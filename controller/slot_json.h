/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON form of a slot and its instance, the same in every document: id, deployment, service,
 * replica, generation, state, health, runtime, pid, address, image, digest, config_hash,
 * restarts, exit_code, since, reason, next_action, next_at; phase, what is being done about it (the
 * words of reconcile.h), and hint, the way out of it; required_os where a peer is needed.
 * What is not known is null.
 */
#include "base/json.h"
#include "controller/reconcile.h"

/** slot_json() - one slot of @deployment; the caller's */
struct json_object *slot_json(const char *deployment, const struct reconcile_view *v);

/** slot_json_phase() - what a `phase` says; false for a word that is none */
bool slot_json_phase(const char *word, enum reconcile_state *ret);

/** slot_json_state() - the word for what the slot is, "running", "needs_peer", "exited" … */
const char *slot_json_state(const struct reconcile_view *v);

/** slot_json_next() - what would be done next, as a word; NULL: nothing */
const char *slot_json_next(const struct reconcile_view *v);
