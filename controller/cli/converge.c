/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around a driver for one command; what is wanted is the command's matter. */
#include "controller/cli/converge.h"

#include "controller/backups.h"
#include "controller/cli/ending.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/plan_render.h"
#include "specs/duration.h"
#include "store/store.h"

enum { MAX_TEXT = 64 << 20 }; /* a plan for LIMIT_SLOTS slots */

#define DEFAULT_TIMEOUT_US (300 * CLOCK_SEC)

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
	ret->deadline = mono_add(clock_mono(), ret->timeout_us);
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
	if (c->driver && !driver_is_quiet(c->driver))
		session_hang_up(c->session);
	driver_free(c->driver);
	session_close(c->session); /* its runtimes hold the sink until here */
	inbox_free(c->inbox);
	loop_free(c->loop);
	progress_free(c->progress);
	json_object_put(c->plans);
}

/* What was asked for is done, with a copy or without. */
static void back_up(struct converge *c)
{
	struct error err = ERROR_INIT;

	if (backups_run(c->session->store, &err) < 0)
		output_warn(c->cli->out, "the daily copy of the database was not made: %s",
			    err.msg);
}

int converge_run(struct converge *c, const char *verb, struct error *err)
{
	struct outcome o = { .verb = verb,
			     .driver = c->driver,
			     .plans = c->plans,
			     .must_accept = c->session->must_accept };
	int r = driver_run(c->driver, c->deadline, &o.end, err);

	progress_look(c->progress, c->driver, true);
	if (r < 0)
		return error_wrap(err, r, "%s", verb);
	back_up(c);
	return ending_tell(c->cli, outcome_document(&o), err);
}
