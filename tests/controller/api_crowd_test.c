/* SPDX-License-Identifier: Apache-2.0 */
/* Clients by the thousand, and clients that take their time: nobody is lost, nobody is in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/limits.h"
#include "controller/api/api_reply.h"
#include "tests/support/api_world.h"

enum { MAX_ANSWER = 4 << 20, CROWD = 3000, WINDOW = 300 };

#define SHORT_US    (300 * CLOCK_MS)
#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"

static int setup(void **state)
{
	struct api_world *w = xcalloc(1, sizeof(*w));

	api_world_open(w, 0);
	*state = w;
	return 0;
}

static int setup_short(void **state)
{
	struct api_world *w = xcalloc(1, sizeof(*w));

	api_world_open(w, SHORT_US);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	api_world_close(*state);
	free(*state);
	return 0;
}

struct count {
	unsigned n_200, n_503;
};

/* The whole answer of @fd, which must be one of the two. */
static void count_answer(int fd, struct count *c)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

	assert_true(api_world_read(fd, &got, NULL));
	close(fd);
	if (strncmp(got.data, "HTTP/1.1 200 ", 13) == 0 && strstr(got.data, "\r\n\r\nhello\n"))
		c->n_200++;
	else if (strncmp(got.data, "HTTP/1.1 503 ", 13) == 0 && strstr(got.data, "Retry-After: "))
		c->n_503++;
	else
		fail_msg("neither: '%.200s'", got.data);
}

/* @n clients, WINDOW of them at a time, each with a request of its own. */
static struct count send_crowd(const struct api_world *w, unsigned n)
{
	struct count c = { 0 };
	int fds[WINDOW];

	for (unsigned i = 0; i < n + WINDOW; i++) {
		const unsigned at = i % WINDOW;

		if (i >= WINDOW && i - WINDOW < n)
			count_answer(fds[at], &c);
		if (i >= n)
			continue;
		fds[at] = api_world_connect(w);
		assert_true(api_world_send(fds[at], GET("/hello"), strlen(GET("/hello"))));
	}
	return c;
}

static void test_crowd(void **state)
{
	const struct count c = send_crowd(*state, CROWD);
	const struct api_stats s = api_world_stats(*state);

	assert_int_equal(c.n_200 + c.n_503, CROWD);
	assert_int_equal(s.n_accepted, CROWD);
	assert_int_equal(s.n_requests, c.n_200);
	assert_int_equal(s.n_refused, c.n_503);
	assert_int_equal(s.n_gone + s.n_too_late, 0);
}

/* With every place taken the others are told so, all of them; those who wait get their answer. */
static void test_full_house(void **state)
{
	struct api_world *w = *state;
	struct count c = { 0 }, late = { 0 };
	int fds[LIMIT_API_CONNECTIONS];

	for (unsigned i = 0; i < LIMIT_API_CONNECTIONS; i++) {
		fds[i] = api_world_connect(w);
		assert_true(api_world_send(fds[i], GET("/hold"), strlen(GET("/hold"))));
	}
	(void)api_world_wait_held(w, LIMIT_API_CONNECTIONS);
	c = send_crowd(w, 1000);
	assert_int_equal(c.n_503, 1000);
	assert_int_equal(api_world_stats(w).n_requests, LIMIT_API_CONNECTIONS);
	for (unsigned i = 0; i < LIMIT_API_CONNECTIONS; i++) {
		struct buf body CLEAN(buf) = BUF_INIT(100);

		buf_puts(&body, "hello\n");
		api_reply(w->held[i], 200, "text/plain", &body);
		count_answer(fds[i], &late);
	}
	assert_int_equal(late.n_200, LIMIT_API_CONNECTIONS);
	do {
		c = send_crowd(w, 1); /* the last of them may be on its way out */
	} while (c.n_200 == 0);
}

/* A byte now and then keeps nobody's place: the whole request has to come in time. */
static void test_dribble(void **state)
{
	static const char text[] = "GET /hello HTTP/1.1\r\nHost: x\r\nX: ";
	int fd CLEAN(fd) = api_world_connect(*state);
	struct count c;

	(void)api_world_send(fd, text, sizeof(text) - 1);
	for (unsigned i = 0; api_world_send(fd, "y", 1); i++) {
		assert_in_range(i, 0, 10000);
		clock_sleep(10 * CLOCK_MS);
	}
	assert_int_equal(api_world_stats(*state).n_too_late, 1);
	c = send_crowd(*state, 1);
	assert_int_equal(c.n_200, 1);
}

/* Nothing, half a head, half a body, and an answer that is not read. */
static void test_slow(void **state)
{
	static const char *const texts[] = {
		"",
		"GET /hel",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
		GET("/big"),
	};
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	struct api_world *w = *state;
	int fds[N];
	struct count c;

	for (unsigned i = 0; i < N; i++) {
		fds[i] = api_world_connect(w);
		(void)api_world_send(fds[i], texts[i], strlen(texts[i]));
	}
	c = send_crowd(w, 10);
	assert_int_equal(c.n_200, 10);
	for (unsigned i = 0; api_world_stats(w).n_too_late < N; i++) {
		assert_in_range(i, 0, 3000);
		clock_sleep(10 * CLOCK_MS);
	}
	for (unsigned i = 0; i < N; i++) {
		struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);

		assert_true(api_world_read(fds[i], &got, NULL));
		assert_in_range(got.n, 0, 1 << 20); /* less than the whole of it */
		close(fds[i]);
	}
	assert_int_equal(api_world_stats(w).n_requests, 11);
}

/* A house full of clients that never ask empties by itself. */
static void test_idle_house(void **state)
{
	struct api_world *w = *state;
	int fds[LIMIT_API_CONNECTIONS];
	struct count c;

	for (unsigned i = 0; i < LIMIT_API_CONNECTIONS; i++)
		fds[i] = api_world_connect(w);
	do {
		c = send_crowd(w, 1);
	} while (c.n_200 == 0);
	assert_true(api_world_stats(w).n_too_late >= 1);
	for (unsigned i = 0; i < LIMIT_API_CONNECTIONS; i++)
		close(fds[i]);
}

/* Clients that leave at every stage, many at once, and none of it left behind. */
static void test_leavers(void **state)
{
	static const char *const texts[] = {
		"",
		"GET /hello HTTP/1.1\r\n",
		GET("/hello"),
		GET("/big"),
		GET("/three"),
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab",
	};
	struct api_world *w = *state;
	struct count c;

	for (unsigned i = 0; i < 1200; i++) {
		const char *text = texts[i % (sizeof(texts) / sizeof(texts[0]))];
		int fd = api_world_connect(w);

		(void)api_world_send(fd, text, strlen(text));
		close(fd);
	}
	do {
		c = send_crowd(w, 1);
	} while (c.n_200 == 0);
	while (api_world_stats(w).n_open > 0)
		clock_sleep(CLOCK_MS);
	assert_int_equal(api_world_stats(w).n_too_late, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_house, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dribble, setup_short, teardown),
		cmocka_unit_test_setup_teardown(test_slow, setup_short, teardown),
		cmocka_unit_test_setup_teardown(test_idle_house, setup_short, teardown),
		cmocka_unit_test_setup_teardown(test_leavers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
