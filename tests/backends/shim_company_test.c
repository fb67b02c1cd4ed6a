/* SPDX-License-Identifier: Apache-2.0 */
/* A shim in bad company: garbage, strangers, other versions, too many. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/shim_main.h"
#include "tests/support/shim_world.h"

static void test_garbage_ends_one_client(void **state)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char call_first[] = "\0\0\0\013\0\0\0\0\0\0\0\1\2{}";
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	int fd, silent;
	pid_t pid;

	assert_int_equal(shim_world_count(f, rt), 0);
	silent = shim_world_dial(f);
	fd = shim_world_dial(f);
	assert_true(write(fd, garbage, sizeof(garbage)) > 0);
	shim_world_await_end(fd);
	close(fd);
	fd = shim_world_dial(f);
	assert_true(write(fd, call_first, sizeof(call_first) - 1) > 0);
	shim_world_await_end(fd);
	close(fd);
	fd = shim_world_dial(f);
	assert_int_equal(write(fd, "\0\0", 2), 2);
	close(fd);
	assert_int_equal(shim_world_count(f, rt), 0);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	pid = shim_world_pid(f);
	close(silent);
	runtime_close(rt);
	shim_world_await_gone(pid); /* it may hear of the silent one's end last */
	assert_false(shim_world_is_running(f));
}

/* Another major version is told so, with the way out, and in a form that any version reads. */
static void test_other_protocol(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	const char *msg = "";
	int fd;

	assert_int_equal(shim_world_count(f, rt), 0);
	for (int64_t protocol = 0; protocol <= SHIM_PROTOCOL + 1; protocol += SHIM_PROTOCOL + 1) {
		fd = shim_world_dial(f);
		shim_world_send(fd, 0, SHIM_FRAME_HELLO, shim_world_hello(f, protocol));
		assert_int_equal(shim_world_result(f, fd, 0, &msg), -ERR_UNSUPPORTED);
		assert_non_null(strstr(msg, "does not fit protocol"));
		shim_world_await_end(fd);
		close(fd);
	}
	assert_int_equal(shim_world_count(f, rt), 0);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	runtime_close(rt);
}

/* Of the same major version, but newer: what it says beyond ours is passed over. */
static void test_newer_minor(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	struct json_object *h = shim_world_hello(f, SHIM_PROTOCOL);
	struct json_object *call = json_object_new_object();
	const char *msg = "";
	int fd;

	assert_int_equal(shim_world_count(f, rt), 0);
	fd = shim_world_dial(f);
	json_put_str(h, "colour", "blue");
	shim_world_send(fd, 0, SHIM_FRAME_HELLO, h);
	json_put_str(call, "op", "list");
	json_put_i64(call, "priority", 3);
	json_put_obj(call, "trace", json_object_new_object());
	shim_world_send(fd, 1, SHIM_FRAME_CALL, call);
	assert_int_equal(shim_world_result(f, fd, 1, &msg), 0);
	/* An operation that it knows and we do not ends the call, not the connection. */
	call = json_object_new_object();
	json_put_str(call, "op", "teleport");
	shim_world_send(fd, 2, SHIM_FRAME_CALL, call);
	assert_int_equal(shim_world_result(f, fd, 2, &msg), -ERR_UNSUPPORTED);
	assert_non_null(strstr(msg, "no operation 'teleport'"));
	call = json_object_new_object();
	json_put_str(call, "op", "list");
	shim_world_send(fd, 3, SHIM_FRAME_CALL, call);
	assert_int_equal(shim_world_result(f, fd, 3, &msg), 0);
	close(fd);
	runtime_close(rt);
}

/* What no client of ours would send: each is closed with the reason, and nobody else notices. */
static void test_bad_frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
		bool greets;
	} cases[] = {
		{ "\xff\xff\xff\xff", 4, "is too large", false },
		{ "\0\x10\0\1", 4, "is too large", true },
		{ "\0\0\0\3abc", 7, "is too short", true },
		{ "\0\0\0\013\0\0\0\0\0\0\0\1\x63{}", 15, "unknown kind of frame 99", true },
		{ "\0\0\0\013\0\0\0\0\0\0\0\1\2[]", 15, "holds no object", true },
		{ "\0\0\0\013\0\0\0\0\0\0\0\1\2{x", 15, "frame 1", true },
		{ "\0\0\0\013\0\0\0\0\0\0\0\1\1{}", 15, "first frame, once", true },
		{ "\0\0\0\013\0\0\0\0\0\0\0\1\3{}", 15, "does not send results", true },
	};
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);

	assert_int_equal(shim_world_count(f, rt), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *msg = "";
		int fd = shim_world_dial(f);

		if (cases[i].greets)
			shim_world_send(fd, 0, SHIM_FRAME_HELLO,
					shim_world_hello(f, SHIM_PROTOCOL));
		assert_int_equal(fs_write_all(fd, cases[i].bytes, cases[i].n, NULL), 0);
		assert_true(shim_world_result(f, fd, 0, &msg) < 0);
		if (!strstr(msg, cases[i].why))
			fail_msg("case %zu: %s", i, msg);
		shim_world_await_end(fd);
		close(fd);
	}
	assert_int_equal(shim_world_count(f, rt), 0);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	runtime_close(rt);
}

/* Neither who never ends its greeting nor who stops in the middle of a frame holds up another. */
static void test_half_frames(void **state)
{
	enum { N = 8 };
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	int fds[N];

	shim_world_create(f, rt);
	for (int i = 0; i < N; i++) {
		fds[i] = shim_world_dial(f);
		if (i % 2)
			shim_world_send(fds[i], 0, SHIM_FRAME_HELLO,
					shim_world_hello(f, SHIM_PROTOCOL));
		assert_int_equal(fs_write_all(fds[i], "\0\0\xff\0\0", 5, NULL), 0);
	}
	for (int i = 0; i < 20; i++)
		assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	/* The greeting has ten seconds; a frame that was begun has all time, and costs nobody any.
	 */
	for (int i = 0; i < N; i += 2)
		shim_world_await_end(fds[i]);
	for (int i = 0; i < N; i++)
		close(fds[i]);
	shim_world_take_away(rt);
	runtime_close(rt);
}

/* The way out is in the error, on both sides. */
static void test_long_path(void **state)
{
	struct shim_world *f = *state;
	struct runtime_remote_options o;
	struct runtime *rt CLEAN(runtime) = NULL;
	struct observed seen;
	struct error err = ERROR_INIT;
	char name[100];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f->layout.run_dir = arena_printf(f->a, "%s/%s", f->dir, name);
	o = shim_world_options(f, true);
	assert_int_equal(runtime_remote_open(&o, NULL, &rt, NULL), 0);
	assert_int_equal(runtime_list(rt, f->a, &seen, &err), -ERR_LIMIT);
	assert_non_null(strstr(err.msg, "is too long for a socket (107 bytes)"));
	assert_string_equal(err.hint, "choose a shorter --run-dir");
}

static void test_wrong_company(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	struct runtime *other CLEAN(runtime) = NULL;
	struct runtime_remote_options o = shim_world_options(f, true);
	struct observed seen;
	struct error err = ERROR_INIT;

	assert_int_equal(shim_world_count(f, rt), 0);
	o.node_id = "another-node";
	assert_int_equal(runtime_remote_open(&o, NULL, &other, NULL), 0);
	assert_int_equal(runtime_list(other, f->a, &seen, &err), -ERR_LOCKED);
	assert_non_null(strstr(err.hint, "kill"));
	runtime_close(rt);
}

static void test_many_clients(void **state)
{
	struct shim_world *f = *state;
	struct runtime *all[LIMIT_SHIM_CLIENTS], *more;
	struct observed seen;

	for (int i = 0; i < LIMIT_SHIM_CLIENTS; i++) {
		all[i] = shim_world_open(f);
		assert_int_equal(shim_world_count(f, all[i]), 0);
	}
	more = shim_world_open(f);
	assert_int_equal(runtime_list(more, f->a, &seen, NULL), -ERR_UNAVAILABLE);
	runtime_close(more);
	for (int i = 0; i < LIMIT_SHIM_CLIENTS; i++)
		runtime_close(all[i]);
	assert_false(shim_world_is_running(f));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_garbage_ends_one_client, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_other_protocol, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_newer_minor, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_bad_frames, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_half_frames, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_long_path, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_company, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_many_clients, shim_world_setup,
						shim_world_teardown),
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
