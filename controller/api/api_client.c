/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl speaks HTTP. Who is not there, and why, it does not tell: that is asked once more after
 * a call that has not got through.
 */
#include "controller/api/api_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/late.h"
#include "controller/api/api_listen.h"
#include "controller/api/api_problem.h"

#define CURL_CALLS(X)                                                                              \
	X(curl_, easy_init)                                                                        \
	X(curl_, easy_setopt)                                                                      \
	X(curl_, easy_perform)                                                                     \
	X(curl_, easy_getinfo)                                                                     \
	X(curl_, easy_strerror)                                                                    \
	X(curl_, easy_cleanup)                                                                     \
	X(curl_, slist_append)                                                                     \
	X(curl_, slist_free_all)

/* Only a command that meets a daemon has use for libcurl. */
static struct {
	CURL_CALLS(LATE_CALL)
} libcurl;
static const char *const names[] = { CURL_CALLS(LATE_NAME) };
static struct late late = LATE_INIT("libcurl.so.4", "libcurl4", names, &libcurl);

CLEAN_DEFINE(easy, CURL *, libcurl.easy_cleanup)
CLEAN_DEFINE(list, struct curl_slist *, libcurl.slist_free_all)

enum { MAX_EVENT = 4 << 20 };

/* One call under way: what libcurl's callbacks need. */
struct run {
	const struct api_client *client;
	const struct api_client_sink *sink; /* NULL: everything goes to the body */
	struct api_result *result;
	struct api_sse_reader reader;
	CURL *easy;
	struct mono last_call; /* until when the answer must have begun, or be whole; 0: no end */
	bool has_begun, is_stopped, is_late, is_too_long;
};

void api_result_init(struct api_result *r, size_t max)
{
	*r = (struct api_result){ 0 };
	buf_init(&r->body, max);
}

void api_result_done(struct api_result *r)
{
	buf_done(&r->body);
}

static int refused(const char *path, int e, struct error *err)
{
	if (e == ENOENT || e == ECONNREFUSED || e == ENOTDIR)
		return API_CLIENT_NO_DAEMON;
	if (e == EAGAIN || e == EINPROGRESS) {
		(void)error_set(err, ERR_UNAVAILABLE, e, "the daemon at %s takes no more clients",
				path);
		error_hint(err, "try again in a moment");
		return -ERR_UNAVAILABLE;
	}
	(void)error_sys(err, e, "connect to the daemon at %s", path);
	if (e == EACCES)
		error_hint(err, "run the command as root, or as a member of the socket's group");
	return -(int)error_code_of_errno(e);
}

int api_client_knock(const char *path, struct error *err)
{
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr;
	int r = api_listen_address(path, &addr, err);

	if (r < 0)
		return r;
	if (fd < 0)
		return error_sys(err, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return refused(path, errno, err);
	return 0;
}

/* libcurl's socket is inherited by nobody we start. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg, (void)purpose;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

/* ----------------------------------------------------------------------------- receive -- */

/* The value of a header line when it is that one. */
static bool take_header(const char *line, size_t n, const char *name, char *ret, size_t size)
{
	const size_t n_name = strlen(name);
	size_t from = n_name + 1;

	if (n <= n_name || strncasecmp(line, name, n_name) != 0 || line[n_name] != ':')
		return false;
	while (from < n && line[from] == ' ')
		from++;
	while (n > from && strchr("\r\n ", line[n - 1]))
		n--;
	snprintf(ret, size, "%.*s", (int)(n - from), line + from);
	return true;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct run *run = arg;
	struct api_result *r = run->result;

	run->has_begun =
		run->sink && size * n == 2; /* the empty line: a stream may wait from here */
	if (!take_header(p, size * n, "Content-Type", r->type, sizeof(r->type)))
		(void)take_header(p, size * n, "Tallyman-Version", r->version, sizeof(r->version));
	return size * n;
}

static bool hand_on_events(struct run *run, const char *p, size_t n)
{
	struct api_sse_event e;
	size_t used;

	while (n > 0) {
		int r = api_sse_read(&run->reader, p, n, &used, &e);

		if (r == API_SSE_TOO_LONG) {
			run->is_too_long = true;
			return false;
		}
		if (r == 0 && !run->sink->event(run->sink->arg, &e)) {
			run->is_stopped = true;
			return false;
		}
		p += used;
		n -= used;
	}
	return true;
}

static bool hand_on(struct run *run, const char *p, size_t n)
{
	struct api_result *r = run->result;
	long status = 0;

	(void)libcurl.easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!run->sink || status >= 300) {
		buf_add(&r->body, p, n);
		run->is_too_long = r->body.overflow;
		return !r->body.overflow;
	}
	if (run->sink->event && strcmp(r->type, "text/event-stream") == 0)
		return hand_on_events(run, p, n);
	run->is_stopped = run->sink->bytes && !run->sink->bytes(run->sink->arg, p, n);
	return !run->is_stopped;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	return hand_on(arg, p, size * n) ? size * n : 0;
}

static int on_progress(void *arg, curl_off_t down, curl_off_t have, curl_off_t up, curl_off_t sent)
{
	struct run *run = arg;
	const struct mono end = run->last_call;

	(void)down, (void)have, (void)up, (void)sent;
	if (run->client->cancel && *run->client->cancel)
		run->is_stopped = true;
	else if (end.us && !run->has_begun && mono_cmp(clock_mono(), end) >= 0)
		run->is_late = true;
	return run->is_stopped || run->is_late;
}

/* -------------------------------------------------------------------------------- call -- */

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	char line[256];
	struct curl_slist *longer;

	if (value && !*value)
		return list;
	/* "Name:" alone takes one of libcurl's own away. */
	snprintf(line, sizeof(line), "%s: %s", name, value ? value : "");
	if (!value)
		line[strlen(line) - 1] = '\0';
	longer = libcurl.slist_append(list, line);
	if (!longer)
		abort();
	return longer;
}

static struct curl_slist *make_headers(const struct api_client *c, const struct api_call *call)
{
	struct curl_slist *list =
		add_header(NULL, "Tallyman-Version", c->version ? c->version : "");

	list = add_header(list, "Accept", NULL);
	list = add_header(list, "Content-Type", call->type);
	/* The server reads a body that it will refuse; to ask first only costs a turn. */
	list = add_header(list, "Expect", NULL);
	return add_header(list, "Last-Event-ID", call->last_event_id ? call->last_event_id : "");
}

static void set_request(struct run *run, const struct api_call *call, const char *url)
{
	CURL *e = run->easy;

	(void)libcurl.easy_setopt(e, CURLOPT_URL, url);
	(void)libcurl.easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	(void)libcurl.easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, run->client->path);
	(void)libcurl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http");
	(void)libcurl.easy_setopt(e, CURLOPT_PROXY, "");
	(void)libcurl.easy_setopt(e, CURLOPT_CUSTOMREQUEST, call->method);
	if (strcmp(call->method, "HEAD") == 0)
		(void)libcurl.easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (call->body) {
		(void)libcurl.easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->n_body);
		(void)libcurl.easy_setopt(e, CURLOPT_POSTFIELDS, call->body);
	}
}

static void set_callbacks(struct run *run)
{
	CURL *e = run->easy;

	(void)libcurl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)libcurl.easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_socket);
	(void)libcurl.easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	(void)libcurl.easy_setopt(e, CURLOPT_HEADERDATA, run);
	(void)libcurl.easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)libcurl.easy_setopt(e, CURLOPT_WRITEDATA, run);
	(void)libcurl.easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)libcurl.easy_setopt(e, CURLOPT_XFERINFODATA, run);
	(void)libcurl.easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
}

/* No whole request has reached anybody. */
static bool is_unsent(CURLcode code, unsigned status)
{
	return status == 0 && (code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR);
}

static int translate(const struct run *run, CURLcode code, struct error *err)
{
	int r;

	if (code == CURLE_OK)
		return 0;
	if (run->is_stopped)
		return API_CLIENT_STOPPED;
	if (run->is_late)
		return error_set(err, ERR_TIMEOUT, 0, "the daemon did not answer in time");
	if (run->is_too_long)
		return error_set(err, ERR_LIMIT, 0, "the daemon's answer is too long");
	r = is_unsent(code, run->result->status) ? api_client_knock(run->client->path, err) : 0;
	if (r)
		return r;
	(void)error_set(err, ERR_UNAVAILABLE, (int)code, "the daemon's answer broke off: %s",
			libcurl.easy_strerror(code));
	return -ERR_UNAVAILABLE;
}

static int perform(struct run *run, const struct api_call *call, struct error *err)
{
	struct curl_slist *headers CLEAN(list) = make_headers(run->client, call);
	struct buf url CLEAN(buf) = BUF_INIT(1 << 20);
	CURLcode code;
	long status = 0;

	buf_printf(&url, "http://tallyman%s", call->target);
	set_request(run, call, url.data);
	set_callbacks(run);
	(void)libcurl.easy_setopt(run->easy, CURLOPT_HTTPHEADER, headers);
	code = libcurl.easy_perform(run->easy);
	(void)libcurl.easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &status);
	run->result->status = (unsigned)status;
	return translate(run, code, err);
}

static int go(struct run *run, const struct api_call *call, struct error *err)
{
	CURL *easy CLEAN(easy) = NULL;
	struct sockaddr_un unused;
	int r = api_listen_address(run->client->path, &unused, err);

	if (r == 0)
		r = late_load(&late, err);
	if (r < 0)
		return r;
	easy = libcurl.easy_init();
	if (!easy)
		abort();
	run->easy = easy;
	if (run->client->timeout_us)
		run->last_call = mono_add(clock_mono(), run->client->timeout_us);
	return perform(run, call, err);
}

int api_client_call(const struct api_client *c, const struct api_call *call, struct api_result *ret,
		    struct error *err)
{
	struct run run = { .client = c, .result = ret };

	return go(&run, call, err);
}

int api_client_stream(const struct api_client *c, const struct api_call *call,
		      const struct api_client_sink *sink, struct api_result *ret, struct error *err)
{
	struct run run = { .client = c, .result = ret, .sink = sink };
	int r;

	api_sse_reader_init(&run.reader, MAX_EVENT);
	r = go(&run, call, err);
	api_sse_reader_done(&run.reader);
	return r;
}

int api_client_refusal(const struct api_result *r, struct error *err)
{
	struct error said = ERROR_INIT;

	if (r->status >= 200 && r->status < 300)
		return 0;
	if (api_problem_read(r->body.data, r->body.n, &said, NULL) < 0 || said.code == ERR_OK)
		return error_set(err, api_problem_code(r->status), (int)r->status,
				 "the daemon answered %u", r->status);
	if (err)
		*err = said;
	return -(int)said.code;
}

bool api_client_is_other(const struct api_client *c, const struct api_result *r)
{
	return c->version && r->version[0] && strcmp(c->version, r->version) != 0;
}
