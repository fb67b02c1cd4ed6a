/* SPDX-License-Identifier: Apache-2.0 */
/* The socket's path is taken away, or given to somebody else, under a server that listens. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
#include "controller/api/api_client.h"
#include "tests/support/api_world.h"

enum { WAIT_MS = 20000 };

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

static bool answers(struct api_world *w)
{
	const struct api_client client = { .path = w->path, .timeout_us = 10 * CLOCK_SEC };
	const struct api_call call = { .method = "GET", .target = "/hello" };
	struct api_result got __attribute__((cleanup(clean_result)));

	api_result_init(&got, 1 << 16);
	return api_client_call(&client, &call, &got, NULL) == 0 && got.status == 200;
}

/* The thread is told by the kernel; when it comes to it is its own matter. */
static void wait_answer(struct api_world *w)
{
	for (int ms = 0; !answers(w); ms += 10) {
		assert_true(ms < WAIT_MS);
		clock_sleep(10 * CLOCK_MS);
	}
}

static void test_removed(void **state)
{
	struct api_world *w = *state;
	struct stat st;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(unlink(w->path), 0);
		wait_answer(w);
	}
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void test_directory_removed(void **state)
{
	struct api_world *w = *state;
	char aside[128];

	/* Moved away first: what is emptied here is filled there. */
	snprintf(aside, sizeof(aside), "%s-aside", w->dir);
	assert_int_equal(rename(w->dir, aside), 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, aside, NULL), 0);
	wait_answer(w);
	assert_int_equal(unlink(w->path), 0);
	wait_answer(w);
}

/* A file, and a socket that somebody answers at, stay; once they are gone the place is ours. */
static void test_taken(void **state)
{
	struct api_world *w = *state;
	struct api_listen other = API_LISTEN_INIT;
	char aside[128];
	int held = api_world_connect(w);
	int fd;

	snprintf(aside, sizeof(aside), "%s-other", w->path);
	fd = open(aside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rename(aside, w->path), 0);
	assert_int_equal(unlink(w->path), 0);
	wait_answer(w);

	assert_int_equal(api_listen_open(aside, API_LISTEN_NO_GROUP, &other, NULL), 0);
	assert_int_equal(rename(aside, w->path), 0);
	assert_int_equal(api_client_knock(w->path, NULL), 0); /* the other one's */
	close(other.fd);
	other.fd = -1;
	assert_int_equal(unlink(w->path), 0);
	wait_answer(w);
	api_listen_close(&other);
	assert_true(answers(w)); /* and took nothing of ours with it */

	/* Who came before all that is still served. */
	assert_true(api_world_send(held, "GET /hello HTTP/1.0\r\n\r\n", 23));
	{
		struct buf got CLEAN(buf) = BUF_INIT(1 << 16);

		assert_true(api_world_read(held, &got, NULL));
		assert_non_null(strstr(got.data, "hello"));
	}
	close(held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_removed),
		TEST(test_directory_removed),
		TEST(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
