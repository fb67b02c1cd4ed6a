/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP over the daemon's socket with libcurl. The answer to a change is a stream of events, read as
 * it comes (run_wait.h); anything else is one document.
 */
#include "controller/cli/remote.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller/api/api_problem.h"
#include "controller/api/api_sse.h"
#include "controller/cli/ending.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/slot_json.h"

enum { MAX_EVENT = 1 << 20, MAX_DOCUMENT = 256 << 20 };

struct remote {
	const struct cli *cli;
	struct converge *c; /* NULL: no stream is expected */
	CURL *curl;
	struct api_sse_reader sse;
	struct buf body;  /* what is no stream */
	struct buf parts; /* of the event to come */
	struct json_object *done;
	struct error error; /* why the stream was given up; code 0: it was not */
};

/* --- is there one? --- */

static int dial(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return -1;
	memcpy(at.sun_path, path, strlen(path));
	return connect(fd, (struct sockaddr *)&at, sizeof(at));
}

static int socket_path(const struct cli *cli, const struct command_args *args, const char **ret,
		       struct error *err)
{
	struct session_options options;
	int r = open_options(cli, args, &options, err);

	if (r == 0)
		*ret = layout_api_socket(&options.layout, cli->arena);
	return r;
}

int remote_runs(const struct cli *cli, const struct command_args *args, struct error *err)
{
	const char *path;
	int r = socket_path(cli, args, &path, err);

	if (r < 0)
		return r;
	if (dial(path) == 0)
		return 1;
	/* None, or one that died and left its socket: then this command does it itself. */
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		return 0;
	return error_sys(err, errno, "reach the daemon at %s", path);
}

/* --- what a stream tells --- */

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

static int take_stream(struct remote *m, const char *p, size_t n)
{
	while (n > 0) {
		struct api_sse_event e;
		size_t used = 0;
		int r = api_sse_read(&m->sse, p, n, &used, &e);

		p += used;
		n -= used;
		if (r == API_SSE_TOO_LONG)
			return error_set(&m->error, ERR_LIMIT, 0, "the daemon sent too much");
		if (r == 0 && take_event(m, &e) < 0)
			return -1;
	}
	return 0;
}

/* Less than all of it makes libcurl give up. */
static size_t on_bytes(char *p, size_t size, size_t n, void *arg)
{
	struct remote *m = arg;
	long status = 0;

	curl_easy_getinfo(m->curl, CURLINFO_RESPONSE_CODE, &status);
	if (m->c && status == 200)
		return take_stream(m, p, size * n) < 0 ? 0 : size * n;
	buf_add(&m->body, p, size * n);
	return m->body.overflow ? 0 : size * n;
}

/* --- one request --- */

static volatile sig_atomic_t is_interrupted;

static void on_signal(int sig)
{
	(void)sig;
	is_interrupted = 1;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)arg;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return is_interrupted;
}

static void prepare(struct remote *m, const char *path, const char *url, const char *body,
		    struct curl_slist *headers)
{
	CURL *c = m->curl;

	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, m);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
}

/* What the answer's status and body say, when it is no success. */
static int read_problem(struct remote *m, long status, struct error *err)
{
	struct error theirs = ERROR_INIT, unused = ERROR_INIT;

	if (api_problem_read(m->body.data ? m->body.data : "", m->body.n, &theirs, &unused) == 0) {
		*err = theirs;
		return -(int)theirs.code;
	}
	return error_set(err, api_problem_code((unsigned)status), 0,
			 "the daemon answered with status %ld", status);
}

static int judge(struct remote *m, CURLcode code, struct error *err)
{
	long status = 0;

	curl_easy_getinfo(m->curl, CURLINFO_RESPONSE_CODE, &status);
	if (m->error.code) {
		*err = m->error;
		return -(int)m->error.code;
	}
	if (code == CURLE_OK)
		return status == 200 ? 0 : read_problem(m, status, err);
	if (is_interrupted)
		return -ERR_CANCELED;
	(void)error_set(err, ERR_UNAVAILABLE, 0, "the daemon is gone: %s",
			curl_easy_strerror(code));
	error_hint(err, "what was asked for is on disk once it was taken; 'tallyman status' shows "
			"what came of it");
	return -ERR_UNAVAILABLE;
}

static int request(struct remote *m, const char *path, const char *url, struct json_object *body,
		   struct error *err)
{
	const struct sigaction act = { .sa_handler = on_signal };
	struct sigaction old_int, old_term;
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	int r;

	m->curl = curl_easy_init();
	if (!m->curl || !headers)
		return error_set(err, ERR_UNAVAILABLE, 0, "no memory for a request");
	(void)sigaction(SIGINT, &act, &old_int);
	(void)sigaction(SIGTERM, &act, &old_term);
	prepare(m, path, url, json_object_to_json_string(body), headers);
	r = judge(m, curl_easy_perform(m->curl), err);
	(void)sigaction(SIGINT, &old_int, NULL);
	(void)sigaction(SIGTERM, &old_term, NULL);
	curl_slist_free_all(headers);
	curl_easy_cleanup(m->curl);
	return r;
}

static void remote_init(struct remote *m, const struct cli *cli)
{
	*m = (struct remote){ .cli = cli,
			      .body = BUF_INIT(MAX_DOCUMENT),
			      .parts = BUF_INIT(MAX_DOCUMENT) };
	api_sse_reader_init(&m->sse, MAX_EVENT);
}

static void remote_done(struct remote *m)
{
	api_sse_reader_done(&m->sse);
	buf_done(&m->body);
	buf_done(&m->parts);
	json_object_put(m->done);
}

/* --- the two ways --- */

int remote_converge(struct converge *c, const char *verb, struct json_object *take,
		    struct error *err)
{
	struct json_object *body CLEAN(json) = take;
	struct remote m;
	const char *path, *url;
	int r = socket_path(c->cli, c->args, &path, err);

	if (r < 0)
		return r;
	url = arena_printf(c->cli->arena, "http://tallyman/v1/%s%stimeout=%lldus", verb,
			   strchr(verb, '?') ? "&" : "?", (long long)c->timeout_us);
	remote_init(&m, c->cli);
	m.c = c;
	r = request(&m, path, url, body, err);
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
	const char *path;
	int r = socket_path(cli, args, &path, err);

	if (r < 0)
		return r;
	remote_init(&m, cli);
	r = request(&m, path, arena_printf(cli->arena, "http://tallyman%s", target), body, err);
	if (r == 0)
		r = json_parse(m.body.data ? m.body.data : "", m.body.n, ret, err);
	remote_done(&m);
	return r;
}
