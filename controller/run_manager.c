/* SPDX-License-Identifier: Apache-2.0 */
/* A manager that cannot be told is no reason to stop: it will act on its own when it misses us. */
#include "controller/run_manager.h"

#include "base/log.h"
#include "base/notify.h"

static void tell(struct run *r, enum notify_state state, const char *status)
{
	struct error err = ERROR_INIT;

	if (notify_state(r->o->manager, state, status, &err) < 0)
		log_error(LOG_WARN, &err, "step=notify");
}

void run_manager_begin(struct run *r)
{
	r->alive = r->now;
	tell(r, NOTIFY_READY, "keeping the node");
}

struct mono run_manager_wake(const struct run *r)
{
	if (!r->o->watchdog_us)
		return (struct mono){ 0 };
	return mono_add(r->alive, r->o->watchdog_us);
}

void run_manager_turn(struct run *r)
{
	struct mono due = run_manager_wake(r);

	if (!due.us || mono_cmp(r->now, due) < 0)
		return;
	r->alive = r->now;
	tell(r, NOTIFY_WATCHDOG, NULL);
}

void run_manager_stop(struct run *r)
{
	tell(r, NOTIFY_STOPPING, "finishing what is under way");
}
