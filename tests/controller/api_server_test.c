/* SPDX-License-Identifier: Apache-2.0 */
/* The server and raw clients: good requests, bad ones, too large ones, and the socket itself. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/api_world.h"

enum { MAX_ANSWER = 16 << 20 };

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

static void assert_status(const struct buf *answer, const char *status)
{
	char want[64];

	snprintf(want, sizeof(want), "HTTP/1.1 %s ", status);
	if (strncmp(answer->data, want, strlen(want)) != 0)
		fail_msg("wanted %s, got '%.100s'", want, answer->data);
}

static const char *body_of(const struct buf *answer)
{
	const char *end = strstr(answer->data, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void test_answer(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	api_world_get(*state, "/hello", &got);
	assert_status(&got, "200");
	assert_string_equal(body_of(&got), "hello\n");
	assert_non_null(strstr(got.data, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(got.data, "Tallyman-Version: 1.2.3\r\n"));
	assert_non_null(strstr(got.data, "Connection: close\r\n"));
}

static void test_head(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	api_world_call(*state, "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", &got);
	assert_status(&got, "200");
	assert_non_null(strstr(got.data, "Content-Length: 6\r\n"));
	assert_string_equal(body_of(&got), "");
}

/* A body of @n bytes, sent whole however the server takes it; its answer. */
static void post(const struct api_world *w, size_t n, const char *more, struct buf *ret)
{
	char *body CLEAN(free) = xcalloc(1, n + 1);
	struct buf head CLEAN(buf) = BUF_INIT(4096);
	int fd CLEAN(fd) = api_world_connect(w);

	memset(body, 'b', n);
	buf_printf(&head, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", n,
		   more);
	assert_true(api_world_send(fd, head.data, head.n));
	if (strstr(more, "Expect"))
		assert_true(api_world_read(fd, ret, "\r\n\r\n"));
	if (!strstr(ret->data, " 413 ")) {
		buf_clear(ret);
		assert_true(api_world_send(fd, body, n));
	}
	assert_true(api_world_read(fd, ret, NULL));
}

static void test_body(void **state)
{
	static const size_t sizes[] = { 0, 1, 70000, LIMIT_API_BODY };
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_clear(&got);
		post(*state, sizes[i], "", &got);
		assert_status(&got, "200");
		assert_int_equal(strlen(body_of(&got)), sizes[i]);
	}
	buf_clear(&got);
	post(*state, 70000, "Expect: 100-continue\r\n", &got);
	assert_status(&got, "200");
	assert_int_equal(strlen(body_of(&got)), 70000);
}

static void test_chunked_body(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	api_world_call(*state,
		       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n",
		       &got);
	assert_status(&got, "200");
	assert_string_equal(body_of(&got), "abcdefgh");
}

/* Who sends too much gets to read why, with all of it sent or with none. */
static void test_body_too_large(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	post(*state, LIMIT_API_BODY + 1, "", &got);
	assert_status(&got, "413");
	assert_non_null(strstr(body_of(&got), "\"code\":\"limit\""));
	buf_clear(&got);
	post(*state, LIMIT_API_BODY + 1, "Expect: 100-continue\r\n", &got);
	assert_int_equal(api_world_stats(*state).n_requests, 0);
}

static void test_head_too_large(void **state)
{
	struct buf request CLEAN(buf) = BUF_INIT(4 << 20);
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	buf_puts(&request, "GET /hello HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 2000; i++)
		buf_printf(&request, "X-Header-%d: some value of it\r\n", i);
	buf_puts(&request, "\r\n");
	api_world_call(*state, request.data, &got);
	assert_status(&got, "431");
	buf_clear(&request);
	buf_clear(&got);
	buf_puts(&request, "GET /");
	for (int i = 0; i < 100000; i++)
		buf_putc(&request, 'x');
	buf_puts(&request, " HTTP/1.1\r\nHost: x\r\n\r\n");
	api_world_call(*state, request.data, &got);
	assert_status(&got, "414");
	assert_int_equal(api_world_stats(*state).n_requests, 0);
}

/* Nothing of this reaches the loop; each is told so, or at least left. */
static void test_garbage(void **state)
{
	static const char *const lines[] = {
		"\r\n\r\n\r\n\r\n",
		"GARBAGE\r\n\r\n",
		"GET\r\n\r\n",
		"GET /hello\r\n\r\n",
		"GET /hello HTTP/9.9\r\nHost: x\r\n\r\n",
		"GET /hello HTTP/1.1\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost x\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\nab",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	};
	unsigned n_told = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
		int fd CLEAN(fd) = api_world_connect(*state);

		(void)api_world_send(fd, lines[i], strlen(lines[i]));
		(void)shutdown(fd, SHUT_WR);
		assert_true(api_world_read(fd, &got, NULL));
		if (got.n)
			assert_true(!strncmp(got.data, "HTTP/1.1 4", 10) ||
				    !strncmp(got.data, "HTTP/1.1 5", 10));
		n_told += got.n > 0;
	}
	assert_true(n_told >= 5);
	assert_int_equal(api_world_stats(*state).n_requests, 0);
	assert_int_equal(api_world_stats(*state).n_too_late, 0);
	test_answer(state);
}

static struct api_options options_at(const char *path)
{
	return (struct api_options){
		.path = path, .gid = API_LISTEN_NO_GROUP, .bell = -1, .version = "1"
	};
}

static void test_living_socket(void **state)
{
	struct api_world *w = *state;
	struct api_options o = options_at(w->path);
	struct error err = ERROR_INIT;
	struct api *second = NULL;

	assert_int_equal(api_open(&o, &second, &err), -ERR_LOCKED);
	assert_non_null(strstr(err.msg, w->path));
	test_answer(state);
}

/* Dead once the descriptor is closed. */
static int make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_dead_socket(void **state)
{
	struct api_world *w = *state;
	char path[128] = "", other[128];
	struct api_options o = options_at(path);
	struct error err = ERROR_INIT;
	struct api *second = NULL;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/dead.sock", w->dir);
	snprintf(other, sizeof(other), "%s/other.sock", w->dir);
	close(make_socket(path));
	assert_int_equal(api_open(&o, &second, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	/* One that took our place is not ours to remove. */
	fd = make_socket(other);
	assert_int_equal(rename(other, path), 0);
	api_close(second);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	close(fd);
}

static void test_no_socket(void **state)
{
	struct api_world *w = *state;
	char path[128] = "";
	struct api_options o = options_at(path);
	struct error err = ERROR_INIT;
	struct api *second = NULL;

	snprintf(path, sizeof(path), "%s/file", w->dir);
	assert_int_equal(fs_write_atomic(AT_FDCWD, path, "x", 1, 0600, &err), 0);
	assert_int_equal(api_open(&o, &second, &err), -ERR_EXISTS);
	assert_int_equal(fs_exists(AT_FDCWD, path, NULL), FS_EXISTS);
	assert_true(err.hint[0] != '\0');
	snprintf(path, sizeof(path), "%s/absent/api.sock", w->dir);
	assert_int_equal(api_open(&o, &second, &err), -ERR_NOT_FOUND);
}

static void test_long_path(void **state)
{
	char path[200] = "";
	struct api_options o = options_at(path);
	struct error err = ERROR_INIT;
	struct api *second = NULL;

	(void)state;
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(api_open(&o, &second, &err), -ERR_LIMIT);
	assert_non_null(strstr(err.msg, "199 of 107 bytes"));
	assert_non_null(strstr(err.hint, "--run-dir"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunked_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_body_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_living_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_socket, setup, teardown),
		cmocka_unit_test(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
