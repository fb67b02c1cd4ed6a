/* SPDX-License-Identifier: Apache-2.0 */
/* Another program goes on in the process of a shim, or is refused and nobody notices. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/shim_build.h"
#include "base/clock.h"
#include "base/fs.h"
#include "tests/support/shim_main.h"
#include "tests/support/shim_world.h"

/* --- upgrade ------------------------------------------------------------------------- */
static void test_compare_builds(void **state)
{
	static const struct {
		const char *a, *b;
		int want;
	} cases[] = {
		{ "0.1.0", "0.1.0", 0 },   { "0.1.0", "0.1.1", -1 },
		{ "0.9.0", "0.10.0", -1 }, { "1.0", "1.0.0", 0 },
		{ "1.0.1", "1.0", 1 },     { "unknown", "0.1.0", -1 },
		{ "1.2-rc3", "1.2", 0 },   { "", "", 0 },
		{ "10", "9.9.9", 1 },      { "0.1.0", "99999999999999999999", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(shim_build_compare(cases[i].a, cases[i].b), cases[i].want);
		assert_int_equal(shim_build_compare(cases[i].b, cases[i].a), -cases[i].want);
	}
}

static bool has_resumed(pid_t pid)
{
	struct buf words CLEAN(buf) = BUF_INIT(64 << 10);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	assert_int_equal(fs_read(AT_FDCWD, path, &words, NULL), 0);
	return memmem(words.data, words.n, "--resume", 8) != NULL;
}

static void await_resumed(pid_t pid)
{
	while (!has_resumed(pid))
		clock_sleep(CLOCK_MS);
}

/* The same process, another program: who asks next finds all as it was. */
static void test_upgrade(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	assert_false(has_resumed(pid));
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(kill(pid, SIGHUP), 0);
		while (atomic_load(&f->n_lost) < i)
			clock_sleep(CLOCK_MS);
		assert_int_equal(shim_world_count(f, rt), 1);
		assert_int_equal(shim_world_pid(f), pid);
		assert_true(has_resumed(pid));
	}
	shim_world_take_away(rt);
	runtime_close(rt);
	assert_false(shim_world_is_running(f));
}

/* Without any client; and one that comes while it is under way waits. */
static void test_upgrade_alone(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	runtime_close(rt);
	assert_int_equal(kill(pid, SIGHUP), 0);
	rt = shim_world_open(f);
	assert_int_equal(shim_world_count(f, rt), 1);
	await_resumed(pid);
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_equal(shim_world_pid(f), pid);
	shim_world_take_away(rt);
	runtime_close(rt);
}

static int64_t ask_upgrade(struct shim_world *f, const char *program, const char **ret_msg)
{
	struct json_object *call = json_object_new_object();
	int fd CLEAN(fd) = shim_world_dial(f);

	json_put_str(call, "op", "upgrade");
	json_put_str(call, "program", program);
	shim_world_send(fd, 0, SHIM_FRAME_HELLO, shim_world_hello(f, SHIM_PROTOCOL));
	shim_world_send(fd, 7, SHIM_FRAME_CALL, call);
	return shim_world_result(f, fd, 7, ret_msg);
}

static const char *make_program(struct shim_world *f, const char *name, const char *text,
				mode_t mode)
{
	const char *path = arena_printf(f->a, "%s/%s", f->dir, name);

	assert_int_equal(fs_write_atomic(AT_FDCWD, path, text, strlen(text), mode, NULL), 0);
	return path;
}

/* A program that cannot go on is not begun with: nobody notices that it was tried. */
static void test_upgrade_refused(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	const char *const programs[][2] = {
		{ "/nonexistent/tallyman", "No such file" },
		{ "tallyman", "not an absolute path" },
		{ make_program(f, "data", "tallyman", 0600), "Permission denied" },
		{ make_program(f, "machine", "\177ELF\2\1\1", 0700), "Exec format error" },
		{ make_program(f, "ends", "#!/bin/sh\nkill -SEGV $$\n", 0700), "exit code 139" },
		{ make_program(f, "older", "#!/bin/sh\necho no such option >&2\nexit 64\n", 0700),
		  "exit code 64: no such option" },
		{ "/bin/true", "does not say how" },
		{ make_program(f, "other", "#!/bin/sh\necho handover 99 build 3\n", 0700),
		  "does not say how" },
	};
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *msg = "";

		assert_true(ask_upgrade(f, programs[i][0], &msg) < 0);
		if (!strstr(msg, programs[i][1]))
			fail_msg("%s: %s", programs[i][0], msg);
	}
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	assert_int_equal(shim_world_pid(f), pid);
	assert_false(has_resumed(pid));
	shim_world_take_away(rt);
	runtime_close(rt);
}

/* Says in the rehearsal that it can, and then cannot: it gives back, or is a dead shim. */
static void test_upgrade_breaks(void **state)
{
	struct shim_world *f = *state;
	struct runtime *rt = shim_world_open(f);
	const char *text = "#!/bin/sh\ncase \"$*\" in *rehearse*) echo handover 1 build 9;; esac\n";
	const char *liar = make_program(f, "liar", text, 0700);
	const char *msg = "";
	pid_t pid;

	shim_world_create(f, rt);
	pid = shim_world_pid(f);
	assert_int_equal(ask_upgrade(f, liar, &msg), 0);
	shim_world_await_gone(pid);
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_not_equal(shim_world_pid(f), pid);
	/* Of that one the file is taken away between rehearsal and the real thing. */
	pid = shim_world_pid(f);
	text = "#!/bin/sh\nrm -f \"$0\"; echo handover 1 build 9\n";
	assert_int_equal(ask_upgrade(f, make_program(f, "gone", text, 0700), &msg), 0);
	assert_int_equal(shim_world_count(f, rt), 1);
	assert_int_equal(shim_world_pid(f), pid);
	assert_false(has_resumed(pid));
	shim_world_take_away(rt);
	runtime_close(rt);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare_builds),
		cmocka_unit_test_setup_teardown(test_upgrade, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_upgrade_alone, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_upgrade_refused, shim_world_setup,
						shim_world_teardown),
		cmocka_unit_test_setup_teardown(test_upgrade_breaks, shim_world_setup,
						shim_world_teardown),
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
