/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the real server: answers, refusals, streams, and daemons that are not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/arena.h"
#include "controller/api/api_client.h"
#include "controller/api/api_stream.h"
#include "tests/support/api_world.h"

enum { MAX_BODY = 4 << 20 };

struct fixture {
	struct api_world world;
	struct api_client client;
	struct api_result result;
	struct error err;
	struct buf told;          /* what streams handed on: "id|event|data;" */
	unsigned n_events, n_max; /* stop after so many */
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	api_world_open(&f->world, 0);
	f->client = (struct api_client){ .path = f->world.path, .version = "1.2.3" };
	api_result_init(&f->result, MAX_BODY);
	buf_init(&f->told, MAX_BODY);
	f->n_max = 1000;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	api_result_done(&f->result);
	buf_done(&f->told);
	api_world_close(&f->world);
	free(f);
	return 0;
}

static int call(struct fixture *f, const char *method, const char *target, const char *body)
{
	const struct api_call c = { .method = method,
				    .target = target,
				    .type = body ? "text/plain" : "",
				    .body = body,
				    .n_body = body ? strlen(body) : 0 };

	buf_clear(&f->result.body);
	return api_client_call(&f->client, &c, &f->result, &f->err);
}

static void test_call(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(call(f, "GET", "/hello", NULL), 0);
	assert_int_equal(f->result.status, 200);
	assert_string_equal(f->result.body.data, "hello\n");
	assert_string_equal(f->result.type, "text/plain");
	assert_string_equal(f->result.version, "1.2.3");
	assert_false(api_client_is_other(&f->client, &f->result));
	f->client.version = "1.2.4";
	assert_true(api_client_is_other(&f->client, &f->result));
	assert_int_equal(call(f, "POST", "/echo", "what is sent"), 0);
	assert_string_equal(f->result.body.data, "what is sent");
	assert_int_equal(call(f, "POST", "/echo", ""), 0);
	assert_string_equal(f->result.body.data, "");
	assert_int_equal(call(f, "HEAD", "/hello", NULL), 0);
	assert_int_equal(f->result.status, 200);
	assert_int_equal(api_client_refusal(&f->result, &f->err), 0);
}

static void test_large(void **state)
{
	struct fixture *f = *state;
	char *body CLEAN(free) = xcalloc(1, (3 << 20) + 1);

	memset(body, 'x', 3 << 20);
	assert_int_equal(call(f, "PUT", "/echo", body), 0);
	assert_int_equal(f->result.body.n, 3 << 20);
	assert_string_equal(f->result.body.data, body);
	api_result_done(&f->result);
	api_result_init(&f->result, 1000);
	assert_int_equal(call(f, "GET", "/big", NULL), -ERR_LIMIT);
}

/* A no is an answer; the error that it carried comes out as it went in. */
static void test_refusal(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(call(f, "GET", "/refuse", NULL), 0);
	assert_int_equal(f->result.status, 409);
	assert_int_equal(api_client_refusal(&f->result, &f->err), -ERR_CONFLICT);
	assert_string_equal(f->err.msg, "the world moved");
	assert_string_equal(f->err.hint, "look again");
	assert_int_equal(call(f, "GET", "/unknown", NULL), 0);
	assert_int_equal(api_client_refusal(&f->result, &f->err), -ERR_NOT_FOUND);
	assert_string_equal(f->err.msg, "the daemon answered 404");
}

static void test_no_daemon(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[128];
	int fd;

	f->client.path = path;
	snprintf(path, sizeof(path), "%s/absent", f->world.dir);
	assert_int_equal(call(f, "GET", "/hello", NULL), API_CLIENT_NO_DAEMON);
	snprintf(path, sizeof(path), "%s/absent/api.sock", f->world.dir);
	assert_int_equal(call(f, "GET", "/hello", NULL), API_CLIENT_NO_DAEMON);
	/* The socket of one that died. */
	snprintf(path, sizeof(path), "%s/dead", f->world.dir);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(call(f, "GET", "/hello", NULL), API_CLIENT_NO_DAEMON);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(call(f, "GET", "/hello", NULL), -ERR_LIMIT);
}

/* As a user who may not: told so, and what helps. */
static void test_no_right(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(f->world.dir, 0700), 0);
	pid = fork();
	if (pid == 0)
		_exit(setuid(65534) == 0 && call(f, "GET", "/hello", NULL) == -ERR_UNAUTHORIZED &&
				      strstr(f->err.hint, "root")
			      ? 0
			      : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_timeout(void **state)
{
	struct fixture *f = *state;

	f->client.timeout_us = 100 * CLOCK_MS;
	assert_int_equal(call(f, "GET", "/hold", NULL), -ERR_TIMEOUT);
}

static void test_canceled(void **state)
{
	struct fixture *f = *state;
	const volatile sig_atomic_t flag = 1;

	f->client.cancel = &flag;
	assert_int_equal(call(f, "GET", "/hold", NULL), API_CLIENT_STOPPED);
}

static bool on_event(void *arg, const struct api_sse_event *e)
{
	struct fixture *f = arg;

	buf_printf(&f->told, "%s|%s|%s;", e->id, e->event, e->data);
	return ++f->n_events < f->n_max;
}

static bool on_bytes(void *arg, const char *p, size_t n)
{
	struct fixture *f = arg;

	buf_add(&f->told, p, n);
	return f->told.n < f->n_max;
}

static int stream(struct fixture *f, const char *target, const char *last)
{
	const struct api_call c = {
		.method = "GET", .target = target, .type = "", .last_event_id = last
	};
	const struct api_client_sink sink = { on_event, on_bytes, f };

	buf_clear(&f->told);
	f->n_events = 0;
	return api_client_stream(&f->client, &c, &sink, &f->result, &f->err);
}

static void test_stream(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(stream(f, "/three", NULL), 0);
	assert_string_equal(f->told.data, "1|step|a\nb;2|step|a\nb;3|step|a\nb;");
	assert_int_equal(stream(f, "/three", "10"), 0);
	assert_string_equal(f->told.data, "11|step|a\nb;12|step|a\nb;13|step|a\nb;");
	f->n_max = 2;
	assert_int_equal(stream(f, "/three", NULL), API_CLIENT_STOPPED);
	assert_string_equal(f->told.data, "1|step|a\nb;2|step|a\nb;");
}

static void test_stream_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(stream(f, "/refuse", NULL), 0);
	assert_int_equal(f->result.status, 409);
	assert_int_equal(f->n_events, 0);
	assert_int_equal(api_client_refusal(&f->result, &f->err), -ERR_CONFLICT);
}

/* A stream may be silent for longer than a call may take. */
static void *end_later(void *arg)
{
	struct fixture *f = arg;
	struct api_request *r = api_world_wait_held(&f->world, 1);

	clock_sleep(1500 * CLOCK_MS);
	api_stream_end(r);
	return NULL;
}

static void test_silent_stream(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	f->client.timeout_us = 100 * CLOCK_MS;
	assert_int_equal(pthread_create(&thread, NULL, end_later, f), 0);
	assert_int_equal(stream(f, "/stream", NULL), 0);
	pthread_join(thread, NULL);
}

static void *break_off(void *arg)
{
	struct fixture *f = arg;
	struct api_request *r = api_world_wait_held(&f->world, 1);

	(void)api_stream_append(r, "some text", 9); /* the client may be slow to come */
	api_stream_break(r, "test");
	return NULL;
}

/* Text that broke off is not taken for the whole. */
static void test_broken_text(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, break_off, f), 0);
	assert_int_equal(stream(f, "/text", NULL), -ERR_UNAVAILABLE);
	pthread_join(thread, NULL);
	assert_string_equal(f->told.data, "some text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_right, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_canceled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_text, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
