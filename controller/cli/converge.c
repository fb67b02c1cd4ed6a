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
	struct converge *c = arg;

	if (c->is_quiet && !n->is_problem)
		return;
	if (!n->service)
		output_note(c->cli->out, "%s: %s", deployment, n->text);
	else if (n->is_problem)
		output_warn(c->cli->out, "%s-rep-%u: %s", n->service, n->slot, n->text);
	else
		output_note(c->cli->out, "%s-rep-%u: %s", n->service, n->slot, n->text);
}

static bool is_quiet(const struct command_args *args)
{
	const char *mode = command_value(args, "progress");

	return mode && (strcmp(mode, "quiet") == 0 || strcmp(mode, "json") == 0);
}

int converge_open(struct cli *cli, const struct command_args *args, struct converge *ret,
		  struct error *err)
{
	struct session_options options;
	struct driver_options driver = { .planned = on_plan, .note = on_note, .arg = ret };
	struct runtime_sink sink;
	int r = open_options(cli, args, &options, err);

	*ret = (struct converge){ .cli = cli, .args = args, .is_quiet = is_quiet(args) };
	if (r == 0)
		r = loop_new(&ret->loop, err);
	if (r < 0)
		return r;
	ret->plans = json_object_new_array();
	ret->inbox = inbox_new(loop_bell(ret->loop));
	sink = inbox_sink(ret->inbox);
	r = session_open(&options, SESSION_CHANGE, &sink, &ret->session, err);
	if (r < 0)
		return r;
	if (store_moved_to(ret->session->store))
		output_warn(
			cli->out,
			"the database was damaged: it lies aside as %s, a new one takes its place",
			store_moved_to(ret->session->store));
	driver.session = ret->session;
	driver.loop = ret->loop;
	driver.inbox = ret->inbox;
	return driver_new(&driver, &ret->driver, err);
}

void converge_done(struct converge *c)
{
	driver_free(c->driver);
	session_close(c->session); /* its runtimes hold the sink until here */
	inbox_free(c->inbox);
	loop_free(c->loop);
	json_object_put(c->plans);
}

int converge_timeout(const struct command_args *args, int64_t *ret, struct error *err)
{
	const char *text = command_value(args, "timeout"), *why;
	struct duration d;

	*ret = DEFAULT_TIMEOUT_US;
	if (!text)
		return 0;
	if (!duration_parse(text, &d, &why)) {
		(void)error_set(err, ERR_INVALID, 0, "--timeout %s: %s", text, why);
		error_hint(err, "write it as 30s or 5m");
		return -ERR_INVALID;
	}
	*ret = duration_us(d);
	return 0;
}

static bool is_problem(const struct reconcile_view *v)
{
	return v->state == RECONCILE_STATE_NEEDS_PEER || v->state == RECONCILE_STATE_UNSUPPORTED ||
	       v->state == RECONCILE_STATE_BLOCKED || v->state == RECONCILE_STATE_WAITING ||
	       v->state == RECONCILE_STATE_WORKING;
}

static void tell_problem(struct converge *c, const struct reconcile_view *v)
{
	output_warn(c->cli->out, "%s-rep-%u: %s: %s%s%s", v->service, v->number,
		    reconcile_state_to_string(v->state), v->cause, v->hint ? "; " : "",
		    v->hint ? v->hint : "");
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
		if (is_problem(&v))
			tell_problem(c, &v);
		json_object_array_add(slots, slot_json(driver_deployment(c->driver, i), &v));
	}
	counts[RECONCILE_STATE_GONE] = 0; /* what is not there needs no counting */
	if (!output_is_json(c->cli->out))
		tell_sums(c, driver_deployment(c->driver, i), counts);
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
	if (end == DRIVER_INTERRUPTED)
		output_note(c->cli->out, "interrupted; what was under way has ended. The same "
					 "command goes on from here");
	if (c->session->must_accept)
		output_warn(c->cli->out, "the store was rebuilt or put back: nothing is deleted "
					 "before 'tallyman recover --accept'");
	if (end == DRIVER_TIMED_OUT)
		output_warn(c->cli->out, "the time to wait ran out. The same command goes on from "
					 "here; --timeout waits longer");
	if (output_is_json(c->cli->out))
		output_json(c->cli->out, doc);
	else
		json_object_put(doc);
}

int converge_run(struct converge *c, const char *verb, int64_t timeout_us, struct error *err)
{
	struct mono deadline = mono_add(clock_mono(), timeout_us);
	enum driver_end end;
	int r = driver_run(c->driver, deadline, &end, err);

	if (r < 0)
		return error_wrap(err, r, "%s", verb);
	tell_end(c, verb, end);
	/* What is kept back waits for a person, whatever else is in the way. */
	if (end == DRIVER_STUCK && c->session->must_accept)
		return EXIT_APPROVAL;
	return (int)ends[end].status;
}
