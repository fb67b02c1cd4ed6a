/* SPDX-License-Identifier: Apache-2.0 */
/* A shim of its own process and its clients: lives, deaths and bad company. This program is the
 * shim as well, when its first word is `shim`. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/remote_start.h"
#include "backends/runtime_remote.h"
#include "backends/shim_protocol.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/process.h"
#include "specs/spec_service.h"
#include "tests/support/shim_main.h"

#define NODE "node-of-test"
#define ID   "shop.web-rep-0.1"

struct fixture {
	char dir[64];
	struct arena *a;
	struct layout layout;
	atomic_int n_lost, n_exits;
	struct runtime_sink sink;
};

static void on_lost(void *arg)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->n_lost, 1);
}

static void on_exited(void *arg, const struct runtime_exit *e)
{
	struct fixture *f = arg;

	assert_string_equal(e->id, ID);
	atomic_fetch_add(&f->n_exits, 1);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/tm-shim-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->layout = (struct layout){ "t-shim", arena_printf(f->a, "%s/state", f->dir),
				     arena_printf(f->a, "%s/run", f->dir) };
	f->sink = (struct runtime_sink){ .lost = on_lost, .arg = f };
	assert_int_equal(fs_mkdirs(AT_FDCWD, f->layout.state_dir, 0700, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static struct runtime_remote_options options(struct fixture *f, bool may_start)
{
	return (struct runtime_remote_options){ .layout = f->layout,
						.runtime_name = "memory",
						.node_id = NODE,
						.owner = "t-shim",
						.program = "/proc/self/exe",
						.may_start = may_start };
}

static struct runtime *open_remote(struct fixture *f)
{
	const struct runtime_remote_options o = options(f, true);
	struct runtime *rt = NULL;

	assert_int_equal(runtime_remote_open(&o, &f->sink, &rt, NULL), 0);
	return rt;
}

static void ok(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

static size_t count(struct fixture *f, struct runtime *rt)
{
	struct observed seen = { 0 };
	struct error err = ERROR_INIT;

	ok(runtime_list(rt, f->a, &seen, &err), &err);
	return seen.n;
}

static struct mono soon(void)
{
	return mono_add(clock_mono(), 20 * CLOCK_SEC);
}

static void create(struct fixture *f, struct runtime *rt)
{
	static const char *const words[] = { "sleep" };
	const struct service service = {
		.name = "web",
		.image = { .name = "busybox" },
		.command = { .args = { (const char **)(uintptr_t)words, 1 } },
	};
	const struct env_var env[] = { { "KEY", "a \"value\"\n" } };
	const struct instance_spec spec = { .id = ID,
					    .deployment = "shop",
					    .service_name = "web",
					    .generation = 1,
					    .owner = "t-shim",
					    .node_id = NODE,
					    .config_hash = "h1:0",
					    .image = "busybox",
					    .digest = "sha256:0",
					    .service = &service,
					    .env = env,
					    .n_env = 1 };
	struct instance made;
	struct error err = ERROR_INIT;

	ok(runtime_create(rt, &spec, soon(), f->a, &made, &err), &err);
	assert_string_equal(made.id, ID);
	ok(runtime_start(rt, ID, soon(), &err), &err);
}

static void take_away(struct runtime *rt)
{
	struct error err = ERROR_INIT;

	ok(runtime_signal(rt, ID, SIGKILL, &err), &err);
	ok(runtime_remove(rt, ID, soon(), &err), &err);
}

static pid_t shim_pid(struct fixture *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(64);
	uint64_t pid = 0;

	assert_int_equal(
		fs_read(AT_FDCWD, layout_shim_lock(&f->layout, f->a, "memory"), &text, NULL), 0);
	assert_true(text.n > 1);
	text.data[text.n - 1] = '\0';
	assert_true(number_u64(text.data, 1 << 30, &pid));
	return (pid_t)pid;
}

static bool is_running(struct fixture *f)
{
	return runtime_remote_is_running(&f->layout, "memory");
}

static void wait_until_gone(pid_t pid)
{
	struct process_id id;

	while (process_identify(pid, &id, NULL) == 0) {
		enum process_state s = PROCESS_GONE;

		if (process_look(&id, &s, NULL) < 0 || s == PROCESS_ZOMBIE)
			return;
		clock_sleep(CLOCK_MS);
	}
}

static void test_life(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	struct error err = ERROR_INIT;
	struct instance i;

	assert_false(is_running(f));
	assert_int_equal(count(f, rt), 0);
	create(f, rt);
	assert_int_equal(runtime_inspect(rt, ID, f->a, &i, &err), 0);
	assert_int_equal(i.state, INSTANCE_RUNNING);
	assert_int_equal(runtime_start(rt, ID, soon(), &err), RUNTIME_ALREADY);
	assert_int_equal(runtime_inspect(rt, "shop.web-rep-0.2", f->a, &i, &err), RUNTIME_ABSENT);
	runtime_close(rt);
	/* It holds something: it stays. */
	assert_true(is_running(f));
	rt = open_remote(f);
	assert_int_equal(count(f, rt), 1);
	take_away(rt);
	runtime_close(rt);
	/* It holds nothing: when the last client has closed, it is gone. */
	assert_false(is_running(f));
}

static void test_not_started(void **state)
{
	struct fixture *f = *state;
	struct runtime_remote_options o = options(f, false);
	struct runtime *rt CLEAN(runtime) = NULL;
	struct runtime *wrong CLEAN(runtime) = NULL;
	struct observed seen;
	struct error err = ERROR_INIT;

	assert_int_equal(runtime_remote_open(&o, NULL, &rt, NULL), 0);
	assert_int_equal(runtime_list(rt, f->a, &seen, &err), -ERR_UNAVAILABLE);
	assert_false(is_running(f));
	/* One that cannot start gives the reason it printed. */
	o = options(f, true);
	o.runtime_name = "unheard-of";
	assert_int_equal(runtime_remote_open(&o, NULL, &wrong, NULL), 0);
	err = ERROR_INIT;
	assert_int_equal(runtime_list(wrong, f->a, &seen, &err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "no shim hosts a runtime 'unheard-of'"));
}

/* What it says of itself comes through, the way out as well. */
static void test_cannot_start(void **state)
{
	struct fixture *f = *state;
	struct runtime_remote_options o = options(f, true);
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
static void check_lost_seat(struct fixture *f, const char *taken_away)
{
	struct runtime *rt = open_remote(f);
	struct error err = ERROR_INIT;
	pid_t pid;

	create(f, rt);
	pid = shim_pid(f);
	ok(fs_remove_tree(AT_FDCWD, taken_away, &err), &err);
	wait_until_gone(pid);
	assert_int_equal(count(f, rt), 1);
	assert_int_not_equal(shim_pid(f), pid);
	take_away(rt);
	runtime_close(rt);
	assert_false(is_running(f));
}

static void test_lost_socket(void **state)
{
	struct fixture *f = *state;

	check_lost_seat(f, layout_shim_socket(&f->layout, f->a, "memory"));
}

static void test_lost_directory(void **state)
{
	struct fixture *f = *state;

	check_lost_seat(f, f->layout.run_dir);
}

/* Another one's socket in its place is not taken for its own. */
static void test_replaced_directory(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	pid_t pid;

	create(f, rt);
	pid = shim_pid(f);
	assert_int_equal(rename(f->layout.run_dir, arena_printf(f->a, "%s/moved", f->dir)), 0);
	wait_until_gone(pid);
	assert_int_equal(count(f, rt), 1);
	take_away(rt);
	runtime_close(rt);
	assert_false(is_running(f));
}

static void test_killed_shim(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	pid_t pid;

	create(f, rt);
	pid = shim_pid(f);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!atomic_load(&f->n_lost))
		clock_sleep(CLOCK_MS);
	assert_int_equal(count(f, rt), 1);
	assert_int_not_equal(shim_pid(f), pid);
	/* SIGTERM ends it as well, and leaves the containers. */
	pid = shim_pid(f);
	assert_int_equal(kill(pid, SIGTERM), 0);
	wait_until_gone(pid);
	assert_int_equal(count(f, rt), 1);
	take_away(rt);
	runtime_close(rt);
	assert_false(is_running(f));
}

/* Nobody has to notice first that it died: a question that meets the broken connection, or is cut
 * off by it, goes on with the next shim. */
static void test_killed_unnoticed(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);

	create(f, rt);
	for (int i = 0; i < 5; i++) {
		pid_t pid = shim_pid(f);

		assert_int_equal(kill(pid, SIGKILL), 0);
		wait_until_gone(pid);
		assert_int_equal(count(f, rt), 1);
	}
	take_away(rt);
	runtime_close(rt);
}

/* An exit is told to whoever wants to hear, until one of them has: over the deaths of shims, and
 * past clients that only look. */
static void test_exit_is_told_again(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	struct error err = ERROR_INIT;

	create(f, rt);
	ok(runtime_signal(rt, ID, SIGKILL, &err), &err);
	for (int i = 0; i < 3; i++) {
		pid_t pid = shim_pid(f);

		assert_int_equal(count(f, rt), 1);
		assert_int_equal(kill(pid, SIGKILL), 0);
		wait_until_gone(pid);
	}
	runtime_close(rt);
	f->sink.exited = on_exited;
	rt = open_remote(f);
	assert_int_equal(count(f, rt), 1);
	while (!atomic_load(&f->n_exits))
		clock_sleep(CLOCK_MS);
	/* The answer to this comes behind the acknowledgement's arrival. */
	assert_int_equal(count(f, rt), 1);
	runtime_close(rt);
	rt = open_remote(f);
	assert_int_equal(count(f, rt), 1);
	take_away(rt);
	runtime_close(rt);
	assert_int_equal(atomic_load(&f->n_exits), 1);
}

static void test_no_descriptor_inherited(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	/* Not close-on-exec: what a careless starter might leave open. */
	int marker CLEAN(fd) =
		open(arena_printf(f->a, "%s/marker", f->dir), O_RDWR | O_CREAT, 0600);
	char path[128], target[4096], cwd[8] = "";
	ssize_t n;

	assert_int_equal(count(f, rt), 0);
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)shim_pid(f), fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		assert_null(strstr(target, "marker"));
	}
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)shim_pid(f));
	assert_int_equal(readlink(path, cwd, sizeof(cwd) - 1), 1);
	assert_string_equal(cwd, "/");
	assert_int_equal(getsid(shim_pid(f)) != getsid(0), 1);
	runtime_close(rt);
	assert_false(is_running(f));
}

static int dial(struct fixture *f)
{
	int fd = -1;

	assert_int_equal(
		remote_start_dial(layout_shim_socket(&f->layout, f->a, "memory"), &fd, NULL), 0);
	(void)fcntl(fd, F_SETFL, 0);
	return fd;
}

/* Reads until the shim hangs up. */
static void wait_for_end(int fd)
{
	char chunk[4096];

	while (read(fd, chunk, sizeof(chunk)) > 0)
		;
}

static void test_garbage_ends_one_client(void **state)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char call_first[] = "\0\0\0\013\0\0\0\0\0\0\0\1\2{}";
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	int fd, silent;
	pid_t pid;

	assert_int_equal(count(f, rt), 0);
	silent = dial(f);
	fd = dial(f);
	assert_true(write(fd, garbage, sizeof(garbage)) > 0);
	wait_for_end(fd);
	close(fd);
	fd = dial(f);
	assert_true(write(fd, call_first, sizeof(call_first) - 1) > 0);
	wait_for_end(fd);
	close(fd);
	fd = dial(f);
	assert_int_equal(write(fd, "\0\0", 2), 2);
	close(fd);
	assert_int_equal(count(f, rt), 0);
	assert_int_equal(atomic_load(&f->n_lost), 0);
	pid = shim_pid(f);
	close(silent);
	runtime_close(rt);
	wait_until_gone(pid); /* it may hear of the silent one's end last */
	assert_false(is_running(f));
}

static void test_wrong_company(void **state)
{
	struct fixture *f = *state;
	struct runtime *rt = open_remote(f);
	struct runtime *other CLEAN(runtime) = NULL;
	struct runtime_remote_options o = options(f, true);
	struct observed seen;
	struct error err = ERROR_INIT;

	assert_int_equal(count(f, rt), 0);
	o.node_id = "another-node";
	assert_int_equal(runtime_remote_open(&o, NULL, &other, NULL), 0);
	assert_int_equal(runtime_list(other, f->a, &seen, &err), -ERR_LOCKED);
	assert_non_null(strstr(err.hint, "kill"));
	runtime_close(rt);
}

static void test_many_clients(void **state)
{
	struct fixture *f = *state;
	struct runtime *all[LIMIT_SHIM_CLIENTS], *more;
	struct observed seen;

	for (int i = 0; i < LIMIT_SHIM_CLIENTS; i++) {
		all[i] = open_remote(f);
		assert_int_equal(count(f, all[i]), 0);
	}
	more = open_remote(f);
	assert_int_equal(runtime_list(more, f->a, &seen, NULL), -ERR_UNAVAILABLE);
	runtime_close(more);
	for (int i = 0; i < LIMIT_SHIM_CLIENTS; i++)
		runtime_close(all[i]);
	assert_false(is_running(f));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_started, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_shim, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_unnoticed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit_is_told_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptor_inherited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage_ends_one_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_company, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_clients, setup, teardown),
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
