/* SPDX-License-Identifier: Apache-2.0 */
/* Logs are read over rotations: from the end, from the beginning, and while they are written. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/shim_log_file.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "controller/log_reader.h"
#include "specs/layout.h"

enum { SMALL = LIMIT_LOG_FILES * 2 * LIMIT_LOG_LINE, N_LINES = 2700 };

struct fixture {
	char dir[64];
	struct arena *a;
	const char *path;
	struct shim_log_file file;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct shim_log_place place = { .max_bytes = SMALL };

	snprintf(f->dir, sizeof(f->dir), "/tmp/tm-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->path = place.path = arena_printf(f->a, "%s/web.log", f->dir);
	assert_int_equal(shim_log_file_open(&f->file, &place, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shim_log_file_close(&f->file);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

/* Almost all that the files hold; every seventh line comes in two pieces. */
static void write_line(struct fixture *f, unsigned i)
{
	const char *stamp = "2026-11-26T12:00:00.000000000Z stdout";
	char text[160];

	if (i % 7 == 0) {
		snprintf(text, sizeof(text), "%s P li\n", stamp);
		shim_log_file_write(&f->file, text, strlen(text));
	}
	snprintf(text, sizeof(text), "%s F %sne %06u\n", stamp, i % 7 == 0 ? "" : "li", i);
	shim_log_file_write(&f->file, text, strlen(text));
}

static void *write_all(void *arg)
{
	for (unsigned i = 0; i < N_LINES; i++)
		write_line(arg, i);
	return NULL;
}

static bool next_is(struct log_reader *r, bool is_last, unsigned want)
{
	struct log_line line;
	char text[32];
	int e = log_reader_next(r, is_last, &line, NULL);

	if (e == LOG_READER_END)
		return false;
	assert_int_equal(e, 0);
	snprintf(text, sizeof(text), "line %06u", want);
	assert_int_equal(line.n, strlen(text));
	assert_memory_equal(line.text, text, line.n);
	return true;
}

static void test_from_the_end(void **state)
{
	static const int64_t tails[] = { 0, 1, 10, 700, 701, 1400, N_LINES, N_LINES + 1, -1 };
	struct fixture *f = *state;

	(void)write_all(f);
	assert_int_equal(
		fs_exists(AT_FDCWD, layout_log_old(f->a, f->path, LIMIT_LOG_FILES - 1), NULL),
		FS_EXISTS);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct log_reader *r CLEAN(log_reader) = NULL;
		bool is_all = tails[i] < 0 || tails[i] > N_LINES;
		unsigned at = is_all ? 0 : N_LINES - (unsigned)tails[i];

		assert_int_equal(log_reader_open(f->path, tails[i], &r, NULL), 0);
		while (next_is(r, true, at))
			at++;
		assert_int_equal(at, N_LINES);
	}
}

/* Each rotation comes while the reader has the file open. */
static void test_followed(void **state)
{
	struct fixture *f = *state;
	struct log_reader *r CLEAN(log_reader) = NULL;
	unsigned at = 0;
	pthread_t writer;

	assert_int_equal(log_reader_open(f->path, -1, &r, NULL), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_all, f), 0);
	while (at < N_LINES)
		at += next_is(r, false, at);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_false(next_is(r, false, at));
}

/* One that sleeps through them goes on with the oldest that is left. */
static void test_left_behind(void **state)
{
	struct fixture *f = *state;
	struct log_reader *r CLEAN(log_reader) = NULL;
	struct log_line line;
	unsigned n = 0;

	write_line(f, 1);
	assert_int_equal(log_reader_open(f->path, -1, &r, NULL), 0);
	assert_true(next_is(r, false, 1));
	for (int i = 0; i < 3; i++)
		(void)write_all(f);
	while (log_reader_next(r, true, &line, NULL) == 0)
		n++;
	assert_in_range(n, N_LINES / 2, 2 * N_LINES);
}

/* Half a line at the end of a file that was set aside is shown as it is. */
static void test_torn_file(void **state)
{
	struct fixture *f = *state;
	struct log_reader *r CLEAN(log_reader) = NULL;
	struct log_line line;
	const char *half = "2026-11-26T12:00:00.000000000Z stdout F ha";

	assert_int_equal(fs_write_all(f->file.fd, half, strlen(half), NULL), 0);
	assert_int_equal(rename(f->path, layout_log_old(f->a, f->path, 1)), 0);
	shim_log_file_close(&f->file);
	assert_int_equal(
		shim_log_file_open(&f->file, &(struct shim_log_place){ .path = f->path }, NULL), 0);
	write_line(f, 7);
	assert_int_equal(log_reader_open(f->path, -1, &r, NULL), 0);
	assert_int_equal(log_reader_next(r, true, &line, NULL), 0);
	assert_memory_equal(line.text, "ha", line.n);
	assert_true(next_is(r, true, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
