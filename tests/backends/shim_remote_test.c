/* SPDX-License-Identifier: Apache-2.0 */
/* A shim of its own process and its clients: lives and deaths. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "tests/support/shim_main.h"
#include "tests/support/shim_world.h"

static void test_life(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	struct error err = ERROR_INIT;
	struct instance i;

	assert_false(shim_world_is_running(f));
	assert_int_equal(shim_world_count(f, rt), 0);
	shim_world_create(f, rt);
	assert_int_equal(runtime_inspect(rt, SHIM_WORLD_ID, f->a, &i, &err), 0);
	assert_int_equal(i.state, INSTANCE_RUNNING);
	assert_int_equal(runtime_start(rt, SHIM_WORLD_ID, shim_world_soon(), &err),
			 RUNTIME_ALREADY);
	assert_int_equal(runtime_inspect(rt, "shop.web-rep-0.2", f->a, &i, &err), RUNTIME_ABSENT);
	runtime_close(rt);
	/* It holds something: it stays. */
	assert_true(shim_world_is_running(f));
	rt = shim_world_open(f);
	assert_int_equal(shim_world_count(f, rt), 1);
	shim_world_take_away(rt);
	runtime_close(rt);
	/* It holds nothing: when the last client has closed, it is gone. */
	assert_false(shim_world_is_running(f));
}

static void test_not_started(void **state)
{
	struct shim_world *f = *state;
	struct runtime_remote_options o = shim_world_options(f, false);
	struct runtime *rt CLEAN(runtime) = NULL;
	struct runtime *wrong CLEAN(runtime) = NULL;
	struct observed seen;
	struct error err = ERROR_INIT;

	assert_int_equal(runtime_remote_open(&o, NULL, &rt, NULL), 0);
	assert_int_equal(runtime_list(rt, f->a, &seen, &err), -ERR_UNAVAILABLE);
	assert_false(shim_world_is_running(f));
	/* One that cannot start gives the reason it printed. */
	o = shim_world_options(f, true);
	o.runtime_name = "unheard-of";
	assert_int_equal(runtime_remote_open(&o, NULL, &wrong, NULL), 0);
	err = ERROR_INIT;
	assert_int_equal(runtime_list(wrong, f->a, &seen, &err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "no shim hosts a runtime 'unheard-of'"));
}

/* What it says of itself comes through, the way out as well. */
static void test_cannot_start(void **state)
{
	struct shim_world *f = *state;
	struct runtime_remote_options o = shim_world_options(f, true);
	struct runtime *rt CLEAN(runtime) = NULL;
	struct observed seen;
	struct error err = ERROR_INIT;

	o.node_id = "";
	assert_int_equal(runtime_remote_open(&o, NULL, &rt, NULL), 0);
	assert_int_equal(runtime_list(rt, f->a, &seen, &err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "the memory shim cannot start: the shim needs a node id"));
	assert_non_null(strstr(err.hint, "a changing command"));
}

/* A shim that cannot be found any more leaves; the next call starts another, which goes on. */
static void check_lost_seat(struct shim_world *f, const char *taken_away)
{
	struct runtime *rt = shim_world_open(f);
	struct error err = ERROR_INIT;
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	shim_world_ok(fs_remove_tree(AT_FDCWD, taken_away, &err), &err);
	shim_world_await_gone(pid);
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_not_equal(shim_world_pid(f), pid);
	shim_world_take_away(rt);
	runtime_close(rt);
	assert_false(shim_world_is_running(f));
}

static void test_lost_socket(void **state)
{
	struct shim_world *f = *state;

	check_lost_seat(f, layout_shim_socket(&f->layout, f->a, "memory"));
}

static void test_lost_directory(void **state)
{
	struct shim_world *f = *state;

	check_lost_seat(f, f->layout.run_dir);
}

/* Another one's socket in its place is not taken for its own. */
static void test_replaced_directory(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	assert_int_equal(rename(f->layout.run_dir, arena_printf(f->a, "%s/moved", f->dir)), 0);
	shim_world_await_gone(pid);
	assert_int_equal(shim_world_count(f, rt), 1);
	shim_world_take_away(rt);
	runtime_close(rt);
	assert_false(shim_world_is_running(f));
}

static void test_killed_shim(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!atomic_load(&f->n_lost))
		clock_sleep(CLOCK_MS);
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_not_equal(shim_world_pid(f), pid);
	/* SIGTERM ends it as well, and leaves the containers. */
	pid = shim_world_pid(f);
	assert_int_equal(kill(pid, SIGTERM), 0);
	shim_world_await_gone(pid);
	assert_int_equal(shim_world_count(f, rt), 1);
	shim_world_take_away(rt);
	runtime_close(rt);
	assert_false(shim_world_is_running(f));
}

/* Nobody has to notice first that it died: a question that meets the broken connection, or is cut
 * off by it, goes on with the next shim. */
static void test_killed_unnoticed(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);

	shim_world_create(f, rt);
	for (int i = 0; i < 5; i++) {
		pid_t pid = shim_world_pid(f);

		assert_int_equal(kill(pid, SIGKILL), 0);
		shim_world_await_gone(pid);
		assert_int_equal(shim_world_count(f, rt), 1);
	}
	shim_world_take_away(rt);
	runtime_close(rt);
}

static void on_exited(void *arg, const struct runtime_exit *e)
{
	struct shim_world *f = arg;

	assert_string_equal(e->id, SHIM_WORLD_ID);
	atomic_fetch_add(&f->n_exits, 1);
}

/* An exit is told to whoever wants to hear, until one of them has: over the deaths of shims, and
 * past clients that only look. */
static void test_exit_is_told_again(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	struct error err = ERROR_INIT;

	shim_world_create(f, rt);
	shim_world_ok(runtime_signal(rt, SHIM_WORLD_ID, SIGKILL, &err), &err);
	for (int i = 0; i < 3; i++) {
		pid_t pid = shim_world_pid(f);

		assert_int_equal(shim_world_count(f, rt), 1);
		assert_int_equal(kill(pid, SIGKILL), 0);
		shim_world_await_gone(pid);
	}
	runtime_close(rt);
	f->sink.exited = on_exited;
	rt = shim_world_open(f);
	assert_int_equal(shim_world_count(f, rt), 1);
	while (!atomic_load(&f->n_exits))
		clock_sleep(CLOCK_MS);
	/* The answer to this comes behind the acknowledgement's arrival. */
	assert_int_equal(shim_world_count(f, rt), 1);
	runtime_close(rt);
	rt = shim_world_open(f);
	assert_int_equal(shim_world_count(f, rt), 1);
	shim_world_take_away(rt);
	runtime_close(rt);
	assert_int_equal(atomic_load(&f->n_exits), 1);
}

static void test_no_descriptor_inherited(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	/* Not close-on-exec: what a careless starter might leave open. */
	int marker CLEAN(fd) =
		open(arena_printf(f->a, "%s/marker", f->dir), O_RDWR | O_CREAT, 0600);
	char path[128], target[4096], cwd[8] = "";
	ssize_t n;

	assert_true(marker >= 0);
	assert_int_equal(shim_world_count(f, rt), 0);
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)shim_world_pid(f), fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		assert_null(strstr(target, "marker"));
	}
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)shim_world_pid(f));
	assert_int_equal(readlink(path, cwd, sizeof(cwd) - 1), 1);
	assert_string_equal(cwd, "/");
	assert_int_equal(getsid(shim_world_pid(f)) != getsid(0), 1);
	runtime_close(rt);
	assert_false(shim_world_is_running(f));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, shim_world_setup, shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_not_started, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_cannot_start, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_lost_socket, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_lost_directory, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_replaced_directory, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_killed_shim, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_killed_unnoticed, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_exit_is_told_again, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptor_inherited, shim_world_setup,
						shim_world_teardown),
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
