/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The JSON form of an event, the same in every document and stream. */
#include "base/json.h"
#include "store/event_store.h"

/** event_json() - put the members of @e into @o */
void event_json(struct json_object *o, const struct event_row *e);
