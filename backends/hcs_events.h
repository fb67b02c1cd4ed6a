/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the service tells by itself: an end of a system or a process, its own end. An event is only
 * a hint that one instance, or all of them, want looking at: what is true is then asked for by
 * hcs_exit.h. So an event that is late, doubled or about somebody who is gone does no harm.
 */
#include "backends/hcs.h"

/** hcs_events_new() - with a thread of its own, which asks the service and may block on it */
int hcs_events_new(struct hcs *h, struct hcs_events **ret, struct error *err);

/** hcs_events_stop() - wait until its thread is at no box any more; callbacks may still come */
void hcs_events_stop(struct hcs_events *ev);

/** hcs_events_free() - after the stop, when no box is watched any more. NULL is fine */
void hcs_events_free(struct hcs_events *ev);

/** hcs_events_watch() - hear of the ends of @box's open handles; the caller's box */
void hcs_events_watch(struct hcs_events *ev, struct hcs_box *box);

/** hcs_events_hint() - look at that instance soon */
void hcs_events_hint(struct hcs_events *ev, const char *id);
