/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the document it prints: what a daemon sent is told exactly as what was done here. */
#include "controller/cli/ending.h"

#include <string.h>

#include "controller/cli/output.h"
#include "controller/slot_json.h"

static const enum exit_status statuses[] = {
	[DRIVER_CONVERGED] = EXIT_DONE,
	[DRIVER_STUCK] = EXIT_PARTLY,
	[DRIVER_TIMED_OUT] = EXIT_TIMEOUT,
	[DRIVER_INTERRUPTED] = EXIT_INTERRUPTED,
};

/* What is read of a slot's JSON; strings are the document's. */
struct line {
	const char *deployment, *service, *reason, *hint, *os;
	int64_t number;
	enum reconcile_state state;
};

static int read_line(struct json_object *o, struct line *ret, struct error *err)
{
	const char *phase;
	int r = json_need_str(o, "deployment", &ret->deployment, err);

	if (r == 0)
		r = json_need_str(o, "service", &ret->service, err);
	if (r == 0)
		r = json_need_i64(o, "replica", &ret->number, err);
	if (r == 0)
		r = json_need_str(o, "reason", &ret->reason, err);
	if (r == 0)
		r = json_need_str(o, "phase", &phase, err);
	if (r == 0 && !slot_json_phase(phase, &ret->state))
		r = error_set(err, ERR_INVALID, 0, "phase '%s' is not known", phase);
	if (r >= 0)
		r = json_get_str(o, "hint", &ret->hint, err);
	if (r >= 0)
		r = json_get_str(o, "required_os", &ret->os, err);
	return r < 0 ? r : 0;
}

static void tell_hint(struct output *out, const struct line *l)
{
	if (l->hint)
		output_note(out, "hint: %s", l->hint);
}

/* What kept a slot from coming out right, on stderr; nothing of one that did. */
static void tell_problem(struct output *out, const struct line *l)
{
	switch (l->state) {
	case RECONCILE_STATE_BLOCKED:
		output_complain(out, l->hint, "%s/%s-rep-%lld: %s", l->deployment, l->service,
				(long long)l->number, l->reason);
		break;
	case RECONCILE_STATE_NEEDS_PEER:
		output_warn(out, "%s/%s-rep-%lld needs a peer (%s): %s", l->deployment, l->service,
			    (long long)l->number, l->os ? l->os : "another system", l->reason);
		tell_hint(out, l);
		break;
	case RECONCILE_STATE_UNSUPPORTED:
	case RECONCILE_STATE_WAITING:
	case RECONCILE_STATE_WORKING:
		output_warn(out, "%s/%s-rep-%lld is %s: %s", l->deployment, l->service,
			    (long long)l->number, reconcile_state_to_string(l->state), l->reason);
		tell_hint(out, l);
		break;
	case RECONCILE_STATE_RUNNING:
	case RECONCILE_STATE_DONE:
	case RECONCILE_STATE_HELD:
	case RECONCILE_STATE_GONE:
	case RECONCILE_N_STATES:
		break;
	}
}

/* "shop: 3 running, 1 done" */
static void tell_sums(struct output *out, const char *name, const size_t *counts)
{
	struct buf line CLEAN(buf) = BUF_INIT(4096);

	if (output_is_json(out))
		return;
	for (int s = 0; s < RECONCILE_N_STATES; s++)
		if (counts[s] && s != RECONCILE_STATE_GONE) /* what is not there is not counted */
			buf_printf(&line, "%s%zu %s", line.n ? ", " : "", counts[s],
				   reconcile_state_to_string((enum reconcile_state)s));
	output_printf(out, "%s: %s\n", name, line.n ? line.data : "nothing left");
}

/* The slots of one deployment stand together, in the order of the deployments. */
static int tell_deployment(struct output *out, const char *name, struct json_object *slots,
			   size_t *at, struct error *err)
{
	size_t counts[RECONCILE_N_STATES] = { 0 }, n = json_object_array_length(slots);

	for (; *at < n; (*at)++) {
		struct line l = { 0 };
		int r = read_line(json_object_array_get_idx(slots, *at), &l, err);

		if (r < 0)
			return r;
		if (strcmp(l.deployment, name) != 0)
			break;
		counts[l.state]++;
		tell_problem(out, &l);
	}
	tell_sums(out, name, counts);
	return 0;
}

static int tell_slots(struct output *out, struct json_object *doc, struct error *err)
{
	struct json_object *names, *slots;
	size_t at = 0;
	int r = json_get_array(doc, "deployments", &names, err);

	if (r == 0)
		r = json_get_array(doc, "instances", &slots, err);
	if (r)
		return error_set(err, ERR_INVALID, 0,
				 "an outcome without deployments or instances");
	for (size_t i = 0; r == 0 && i < json_object_array_length(names); i++)
		r = tell_deployment(out,
				    json_object_get_string(json_object_array_get_idx(names, i)),
				    slots, &at, err);
	return r;
}

static void tell_next(struct cli *cli, enum driver_end end)
{
	if (end == DRIVER_INTERRUPTED)
		output_note(cli->out, "interrupted; 'tallyman %s' goes on from here", cli->line);
	if (end == DRIVER_TIMED_OUT)
		output_complain(cli->out, "the same command goes on; --timeout waits longer",
				"the time to wait ran out");
}

int ending_tell(struct cli *cli, struct json_object *take, struct error *err)
{
	struct json_object *doc CLEAN(json) = take;
	const char *word, *partial = NULL;
	bool must_accept = false;
	enum driver_end end;
	int r = json_need_str(doc, "outcome", &word, err);

	if (r == 0 && !outcome_end_from_string(word, &end))
		r = error_set(err, ERR_INVALID, 0, "outcome '%s' is not known", word);
	if (r == 0)
		r = tell_slots(cli->out, doc, err);
	if (r >= 0)
		r = json_get_str(doc, "partial", &partial, err);
	if (r >= 0)
		r = json_get_bool(doc, "must_accept", &must_accept, err);
	if (r < 0)
		return r;
	if (partial)
		output_warn(cli->out, "not everything could be seen: %s", partial);
	if (must_accept)
		output_warn(cli->out, "the store was rebuilt, put back or took the owner over: "
				      "nothing is deleted before 'tallyman recover --accept'");
	tell_next(cli, end);
	if (output_is_json(cli->out))
		output_json(cli->out, json_object_get(doc));
	/* What is kept back waits for a person, whatever else is in the way. */
	return end == DRIVER_STUCK && must_accept ? EXIT_APPROVAL : (int)statuses[end];
}
