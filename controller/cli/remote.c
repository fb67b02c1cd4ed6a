/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Over the daemon's socket (api_client.h). The answer to a change is a stream of events, read as it
 * comes (run_wait.h); anything else is one document.
 */
#include "controller/cli/remote.h"

#include <signal.h>
#include <string.h>

#include "backends/shim_build.h"
#include "controller/api/api_client.h"
#include "controller/cli/ending.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/slot_json.h"
#include "store/place.h"

enum { MAX_DOCUMENT = 256 << 20 };

#define PATIENCE_US (10 * CLOCK_SEC) /* with a daemon that starts: it checks its store first */
#define KNOCK_US    (50 * CLOCK_MS)

struct remote {
	const struct cli *cli;
	struct converge *c; /* NULL: no stream is expected */
	struct api_client client;
	struct api_result result;
	bool has_told_version;
	struct buf parts; /* of the event to come */
	struct json_object *done;
	struct error error; /* why the stream was given up; code 0: it was not */
};

/* --- is there one? --- */

static int socket_path(const struct cli *cli, const struct command_args *args, const char **ret,
		       struct error *err)
{
	struct session_options options;
	int r = open_options(cli, args, &options, err);

	if (r == 0)
		*ret = layout_api_socket(&options.layout, cli->arena);
	return r;
}

/* Does a daemon hold the node's lock? @ret: its name. Where nobody can tell, the lock itself will,
 * when it is taken. */
static bool has_holder(const struct layout *l, struct arena *a, char ret[PLACE_HOLDER_SIZE])
{
	return place_holder(layout_store_lock(l, a), ret, NULL) == PLACE_HELD &&
	       strstr(ret, "(" REMOTE_DAEMON);
}

static int refuse_busy(const char *holder, struct error *err)
{
	(void)error_set(err, ERR_LOCKED, 0, "the daemon still starts, or is about to end: %s",
			holder);
	error_hint(err, "try again in a moment");
	return -ERR_LOCKED;
}

int remote_runs(const struct cli *cli, const struct command_args *args, struct error *err)
{
	const struct mono end = mono_add(clock_mono(), PATIENCE_US);
	char holder[PLACE_HOLDER_SIZE];
	struct session_options o;
	const char *path;
	int r = open_options(cli, args, &o, err);

	if (r < 0)
		return r;
	path = layout_api_socket(&o.layout, cli->arena);
	/* None, or one that died and left its socket: then this command does it itself. */
	while ((r = api_client_knock(path, err)) == API_CLIENT_NO_DAEMON) {
		if (!has_holder(&o.layout, cli->arena, holder))
			return 0;
		if (mono_cmp(clock_mono(), end) >= 0)
			return refuse_busy(holder, err);
		clock_sleep(KNOCK_US);
	}
	return r < 0 ? r : 1;
}

/* --- what a stream tells --- */

/* Once, and before anything else: what follows may be odd for that reason. */
static void tell_version(struct remote *m)
{
	if (m->has_told_version || !api_client_is_other(&m->client, &m->result))
		return;
	m->has_told_version = true;
	output_warn(m->cli->out, "the daemon is tallyman %s, this command is %s", m->result.version,
		    m->client.version);
	output_note(m->cli->out, "hint: restart the daemon to make them one; containers go on");
}

static void on_plan(struct converge *c, struct json_object *o)
{
	const char *text = "";

	(void)json_get_str(o, "text", &text, NULL);
	if (output_is_json(c->cli->out))
		return; /* the document at the end has it */
	output_puts(c->cli->out, text);
	(void)output_flush(c->cli->out, NULL);
}

static void on_note(struct converge *c, struct json_object *o)
{
	struct reconcile_note n = { .what = "note", .text = "" };
	const char *deployment = "";
	int64_t replica = 0;

	(void)json_get_str(o, "deployment", &deployment, NULL);
	(void)json_get_str(o, "service", &n.service, NULL);
	(void)json_get_i64(o, "replica", &replica, NULL);
	(void)json_get_bool(o, "problem", &n.is_problem, NULL);
	(void)json_get_str(o, "what", &n.what, NULL);
	(void)json_get_str(o, "text", &n.text, NULL);
	(void)json_get_str(o, "hint", &n.hint, NULL);
	n.slot = (uint32_t)replica;
	progress_note(c->progress, deployment, &n);
}

/* What the file asks for and its runtime does not do is said in the words of file_warn(). */
static void on_warning(struct converge *c, struct json_object *o)
{
	const char *text = NULL;

	if (json_get_str(o, "text", &text, NULL) == 0)
		output_warn(c->cli->out, "%s", text);
}

static void on_state(struct converge *c, struct json_object *o)
{
	struct news_item n = { .deployment = "", .service = "", .cause = "" };
	const char *state = "";
	int64_t replica = 0;

	(void)json_get_str(o, "deployment", &n.deployment, NULL);
	(void)json_get_str(o, "service", &n.service, NULL);
	(void)json_get_i64(o, "replica", &replica, NULL);
	(void)json_get_str(o, "state", &state, NULL);
	(void)json_get_str(o, "text", &n.cause, NULL);
	n.number = (uint32_t)replica;
	if (slot_json_phase(state, &n.state))
		progress_news(c->progress, &n);
}

static const struct {
	const char *event;
	void (*tell)(struct converge *c, struct json_object *o);
} tellers[] = {
	{ "plan", on_plan },
	{ "note", on_note },
	{ "warning", on_warning },
	{ "state", on_state },
};

static int on_end(struct remote *m, struct json_object *o)
{
	const char *reason = "it stops";

	(void)json_get_str(o, "reason", &reason, NULL);
	(void)error_set(&m->error, ERR_UNAVAILABLE, 0, "the daemon broke off: %s", reason);
	return -ERR_UNAVAILABLE;
}

/* An event without a meaning here is a newer daemon's, and passed over. */
static int take_event(struct remote *m, const struct api_sse_event *e)
{
	struct json_object *o CLEAN(json) = NULL;
	int r;

	buf_puts(&m->parts, e->data);
	if (strcmp(e->event, "part") == 0)
		return 0;
	r = json_parse(m->parts.data, m->parts.n, &o, &m->error);
	buf_clear(&m->parts);
	if (r < 0)
		return error_wrap(&m->error, r, "what the daemon sent");
	if (strcmp(e->event, "end") == 0)
		return on_end(m, o);
	if (strcmp(e->event, "done") == 0)
		m->done = json_object_get(o);
	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (strcmp(tellers[i].event, e->event) == 0)
			tellers[i].tell(m->c, o);
	return 0;
}

static bool on_event(void *arg, const struct api_sse_event *e)
{
	tell_version(arg);
	return take_event(arg, e) == 0;
}

/* --- one request --- */

static volatile sig_atomic_t is_interrupted;

static void on_signal(int sig)
{
	(void)sig;
	is_interrupted = 1;
}

static int judge(struct remote *m, int r, struct error *err)
{
	if (m->error.code) {
		*err = m->error;
		return -(int)m->error.code;
	}
	if (r == 0)
		return api_client_refusal(&m->result, err);
	if (r == API_CLIENT_STOPPED)
		return -ERR_CANCELED;
	if (r == API_CLIENT_NO_DAEMON)
		r = error_set(err, ERR_UNAVAILABLE, 0, "the daemon is gone");
	if (r == -ERR_UNAVAILABLE)
		error_hint(err,
			   "what was asked for is on disk once it was taken; 'tallyman status' "
			   "shows what came of it");
	return r;
}

static int request(struct remote *m, const char *path, const char *target, struct json_object *body,
		   struct error *err)
{
	const struct sigaction act = { .sa_handler = on_signal };
	const char *text = json_object_to_json_string(body);
	const struct api_call call = { .method = "POST",
				       .target = target,
				       .type = "application/json",
				       .body = text,
				       .n_body = strlen(text) };
	const struct api_client_sink sink = { .event = on_event, .arg = m };
	struct sigaction old_int, old_term;
	int r;

	m->client = (struct api_client){ .path = path,
					 .version = shim_build,
					 .cancel = &is_interrupted };
	(void)sigaction(SIGINT, &act, &old_int);
	(void)sigaction(SIGTERM, &act, &old_term);
	r = m->c ? api_client_stream(&m->client, &call, &sink, &m->result, err)
		 : api_client_call(&m->client, &call, &m->result, err);
	(void)sigaction(SIGINT, &old_int, NULL);
	(void)sigaction(SIGTERM, &old_term, NULL);
	tell_version(m); /* of one document, or of a refusal */
	return judge(m, r, err);
}

static void remote_init(struct remote *m, const struct cli *cli)
{
	*m = (struct remote){ .cli = cli, .parts = BUF_INIT(MAX_DOCUMENT) };
	api_result_init(&m->result, MAX_DOCUMENT);
}

static void remote_done(struct remote *m)
{
	api_result_done(&m->result);
	buf_done(&m->parts);
	json_object_put(m->done);
}

/* --- the two ways --- */

int remote_converge(struct converge *c, const char *verb, struct json_object *take,
		    struct error *err)
{
	struct json_object *body CLEAN(json) = take;
	struct remote m;
	const char *path = NULL, *target;
	int r = socket_path(c->cli, c->args, &path, err);

	if (r < 0)
		return r;
	target = arena_printf(c->cli->arena, "/v1/%s%stimeout=%lldus", verb,
			      strchr(verb, '?') ? "&" : "?", (long long)c->timeout_us);
	remote_init(&m, c->cli);
	m.c = c;
	r = request(&m, path, target, body, err);
	progress_counts(c->progress, NULL);
	if (r == 0 && !m.done)
		r = error_set(err, ERR_UNAVAILABLE, 0, "the daemon broke off without an end");
	if (r == 0)
		r = ending_tell(c->cli, json_object_get(m.done), err);
	remote_done(&m);
	if (r != -ERR_CANCELED || !is_interrupted)
		return r;
	progress_say(c->progress, "interrupted",
		     "the daemon goes on with it; 'tallyman status' shows how far it is");
	return EXIT_INTERRUPTED;
}

int remote_post(const struct cli *cli, const struct command_args *args, const char *target,
		struct json_object *take, struct json_object **ret, struct error *err)
{
	struct json_object *body CLEAN(json) = take;
	struct remote m;
	const char *path = NULL;
	int r = socket_path(cli, args, &path, err);

	if (r < 0)
		return r;
	remote_init(&m, cli);
	r = request(&m, path, target, body, err);
	if (r == 0)
		r = json_parse(m.result.body.data, m.result.body.n, ret, err);
	remote_done(&m);
	return r;
}
