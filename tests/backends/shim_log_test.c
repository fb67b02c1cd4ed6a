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
#include "specs/layout.h"

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

static void open_log_at(struct fixture *f, const char *id, const struct shim_log_place *place,
			int fds[2])
{
	struct error err = ERROR_INIT;

	if (shim_log_open(f->log, id, place, arena_printf(f->a, "%s/fifo/%s", f->dir, id), fds,
			  &err) < 0)
		fail_msg("%s", err.msg);
}

static void open_log(struct fixture *f, const char *id, int fds[2])
{
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log") };

	open_log_at(f, id, &place, fds);
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
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log") };
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
	assert_int_equal(shim_log_adopt(f->log, "a", &place, prefix, &err), 0);
	assert_int_equal(shim_log_adopt(f->log, "a", &place, prefix, &err), SHIM_LOG_ALREADY);
	put(fds[0], "after\n");
	close_both(fds);
	shim_log_finish(f->log, "a");
	assert_string_equal(read_log(f),
			    "stdout F before\nstdout P beg\n"
			    "system F tallyman: the log may have a gap here (shim restarted)\n"
			    "stdout F un\nstdout F meanwhile\nstdout F after\n");
	assert_int_equal(shim_log_adopt(f->log, "a", &place, prefix, &err), -ERR_NOT_FOUND);
}

/* A log that takes nothing holds up neither its own container nor another. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	char *text = arena_alloc(f->a, (3 << 20) + 1);
	const struct shim_log_place nowhere = { .path = "/dev/full" };
	int full[2], fds[2];

	memset(text, 'x', 3 << 20);
	open_log_at(f, "full", &nowhere, full);
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

/* The next program in the same process goes on with the open pipes: what stands in them, and a line
 * that was begun, is one with what comes. */
static void test_hand_over(void **state)
{
	struct fixture *f = *state;
	struct shim_handed_log *logs = NULL;
	struct error err = ERROR_INIT;
	size_t n = 0;
	int fds[2];

	open_log(f, "a", fds);
	put(fds[0], "before\nbeg");
	while (!strstr(read_log(f), "before"))
		clock_sleep(CLOCK_MS);
	shim_log_hand_over(f->log, f->a, &logs, &n);
	assert_int_equal(n, 1);
	shim_log_free(f->log);
	f->log = NULL;
	/* The container ends meanwhile: nobody but us holds the pipe. */
	put(fds[0], "un\nmeanwhile\n");
	put(fds[1], "bad\n");
	close_both(fds);
	assert_int_equal(shim_log_new(&f->log, NULL), 0);
	assert_int_equal(shim_log_take_over(f->log, &logs[0], &err), 0);
	assert_true(shim_log_is_open(f->log, "a"));
	assert_int_equal(shim_log_adopt(f->log, "a", &logs[0].place, path(f, "fifo/a"), &err),
			 SHIM_LOG_ALREADY);
	while (!strstr(read_log(f), "bad"))
		clock_sleep(CLOCK_MS);
	shim_log_finish(f->log, "a");
	assert_non_null(strstr(read_log(f), "stdout F before\nstdout P beg\n"));
	assert_non_null(strstr(read_log(f), "stdout F un\nstdout F meanwhile\n"));
	assert_non_null(strstr(read_log(f), "stderr F bad\n"));
	assert_null(strstr(read_log(f), "system"));
	assert_false(is_there(path(f, "fifo/a.out")));
}

/* --- rotation ------------------------------------------------------------------------ */

enum { SMALL = LIMIT_LOG_FILES * 2 * LIMIT_LOG_LINE };

static const char *old_name(struct fixture *f, unsigned n)
{
	return layout_log_old(f->a, path(f, "logs/shop/web.log"), n);
}

static size_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (size_t)st.st_size : 0;
}

/* All files of the log, oldest first. */
static const char *read_files(struct fixture *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(64 << 20);

	for (unsigned i = LIMIT_LOG_FILES; i-- > 0;)
		if (is_there(old_name(f, i)))
			assert_int_equal(fs_read(AT_FDCWD, old_name(f, i), &text, NULL), 0);
	return arena_strdup(f->a, text.data);
}

/* The numbers of `stdout F line N` lines follow each other; the first of them, and how many. */
static unsigned check_numbers(const char *text, unsigned *ret_first)
{
	unsigned n = 0, next = 0;

	for (const char *p = text; *p; p = strchr(p, '\n') + 1, n++, next++) {
		const char *mark = strstr(p, " stdout F line ");
		char want[32];

		assert_non_null(mark);
		mark += strlen(" stdout F line ");
		if (n == 0) {
			for (next = 0; *mark >= '0' && *mark <= '9'; mark++)
				next = next * 10 + (unsigned)(*mark - '0');
			*ret_first = next;
			continue;
		}
		snprintf(want, sizeof(want), "%u\n", next);
		assert_memory_equal(mark, want, strlen(want));
	}
	return n;
}

/* Many times the files' size: what is kept is the end of it, line by line, and no more. */
static void test_rotation(void **state)
{
	enum { N_LINES = 60000 };
	struct fixture *f = *state;
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log"),
					      .max_bytes = SMALL };
	struct buf text CLEAN(buf) = BUF_INIT(8 << 20);
	unsigned first = 0, n;
	int fds[2];

	for (unsigned i = 0; i < N_LINES; i++)
		buf_printf(&text, "line %u\n", i);
	open_log_at(f, "a", &place, fds);
	put(fds[0], text.data);
	close_both(fds);
	shim_log_finish(f->log, "a");
	n = check_numbers(read_files(f), &first);
	assert_int_equal(first + n, N_LINES);
	for (unsigned i = 0; i < LIMIT_LOG_FILES; i++)
		assert_in_range(size_of(old_name(f, i)), 1, SMALL / LIMIT_LOG_FILES);
	for (unsigned i = 1; i < LIMIT_LOG_FILES; i++)
		assert_true(size_of(old_name(f, i)) > SMALL / LIMIT_LOG_FILES - 64);
	assert_false(is_there(old_name(f, LIMIT_LOG_FILES)));
}

/* The old and the new instance of a slot write the same log at once: neither loses a line. */
static void test_rotation_by_two(void **state)
{
	enum { N_LINES = 1200 };
	struct fixture *f = *state;
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log"),
					      .max_bytes = SMALL };
	struct shim_log *other = NULL;
	int a[2], b[2];
	unsigned n = 0;

	assert_int_equal(shim_log_new(&other, NULL), 0);
	open_log_at(f, "a", &place, a);
	assert_int_equal(shim_log_open(other, "b", &place, path(f, "fifo/b"), b, NULL), 0);
	for (unsigned i = 0; i < N_LINES; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %u\n", i);
		put(a[0], line);
		put(b[0], line);
	}
	close_both(a);
	close_both(b);
	shim_log_finish(f->log, "a");
	shim_log_finish(other, "b");
	shim_log_free(other);
	for (const char *p = read_files(f); *p; p = strchr(p, '\n') + 1)
		n++;
	assert_int_equal(n, 2 * N_LINES);
	assert_true(is_there(old_name(f, 1)));
}

/* What was set aside long ago goes when the log is opened. */
static void test_rotation_by_age(void **state)
{
	struct fixture *f = *state;
	const struct timespec long_ago[2] = { { 1000000, 0 }, { 1000000, 0 } };
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log"), .keep_s = 60 };
	int fds[2];

	open_log_at(f, "a", &place, fds);
	close_both(fds);
	shim_log_finish(f->log, "a");
	for (unsigned i = 1; i < 3; i++)
		close(open(old_name(f, i), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
	assert_int_equal(utimensat(AT_FDCWD, old_name(f, 2), long_ago, 0), 0);
	open_log_at(f, "a", &place, fds);
	close_both(fds);
	shim_log_finish(f->log, "a");
	assert_true(is_there(old_name(f, 1)));
	assert_false(is_there(old_name(f, 2)));
}

/* A line that a crash cut is not grown together with the next one. */
static void test_torn_end(void **state)
{
	struct fixture *f = *state;
	const char *name = path(f, "logs/shop/web.log");
	int fd, fds[2];

	open_log(f, "a", fds);
	close_both(fds);
	shim_log_finish(f->log, "a");
	fd = open(name, O_WRONLY | O_CLOEXEC);
	put(fd, "2026-11-26T00:00:00.000000000Z stdout F cut");
	close(fd);
	open_log(f, "a", fds);
	put(fds[0], "next\n");
	close_both(fds);
	shim_log_finish(f->log, "a");
	assert_string_equal(read_log(f), "stdout F cut\nstdout F next\n");
}

/* Pipes that somebody else made: each stream ends by itself, and a missing one is none. */
static void test_taken_pipes(void **state)
{
	struct fixture *f = *state;
	const struct shim_log_place place = { .path = path(f, "logs/shop/web.log") };
	struct error err = ERROR_INIT;
	int pipes[2], fds[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = pipes[0];
	fds[1] = -1;
	assert_int_equal(shim_log_take(f->log, "a.b-rep-0.1", &place, fds, &err), 0);
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
	const struct shim_log_place place = { .path = path(f, "logs/x.log") };
	struct error err = ERROR_INIT;
	int pipes[2], fds[2] = { -1, -1 };

	assert_int_equal(shim_log_take(f->log, "a.b-rep-0.1", &place, fds, &err), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = pipes[0];
	assert_int_equal(shim_log_take(f->log, "a.b-rep-0.1", &place, fds, &err), -ERR_EXISTS);
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
		cmocka_unit_test_setup_teardown(test_hand_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rotation_by_two, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rotation_by_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_pipes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_twice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
