/* SPDX-License-Identifier: Apache-2.0 */
/* exec through a shim: streams both ways, codes, cancel. This program is the shim as well; the
 * runtime there is the model with an exec that runs programs on the host. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/runtime_memory.h"
#include "backends/runtime_remote.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/process.h"
#include "tests/support/shim_main.h"

#define ID "shop.web-rep-0.1"

struct fixture {
	char dir[64];
	struct arena *a;
	struct layout layout;
	struct runtime *rt;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct runtime_remote_options o = { .runtime_name = "memory",
					    .node_id = "n",
					    .owner = "t-shim",
					    .program = "/proc/self/exe",
					    .may_start = true };

	snprintf(f->dir, sizeof(f->dir), "/tmp/tm-shim-exec-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->layout = (struct layout){ "t-shim", f->dir, arena_printf(f->a, "%s/run", f->dir) };
	o.layout = f->layout;
	assert_int_equal(runtime_remote_open(&o, NULL, &f->rt, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	runtime_close(f->rt);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

/* Runs a script with @in as its input; what it printed comes into @out. */
static int run(struct fixture *f, const char *script, const struct buf *in, struct buf *out,
	       int *code, struct error *err)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	const char *in_path = arena_printf(f->a, "%s/in", f->dir);
	const char *out_path = arena_printf(f->a, "%s/out", f->dir);
	int in_fd CLEAN(fd) = -1, out_fd CLEAN(fd) = -1;
	struct runtime_exec x = { .id = ID, .argv = argv, .fds = { -1, -1, -1 } };
	int r;

	assert_int_equal(fs_write_atomic(AT_FDCWD, in_path, in->data, in->n, 0600, NULL), 0);
	x.fds[0] = in_fd = open(in_path, O_RDONLY | O_CLOEXEC);
	x.fds[1] = out_fd = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = runtime_run_exec(f->rt, &x, code, err);
	assert_int_equal(fs_read(AT_FDCWD, out_path, out, NULL), 0);
	return r;
}

static void test_streams(void **state)
{
	static const size_t sizes[] = { 0, 1, 5000, 3 << 20 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf in CLEAN(buf) = BUF_INIT(8 << 20);
		struct buf out CLEAN(buf) = BUF_INIT(8 << 20);
		struct error err = ERROR_INIT;
		int code = -1;

		for (size_t k = 0; k < sizes[i]; k++)
			buf_putc(&in, (char)(k * 7 + k / 251));
		if (run(f, "cat; exit 3", &in, &out, &code, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(code, 3);
		assert_int_equal(out.n, in.n);
		assert_memory_equal(out.data, in.data, in.n);
	}
}

/* A program that does not read its input, and much output after it. */
static void test_unread_input(void **state)
{
	struct fixture *f = *state;
	struct buf in CLEAN(buf) = BUF_INIT(8 << 20);
	struct buf out CLEAN(buf) = BUF_INIT(8 << 20);
	struct error err = ERROR_INIT;
	int code = -1;

	for (int k = 0; k < (2 << 20); k++)
		buf_putc(&in, 'x');
	assert_int_equal(run(f, "exec <&-; head -c 1000000 /dev/zero", &in, &out, &code, &err), 0);
	assert_int_equal(code, 0);
	assert_int_equal(out.n, 1000000);
}

static void *cancel_soon(void *arg)
{
	clock_sleep(100 * CLOCK_MS);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELAXED);
	return NULL;
}

static void test_cancel(void **state)
{
	const char *argv[] = { "/bin/sleep", "600", NULL };
	struct fixture *f = *state;
	bool cancel = false;
	struct runtime_exec x = {
		.id = ID, .argv = argv, .fds = { -1, -1, -1 }, .cancel = &cancel
	};
	pthread_t thread;
	int code;

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
	assert_int_equal(runtime_run_exec(f->rt, &x, &code, NULL), -ERR_CANCELED);
	pthread_join(thread, NULL);
}

static void test_no_program(void **state)
{
	const char *argv[] = { "/nonexistent", NULL };
	struct fixture *f = *state;
	struct runtime_exec x = { .id = ID, .argv = argv, .fds = { -1, -1, -1 } };
	int code;

	assert_int_equal(runtime_run_exec(f->rt, &x, &code, NULL), -ERR_NOT_FOUND);
	x.id = "../../etc";
	assert_int_equal(runtime_run_exec(f->rt, &x, &code, NULL), -ERR_INVALID);
}

/* --- the far side -------------------------------------------------------------------- */

static struct process_waiter *waiter;

static int host_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		     struct error *err)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const struct process_spec spec = { .argv = x->argv,
					   .stdin_fd = x->fds[0],
					   .stdout_fd = x->fds[1],
					   .stderr_fd = x->fds[2],
					   .cancel = x->cancel,
					   .waiter = waiter };
	int r = process_run(&spec, &res, err);

	(void)rt;
	*ret_code = res.exit_code;
	return r;
}

static int open_host(const struct shim_services *s, struct runtime **ret, struct error *err)
{
	static struct runtime_ops ops;
	int r = runtime_memory_open(NULL, s->sink, ret, err);

	if (r < 0)
		return r;
	waiter = shim_reaper_waiter(s->reaper);
	ops = *(*ret)->ops;
	ops.exec = host_exec;
	(*ret)->ops = &ops;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct shim_hosted hosted = { .name = "memory", .open = open_host };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unread_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_program, setup, teardown),
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, &hosted);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
