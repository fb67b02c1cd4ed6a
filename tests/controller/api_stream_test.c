/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that come late or go on: held requests, streams, clients that leave or do not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/limits.h"
#include "controller/api/api_reply.h"
#include "controller/api/api_stream.h"
#include "tests/support/api_world.h"

enum { MAX_ANSWER = 16 << 20, PIECE = 64 << 10 };

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

/* A client whose request the test holds. */
static int begin(struct api_world *w, const char *target, struct api_request **ret)
{
	const unsigned n_before = api_world_n_held(w);
	int fd = api_world_connect(w);
	char text[200];
	int n = snprintf(text, sizeof(text),
			 "GET %s HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 41\r\n\r\n", target);

	assert_true(api_world_send(fd, text, (size_t)n));
	*ret = api_world_wait_held(w, n_before + 1);
	return fd;
}

static void reply(struct api_request *r, const char *text)
{
	struct buf body CLEAN(buf) = BUF_INIT(1 << 20);

	buf_puts(&body, text);
	api_reply(r, 202, "text/plain", &body);
}

static bool is_gone(struct api_world *w, void *arg)
{
	(void)w;
	return api_is_gone(arg);
}

static bool is_closed(struct api_world *w, void *arg)
{
	(void)arg;
	return api_world_stats(w).n_open == 0;
}

/* The loop does not turn when a connection closes: look again. */
static void wait_closed(struct api_world *w)
{
	while (!is_closed(w, NULL))
		clock_sleep(CLOCK_MS);
}

static void test_late_answer(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r;
	int fd CLEAN(fd) = begin(*state, "/hold", &r);

	assert_string_equal(r->method, "GET");
	assert_string_equal(r->last_event_id, "41");
	assert_int_equal(r->n_body, 0);
	assert_false(api_is_gone(r));
	reply(r, "late");
	assert_true(api_world_read(fd, &got, NULL));
	assert_non_null(strstr(got.data, "HTTP/1.1 202 "));
	assert_non_null(strstr(got.data, "\r\n\r\nlate"));
}

/* Who has said all it has to say still waits for the answer. */
static void test_half_closed(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r, *other;
	int fd CLEAN(fd) = begin(*state, "/hold", &r);
	int fd2 CLEAN(fd) = -1;

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	fd2 = begin(*state, "/hold", &other); /* the thread has turned since */
	assert_false(api_is_gone(r));
	reply(r, "late");
	assert_true(api_world_read(fd, &got, NULL));
	assert_non_null(strstr(got.data, "\r\n\r\nlate"));
	reply(other, "too");
}

/* A client that leaves is noticed by the bell, not by a timer; its answer does no harm. */
static void test_gone_while_held(void **state)
{
	struct api_world *w = *state;
	struct api_request *r;
	int fd = begin(w, "/hold", &r);

	close(fd);
	api_world_wait(w, is_gone, r);
	assert_int_equal(api_world_stats(w).n_gone, 1);
	reply(r, "nobody reads this");
	wait_closed(w);
	assert_int_equal(api_world_stats(w).n_gone, 1);
}

static void test_events(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r;
	int fd CLEAN(fd) = begin(*state, "/stream", &r);

	assert_true(api_world_read(fd, &got, "\r\n\r\n")); /* the head comes before any event */
	assert_non_null(strstr(got.data, "Content-Type: text/event-stream\r\n"));
	assert_int_equal(api_world_stats(*state).n_streams, 1);
	assert_int_equal(api_stream_event(r, 42, "step", "create\nweb"), 0);
	assert_true(api_world_read(fd, &got, "id: 42\nevent: step\ndata: create\ndata: web\n\n"));
	assert_int_equal(api_stream_event(r, 43, NULL, "two"), 0);
	assert_int_equal(api_stream_event(r, 44, NULL, "three"), 0);
	api_stream_end(r);
	assert_true(api_world_read(fd, &got, NULL));
	assert_non_null(strstr(got.data, "id: 43\ndata: two\n\n"));
	assert_non_null(strstr(got.data, "id: 44\ndata: three\n\n"));
	assert_non_null(strstr(got.data, "\r\n0\r\n\r\n")); /* HTTP's end of a whole answer */
	assert_null(strstr(got.data, "event: end"));
}

static void test_gone_from_stream(void **state)
{
	struct api_world *w = *state;
	struct api_request *r;
	int fd = begin(w, "/stream", &r);

	close(fd);
	api_world_wait(w, is_gone, r);
	assert_int_equal(api_stream_event(r, 1, NULL, "x"), API_STREAM_GONE);
	assert_int_equal(api_stream_room(r), 0);
	api_stream_end(r);
	wait_closed(w);
}

/* Fills the buffer until the stream is cut; the bytes that were taken. */
static size_t fill(struct api_request *r)
{
	char *piece CLEAN(free) = xcalloc(1, PIECE + 1);
	size_t n = 0;

	memset(piece, 'p', PIECE);
	while (api_stream_append(r, piece, PIECE) == 0)
		n += PIECE;
	return n;
}

static size_t count_byte(const struct buf *b, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->data[i] == c;
	return n;
}

static void test_slow_events(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r;
	int fd CLEAN(fd) = begin(*state, "/stream", &r);
	size_t n = fill(r);

	/* Bounded: our buffer and the kernel's. */
	assert_in_range(n, LIMIT_API_STREAM_BYTES - PIECE, LIMIT_API_STREAM_BYTES + (1 << 20));
	assert_int_equal(api_world_stats(*state).n_cut, 1);
	api_stream_end(r);
	assert_true(api_world_read(fd, &got, NULL));
	assert_true(count_byte(&got, 'p') > n); /* all of them, and letters of the head */
	assert_non_null(strstr(got.data, "event: end\ndata: {\"reason\":\"too slow\"}\n\n"));
	assert_non_null(strstr(got.data, "\r\n0\r\n\r\n"));
}

/* Text cannot say why it ends: it must not look whole. */
static void test_slow_text(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r;
	int fd CLEAN(fd) = begin(*state, "/text", &r);

	assert_true(fill(r) > 0);
	api_stream_end(r);
	assert_true(api_world_read(fd, &got, NULL));
	assert_null(strstr(got.data, "\r\n0\r\n\r\n"));
}

/* More than the buffer holds goes through without a cut when the writer minds the room. */
static void test_room(void **state)
{
	enum { ALL = 8 << 20 };
	struct api_world *w = *state;
	struct buf got CLEAN(buf) = BUF_INIT(2 * ALL);
	char *piece CLEAN(free) = xcalloc(1, PIECE);
	struct api_request *r;
	int fd CLEAN(fd) = begin(w, "/text", &r);
	size_t done = 0, room;

	memset(piece, '#', PIECE);
	while (done < ALL) {
		room = api_stream_room(r);
		if (room >= PIECE) {
			assert_int_equal(api_stream_append(r, piece, PIECE), 0);
			done += PIECE;
			continue;
		}
		/* The client reads some of what waits. */
		for (size_t before = got.n; got.n < before + LIMIT_API_STREAM_BYTES / 2;) {
			ssize_t n = recv(fd, piece, PIECE, 0);

			assert_true(n > 0);
			buf_add(&got, piece, (size_t)n);
		}
		memset(piece, '#', PIECE);
	}
	api_stream_end(r);
	assert_true(api_world_read(fd, &got, NULL));
	assert_int_equal(count_byte(&got, '#'), ALL);
	assert_int_equal(api_world_stats(w).n_cut, 0);
}

static unsigned count_turns(struct api_world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->n_turns;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static bool has_turned(struct api_world *w, void *arg)
{
	return count_turns(w) > *(const unsigned *)arg;
}

/* Who waits for room is woken when there is some: the loop turns for nothing else here. */
static void test_room_bell(void **state)
{
	struct api_world *w = *state;
	char *piece CLEAN(free) = xcalloc(1, PIECE);
	struct api_request *r;
	int fd CLEAN(fd) = begin(w, "/text", &r);
	unsigned before;

	while (api_stream_room(r) >= PIECE)
		assert_int_equal(api_stream_append(r, piece, PIECE), 0);
	before = count_turns(w);
	for (size_t n = 0; n < LIMIT_API_STREAM_BYTES * 3 / 4;) {
		ssize_t got = recv(fd, piece, PIECE, 0);

		assert_true(got > 0);
		n += (size_t)got;
	}
	api_world_wait(w, has_turned, &before);
	assert_true(api_stream_room(r) >= LIMIT_API_STREAM_BYTES / 2);
	api_stream_end(r);
}

static void test_too_many_streams(void **state)
{
	struct api_world *w = *state;
	struct buf got CLEAN(buf) = BUF_INIT(MAX_ANSWER);
	struct api_request *r;
	int fds[LIMIT_API_FOLLOWERS];

	for (unsigned i = 0; i < LIMIT_API_FOLLOWERS; i++)
		fds[i] = begin(w, "/stream", &r);
	api_world_get(w, "/stream", &got);
	assert_non_null(strstr(got.data, "HTTP/1.1 503 "));
	assert_non_null(strstr(got.data, "Retry-After: 1\r\n"));
	/* One that ends makes room for another. */
	api_stream_end(w->held[0]);
	close(fds[0]);
	fds[0] = begin(w, "/stream", &w->held[0]);
	for (unsigned i = 0; i < LIMIT_API_FOLLOWERS; i++) {
		api_stream_end(w->held[i]);
		close(fds[i]);
	}
}

/* Everybody hears of the end: who waits, who streams, who has left; and it ends. */
static void test_close(void **state)
{
	struct api_world *w = xcalloc(1, sizeof(*w));
	struct buf got[3] = { BUF_INIT(MAX_ANSWER), BUF_INIT(MAX_ANSWER), BUF_INIT(MAX_ANSWER) };
	static const char *const targets[] = { "/hold", "/stream", "/text" };
	struct api_request *r;
	int fds[3], left;

	(void)state;
	api_world_open(w, 0);
	for (int i = 0; i < 3; i++)
		fds[i] = begin(w, targets[i], &r);
	left = begin(w, "/stream", &r);
	close(left);
	api_world_wait(w, is_gone, r);
	api_world_close(w);
	for (int i = 0; i < 3; i++) {
		assert_true(api_world_read(fds[i], &got[i], NULL));
		close(fds[i]);
	}
	assert_non_null(strstr(got[0].data, "HTTP/1.1 503 "));
	assert_non_null(strstr(got[0].data, "the daemon is stopping"));
	assert_non_null(strstr(got[1].data, "event: end\ndata: {\"reason\":\"shutdown\"}\n\n"));
	assert_non_null(strstr(got[2].data, "HTTP/1.1 200 "));
	assert_null(strstr(got[2].data, "\r\n0\r\n\r\n"));
	for (int i = 0; i < 3; i++)
		buf_done(&got[i]);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_late_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_while_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_from_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room_bell, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_streams, setup, teardown),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
