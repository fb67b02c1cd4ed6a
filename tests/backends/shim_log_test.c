/* SPDX-License-Identifier: Apache-2.0 */
/* Container logs: what was written into the pipes stands in the file, in CRI lines. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/shim_log.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"

struct fixture {
	char dir[64];
	struct arena *a;
	struct shim_log *log;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/tm-shim-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	assert_int_equal(shim_log_new(&f->log, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shim_log_free(f->log);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static const char *path(struct fixture *f, const char *name)
{
	return arena_printf(f->a, "%s/%s", f->dir, name);
}

static void open_log(struct fixture *f, const char *id, int fds[2])
{
	struct error err = ERROR_INIT;

	if (shim_log_open(f->log, id, path(f, "logs/shop/web.log"),
			  arena_printf(f->a, "%s/fifo/%s", f->dir, id), fds, &err) < 0)
		fail_msg("%s", err.msg);
}

static void close_both(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void put(int fd, const char *text)
{
	assert_int_equal(fs_write_all(fd, text, strlen(text), NULL), 0);
}

static const char *read_raw(struct fixture *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(64 << 20);

	assert_int_equal(fs_read(AT_FDCWD, path(f, "logs/shop/web.log"), &text, NULL), 0);
	return arena_strdup(f->a, text.data);
}

/* The log file with the time of each line cut off after its form was checked. */
static const char *read_log(struct fixture *f)
{
	struct buf out CLEAN(buf) = BUF_INIT(64 << 20);
	const char *form = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";
	size_t n = strlen(form);

	for (const char *p = read_raw(f); *p;) {
		const char *end = strchr(p, '\n');

		assert_non_null(end);
		assert_true((size_t)(end - p) > n);
		for (size_t i = 0; i < n; i++)
			assert_true(form[i] == 'd' ? p[i] >= '0' && p[i] <= '9' : p[i] == form[i]);
		buf_add(&out, p + n, (size_t)(end - p) - n + 1);
		p = end + 1;
	}
	return arena_strdup(f->a, out.data);
}

static bool is_there(const char *name)
{
	return fs_exists(AT_FDCWD, name, NULL) == FS_EXISTS;
}

static void test_lines(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	int fds[2];

	open_log(f, "a", fds);
	put(fds[0], "one\ntwo\n\nthr");
	shim_log_finish(f->log, "nobody");
	put(fds[0], "ee\nno end");
	close_both(fds);
	shim_log_finish(f->log, "a");
	assert_string_equal(read_log(f), "stdout F one\nstdout F two\nstdout F \n"
					 "stdout F three\nstdout F no end\n");
	assert_int_equal(stat(path(f, "logs/shop/web.log"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_false(is_there(path(f, "fifo/a.out")));
	/* The next instance of the slot goes on in the same file. */
	open_log(f, "b", fds);
	put(fds[1], "bad\n");
	close_both(fds);
	shim_log_finish(f->log, "b");
	assert_non_null(strstr(read_log(f), "stdout F no end\nstderr F bad\n"));
}

static void test_long_lines(void **state)
{
	static const struct {
		size_t n;
		unsigned n_pieces;
	} cases[] = {
		{ LIMIT_LOG_LINE - 1, 0 },
		{ LIMIT_LOG_LINE, 0 },
		{ LIMIT_LOG_LINE + 1, 1 },
		{ 3 * LIMIT_LOG_LINE + 7, 3 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = arena_alloc(f->a, cases[i].n + 2);
		const char *at;
		unsigned n_pieces = 0;
		size_t n = 0;
		int fds[2];

		memset(text, 'x', cases[i].n);
		text[cases[i].n] = '\n';
		assert_int_equal(truncate(path(f, "logs/shop/web.log"), 0) == 0 || errno == ENOENT,
				 1);
		open_log(f, "a", fds);
		put(fds[0], text);
		close_both(fds);
		shim_log_finish(f->log, "a");
		at = read_log(f);
		for (; *at; at = strchr(at, '\n') + 1) {
			n_pieces += at[7] == 'P';
			n += strcspn(at + 9, "\n");
		}
		assert_int_equal(n, cases[i].n);
		assert_int_equal(n_pieces, cases[i].n_pieces);
	}
}

/* More than a pipe holds, and an end right after the last byte. */
static void test_much_output(void **state)
{
	enum { N_LINES = 100000 };
	struct fixture *f = *state;
	struct buf text CLEAN(buf) = BUF_INIT(8 << 20);
	const char *at;
	unsigned n = 0;
	int fds[2];

	for (unsigned i = 0; i < N_LINES; i++)
		buf_printf(&text, "line %u\n", i);
	open_log(f, "a", fds);
	assert_int_equal(fs_write_all(fds[0], text.data, text.n, NULL), 0);
	close_both(fds);
	shim_log_finish(f->log, "a");
	for (at = read_log(f); *at; at = strchr(at, '\n') + 1, n++) {
		char want[64];

		snprintf(want, sizeof(want), "stdout F line %u\n", n);
		assert_memory_equal(at, want, strlen(want));
	}
	assert_int_equal(n, N_LINES);
}

static void test_adopt(void **state)
{
	struct fixture *f = *state;
	const char *log_path = path(f, "logs/shop/web.log");
	const char *prefix = path(f, "fifo/a");
	struct error err = ERROR_INIT;
	int fds[2];

	open_log(f, "a", fds);
	put(fds[0], "before\nbeg");
	/* The first shim ends in good order: nothing that it has read is lost. */
	while (!strstr(read_log(f), "before"))
		clock_sleep(CLOCK_MS);
	shim_log_free(f->log);
	f->log = NULL;
	put(fds[0], "un\nmeanwhile\n");
	assert_int_equal(shim_log_new(&f->log, NULL), 0);
	assert_int_equal(shim_log_adopt(f->log, "a", log_path, prefix, &err), 0);
	assert_int_equal(shim_log_adopt(f->log, "a", log_path, prefix, &err), SHIM_LOG_ALREADY);
	put(fds[0], "after\n");
	close_both(fds);
	shim_log_finish(f->log, "a");
	assert_string_equal(read_log(f),
			    "stdout F before\nstdout P beg\n"
			    "system F tallyman: the log may have a gap here (shim restarted)\n"
			    "stdout F un\nstdout F meanwhile\nstdout F after\n");
	assert_int_equal(shim_log_adopt(f->log, "a", log_path, prefix, &err), -ERR_NOT_FOUND);
}

/* A log that takes nothing holds up neither its own container nor another. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	char *text = arena_alloc(f->a, (3 << 20) + 1);
	int full[2], fds[2];

	memset(text, 'x', 3 << 20);
	assert_int_equal(
		shim_log_open(f->log, "full", "/dev/full", path(f, "fifo/full"), full, NULL), 0);
	open_log(f, "a", fds);
	put(full[0], text);
	put(fds[0], "other\n");
	close_both(full);
	close_both(fds);
	shim_log_finish(f->log, "a");
	shim_log_finish(f->log, "full");
	assert_string_equal(read_log(f), "stdout F other\n");
}

static void limit_file_size(rlim_t max)
{
	const struct rlimit limit = { .rlim_cur = max, .rlim_max = RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_loss_is_told(void **state)
{
	struct fixture *f = *state;
	const char *text;
	int fds[2];

	/* A file may not grow for a while: stands for a disk that is full and gets room again. */
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	open_log(f, "a", fds);
	limit_file_size(60);
	put(fds[0], "first\nsecond line\nthird\n");
	while (strlen(read_raw(f)) < 60)
		clock_sleep(CLOCK_MS);
	limit_file_size(RLIM_INFINITY);
	put(fds[0], "later\n");
	close_both(fds);
	shim_log_finish(f->log, "a");
	text = read_raw(f);
	assert_non_null(strstr(text, "stdout F first\n"));
	assert_non_null(strstr(text, "system F tallyman: 2 lines were lost here (File too large)"));
	assert_non_null(strstr(text, "stdout F later\n"));
}

/* Pipes that somebody else made: each stream ends by itself, and a missing one is none. */
static void test_taken_pipes(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	int pipes[2], fds[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = pipes[0];
	fds[1] = -1;
	assert_int_equal(
		shim_log_take(f->log, "a.b-rep-0.1", path(f, "logs/shop/web.log"), fds, &err), 0);
	put(pipes[1], "one\ntwo");
	close(pipes[1]);
	shim_log_finish(f->log, "a.b-rep-0.1");
	assert_string_equal(read_log(f), "stdout F one\nstdout F two\n");
	shim_log_tell_gap(path(f, "logs/shop/web.log"));
	assert_non_null(strstr(read_log(f), "system F tallyman: the log may have a gap here"));
	shim_log_tell_gap(path(f, "logs/shop/none.log"));
	assert_int_equal(fs_exists(AT_FDCWD, path(f, "logs/shop/none.log"), NULL), 0);
}

/* The descriptors are taken in every case. */
static void test_taken_twice(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;
	int pipes[2], fds[2] = { -1, -1 };

	assert_int_equal(shim_log_take(f->log, "a.b-rep-0.1", path(f, "logs/x.log"), fds, &err), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = pipes[0];
	assert_int_equal(shim_log_take(f->log, "a.b-rep-0.1", path(f, "logs/x.log"), fds, &err),
			 -ERR_EXISTS);
	assert_int_equal(fcntl(pipes[0], F_GETFD), -1);
	close(pipes[1]);
	shim_log_finish(f->log, "a.b-rep-0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_much_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adopt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loss_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_pipes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_twice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
