/* SPDX-License-Identifier: Apache-2.0 */
/* One writer for a form that people's scripts read: members only ever come, none goes. */
#include "controller/slot_json.h"

#include <string.h>

const char *slot_json_state(const struct reconcile_view *v)
{
	switch (v->state) {
	case RECONCILE_STATE_DONE:
	case RECONCILE_STATE_HELD:
	case RECONCILE_STATE_NEEDS_PEER:
	case RECONCILE_STATE_UNSUPPORTED:
	case RECONCILE_STATE_BLOCKED:
	case RECONCILE_STATE_GONE:
		return reconcile_state_to_string(v->state);
	case RECONCILE_STATE_WORKING:
	case RECONCILE_STATE_WAITING:
	case RECONCILE_STATE_RUNNING:
	case RECONCILE_N_STATES:
		break;
	}
	return v->instance ? instance_state_to_string(v->instance->state) : "absent";
}

bool slot_json_phase(const char *word, enum reconcile_state *ret)
{
	for (int i = 0; i < RECONCILE_N_STATES; i++)
		if (strcmp(reconcile_state_to_string((enum reconcile_state)i), word) == 0) {
			*ret = (enum reconcile_state)i;
			return true;
		}
	return false;
}

const char *slot_json_next(const struct reconcile_view *v)
{
	return verdict_is_right(v->verdict) ? NULL : verdict_to_string(v->verdict);
}

static struct wall since(const struct instance *i)
{
	if (i->state == INSTANCE_EXITED)
		return i->finished;
	return i->started.us ? i->started : i->created;
}

static void put_exit(struct json_object *o, const struct reconcile_view *v)
{
	const struct instance *i = v->instance;

	if (i && i->state == INSTANCE_EXITED && i->has_exit_code)
		json_put_i64(o, "exit_code", observed_exit_number(i->exit_code));
	else if (!i && v->record->has_exit_code)
		json_put_i64(o, "exit_code", observed_exit_number(v->record->exit_code));
	else
		json_put_obj(o, "exit_code", NULL);
}

struct json_object *slot_json(const char *deployment, const struct reconcile_view *v)
{
	struct json_object *o = json_object_new_object();
	const struct instance *i = v->instance;
	const struct instance none = { 0 };

	if (!i)
		i = &none;
	json_put_str(o, "id", i->id);
	json_put_str(o, "deployment", deployment);
	json_put_str(o, "service", v->service);
	json_put_i64(o, "replica", v->number);
	json_put_i64(o, "generation", (int64_t)(i->id ? i->generation : v->record->generation));
	json_put_str(o, "state", slot_json_state(v));
	json_put_str(o, "health", "unknown");
	json_put_str(o, "runtime", i->runtime);
	json_put_obj(o, "pid", i->pid > 0 ? json_object_new_int(i->pid) : NULL);
	json_put_str(o, "address", i->address);
	json_put_str(o, "image", i->image);
	json_put_str(o, "digest", i->digest);
	json_put_str(o, "config_hash", i->config_hash);
	json_put_i64(o, "restarts", v->record->restarts);
	json_put_i64(o, "healed", v->record->healed);
	put_exit(o, v);
	json_put_time(o, "since", since(i));
	json_put_str(o, "reason", v->cause);
	json_put_str(o, "next_action", slot_json_next(v));
	json_put_time(o, "next_at",
		      v->record->retry_at.us ? v->record->retry_wall : (struct wall){ 0 });
	json_put_str(o, "phase", reconcile_state_to_string(v->state));
	json_put_str(o, "hint", v->hint);
	if (v->os)
		json_put_str(o, "required_os", v->os);
	return o;
}
