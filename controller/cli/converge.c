/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around a driver for one command; what is wanted is the command's matter. */
#include "controller/cli/converge.h"

#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/slot_json.h"
#include "controller/plan_render.h"
#include "specs/duration.h"
#include "store/store.h"

enum { MAX_TEXT = 64 << 20 }; /* a plan for LIMIT_SLOTS slots */

#define DEFAULT_TIMEOUT_US (300 * CLOCK_SEC)

/* What a slot that did not come out right is called; NULL: it did. */
static const struct {
	enum driver_end end;
	const char *word;
	enum exit_status status;
} ends[] = {
	{ DRIVER_CONVERGED, "converged", EXIT_DONE },
	{ DRIVER_STUCK, "partly", EXIT_PARTLY },
	{ DRIVER_TIMED_OUT, "timed_out", EXIT_TIMEOUT },
	{ DRIVER_INTERRUPTED, "interrupted", EXIT_INTERRUPTED },
};

static void on_plan(void *arg, const struct plan *p)
{
	struct converge *c = arg;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);
	struct json_object *o = NULL;
	struct error unused = ERROR_INIT;

	c->n_planned++;
	if (!output_is_json(c->cli->out)) {
		plan_render_text(p, &text);
		output_bytes(c->cli->out, text.data, text.n);
		(void)output_flush(c->cli->out, &unused); /* told again at the end */
		return;
	}
	plan_render_json(p, &text);
	if (json_parse(text.data, text.n, &o, &unused) == 0)
		json_object_array_add(c->plans, o);
}

static void on_note(void *arg, const char *deployment, const struct reconcile_note *n)
{
	progress_note(((struct converge *)arg)->progress, deployment, n);
}

static void on_turn(void *arg)
{
	const struct converge *c = arg;

	/* Before the first look of all nothing is known that could change. */
	if (c->n_planned >= driver_count(c->driver))
		progress_look(c->progress, c->driver, false);
}

static void on_stop(void *arg, enum driver_end why)
{
	const struct converge *c = arg;

	if (why == DRIVER_INTERRUPTED)
		progress_say(c->progress, "interrupted",
			     "what is under way is finished first; Ctrl-C again leaves at once");
	else
		progress_say(c->progress, "timeout", "what is under way is finished first");
}

static int read_timeout(const struct command_args *args, int64_t *ret, struct error *err)
{
	const char *text = command_value(args, "timeout"), *why;
	struct duration d;

	*ret = DEFAULT_TIMEOUT_US;
	if (!text)
		return 0;
	if (!duration_parse(text, &d, &why))
		return error_set(err, ERR_INVALID, 0,
				 "--timeout '%s' is no duration like 30s or 5m", text);
	*ret = duration_us(d);
	return 0;
}

int converge_options(struct cli *cli, const struct command_args *args, struct converge *ret)
{
	struct error err = ERROR_INIT;
	int r;

	*ret = (struct converge){ .cli = cli, .args = args };
	r = read_timeout(args, &ret->timeout_us, &err);
	if (r == 0)
		r = progress_new(cli->out, command_value(args, "progress"), &ret->progress, &err);
	return r < 0 ? command_usage(cli, args, "%s", err.msg) : 0;
}

int converge_open(struct converge *c, struct error *err)
{
	struct session_options options;
	struct driver_options driver = { .planned = on_plan,
					 .note = on_note,
					 .turned = on_turn,
					 .stopping = on_stop,
					 .arg = c };
	struct runtime_sink sink;
	int r = open_options(c->cli, c->args, &options, err);

	if (r == 0)
		r = loop_new(&c->loop, err);
	if (r < 0)
		return r;
	c->plans = json_object_new_array();
	c->inbox = inbox_new(loop_bell(c->loop));
	sink = inbox_sink(c->inbox);
	r = session_open(&options, SESSION_CHANGE, &sink, &c->session, err);
	if (r < 0)
		return r;
	if (store_moved_to(c->session->store))
		output_warn(
			c->cli->out,
			"the database was damaged: it lies aside as %s, a new one takes its place",
			store_moved_to(c->session->store));
	driver.session = c->session;
	driver.loop = c->loop;
	driver.inbox = c->inbox;
	return driver_new(&driver, &c->driver, err);
}

void converge_done(struct converge *c)
{
	driver_free(c->driver);
	session_close(c->session); /* its runtimes hold the sink until here */
	inbox_free(c->inbox);
	loop_free(c->loop);
	progress_free(c->progress);
	json_object_put(c->plans);
}

/* What kept a slot from coming out right, on stderr; nothing of one that did. */
static void tell_problem(struct converge *c, const char *deployment, const struct reconcile_view *v)
{
	struct output *out = c->cli->out;
	const char *state = reconcile_state_to_string(v->state);

	switch (v->state) {
	case RECONCILE_STATE_BLOCKED:
		output_complain(out, v->hint, "%s/%s-rep-%u: %s", deployment, v->service, v->number,
				v->cause);
		break;
	case RECONCILE_STATE_NEEDS_PEER:
		output_warn(out, "%s/%s-rep-%u needs a peer (%s): %s", deployment, v->service,
			    v->number, v->os, v->cause);
		break;
	case RECONCILE_STATE_UNSUPPORTED:
	case RECONCILE_STATE_WAITING:
	case RECONCILE_STATE_WORKING:
		output_warn(out, "%s/%s-rep-%u is %s: %s", deployment, v->service, v->number, state,
			    v->cause);
		if (v->hint)
			output_note(out, "hint: %s", v->hint);
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
static void tell_sums(struct converge *c, const char *name, const size_t *counts)
{
	struct buf line CLEAN(buf) = BUF_INIT(4096);

	for (int s = 0; s < RECONCILE_N_STATES; s++)
		if (counts[s])
			buf_printf(&line, "%s%zu %s", line.n ? ", " : "", counts[s],
				   reconcile_state_to_string((enum reconcile_state)s));
	output_printf(c->cli->out, "%s: %s\n", name, line.n ? line.data : "nothing left");
}

static void tell_deployment(struct converge *c, size_t i, struct json_object *slots)
{
	const struct reconciler *r = driver_reconciler(c->driver, i);
	size_t counts[RECONCILE_N_STATES] = { 0 };

	for (size_t k = 0; k < reconcile_count(r); k++) {
		struct reconcile_view v;

		reconcile_view(r, k, &v);
		counts[v.state]++;
		tell_problem(c, driver_deployment(c->driver, i), &v);
		json_object_array_add(slots, slot_json(driver_deployment(c->driver, i), &v));
	}
	counts[RECONCILE_STATE_GONE] = 0; /* what is not there needs no counting */
	if (!output_is_json(c->cli->out))
		tell_sums(c, driver_deployment(c->driver, i), counts);
}

static void tell_next(struct converge *c, enum driver_end end)
{
	if (end == DRIVER_INTERRUPTED)
		output_note(c->cli->out, "interrupted; 'tallyman %s' goes on from here",
			    c->cli->line);
	if (end == DRIVER_TIMED_OUT)
		output_complain(c->cli->out, "the same command goes on; --timeout waits longer",
				"the time to wait ran out");
}

static void tell_end(struct converge *c, const char *verb, enum driver_end end)
{
	struct json_object *doc = output_schema(verb), *slots = json_object_new_array();

	for (size_t i = 0; i < driver_count(c->driver); i++)
		tell_deployment(c, i, slots);
	json_put_str(doc, "outcome", ends[end].word);
	json_put_obj(doc, "plans", json_object_get(c->plans));
	json_put_obj(doc, "instances", slots);
	if (driver_partial(c->driver))
		output_warn(c->cli->out, "not everything could be seen: %s",
			    driver_partial(c->driver));
	if (c->session->must_accept)
		output_warn(c->cli->out, "the store was rebuilt, put back or took the owner over: "
					 "nothing is deleted before 'tallyman recover --accept'");
	tell_next(c, end);
	if (output_is_json(c->cli->out))
		output_json(c->cli->out, doc);
	else
		json_object_put(doc);
}

int converge_run(struct converge *c, const char *verb, struct error *err)
{
	struct mono deadline = mono_add(clock_mono(), c->timeout_us);
	enum driver_end end;
	int r = driver_run(c->driver, deadline, &end, err);

	progress_look(c->progress, c->driver, true);
	if (r < 0)
		return error_wrap(err, r, "%s", verb);
	tell_end(c, verb, end);
	/* What is kept back waits for a person, whatever else is in the way. */
	if (end == DRIVER_STUCK && c->session->must_accept)
		return EXIT_APPROVAL;
	return (int)ends[end].status;
}
