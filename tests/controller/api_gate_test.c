/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before every route, for us and for somebody who may only look. */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/limits.h"
#include "controller/api/api_peer.h"
#include "tests/support/api_world.h"

enum { MAX_ANSWER = 1 << 20, NOBODY = 65534 };

static int setup(void **state)
{
	struct api_world *w = xcalloc(1, sizeof(*w));

	api_world_open(w, 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	api_world_close(*state);
	free(*state);
	return 0;
}

/* Status of a request with a body of @n bytes, and the whole answer. */
static unsigned ask(const struct api_world *w, const char *line, size_t n, struct buf *ret)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	unsigned status = 0;

	buf_printf(&text, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", line, n);
	for (size_t i = 0; i < n; i++)
		buf_putc(&text, 'x');
	buf_clear(ret);
	api_world_call(w, text.data, ret);
	(void)sscanf(ret->data, "HTTP/1.1 %u ", &status);
	return status;
}

static void test_gate(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	assert_int_equal(ask(*state, "GET /v1/things/a%2Fb", 0, &got), 200);
	assert_non_null(strstr(got.data, "\r\n\r\na/b"));
	assert_int_equal(ask(*state, "POST /v1/things/a", LIMIT_API_READER_BODY + 1, &got), 200);
	assert_int_equal(ask(*state, "GET /v1/nothing", 0, &got), 404);
	assert_non_null(strstr(got.data, "\"code\": \"not-found\""));
	assert_int_equal(ask(*state, "DELETE /v1/things/a", 0, &got), 405);
	assert_non_null(strstr(got.data, "\r\nAllow: GET, HEAD, POST\r\n"));
	assert_int_equal(ask(*state, "GET /v1/things/%zz", 0, &got), 400);
	assert_non_null(strstr(got.data, "\"schema\": \"tallyman.error.v1\""));
	assert_int_equal(ask(*state, "HEAD /v1/things/a", 0, &got), 200);
}

/* As a child without rights of its own. */
static int be_nobody(const struct api_world *w)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return 1;
	if (ask(w, "GET /v1/things/a", 0, &got) != 200)
		return 2;
	if (ask(w, "POST /v1/things/a", 0, &got) != 403 || !strstr(got.data, "unauthorized"))
		return 3;
	if (ask(w, "POST /v1/things/a", LIMIT_API_READER_BODY, &got) != 403)
		return 4;
	if (ask(w, "POST /v1/things/a", LIMIT_API_READER_BODY + 1, &got) != 413)
		return 5;
	return 0;
}

static void test_nobody(void **state)
{
	struct api_world *w = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(w->dir, 0755), 0);
	assert_int_equal(chown(w->path, (uid_t)-1, NOBODY), 0);
	pid = fork();
	if (pid == 0)
		_exit(be_nobody(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_policy(void **state)
{
	const struct api_peer root = { .uid = 0, .gid = 100 }, own = { .uid = 7 },
			      other = { .uid = 8 };

	(void)state;
	assert_true(api_peer_may(&root, 7, API_WRITE));
	assert_true(api_peer_may(&own, 7, API_WRITE));
	assert_false(api_peer_may(&other, 7, API_WRITE));
	assert_false(api_peer_may(&own, 0, API_WRITE));
	assert_true(api_peer_may(&other, 7, API_READ));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
