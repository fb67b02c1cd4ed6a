/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a path: over links, what is not there yet, and what no longer leads there. */
#include "base/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fs.h"

struct fixture {
	char dir[64];
	struct arena *arena;
	struct watch *watch;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/watch-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->arena = arena_new();
	assert_int_equal(watch_new(WATCH_CONTENT, &f->watch, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	watch_free(f->watch);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->arena);
	free(f);
	return 0;
}

static const char *in(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->dir, name);
}

static void make_dir(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(in(f, name), 0700), 0);
}

static void write_file(struct fixture *f, const char *name)
{
	int fd = open(in(f, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void set_link(struct fixture *f, const char *to)
{
	assert_int_equal(symlink(to, in(f, "new")), 0);
	assert_int_equal(rename(in(f, "new"), in(f, "link")), 0);
}

/* How many directories the kernel watches for us. */
static int n_watched(struct fixture *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	int n = 0;

	assert_int_equal(fs_read(AT_FDCWD,
				 arena_printf(f->arena, "/proc/self/fdinfo/%d", watch_fd(f->watch)),
				 &text, NULL),
			 0);
	for (const char *p = text.data; (p = strstr(p, "inotify wd:")); p++)
		n++;
	return n;
}

static void look(struct fixture *f, const char *name)
{
	assert_int_equal(watch_path(f->watch, in(f, name), NULL), 0);
	watch_prune(f->watch);
}

static void test_file(void **state)
{
	struct fixture *f = *state;

	look(f, "deep/file");
	assert_false(watch_take(f->watch));
	make_dir(f, "deep"); /* the nearest that is there was watched */
	assert_true(watch_take(f->watch));
	look(f, "deep/file");
	(void)watch_take(f->watch);
	write_file(f, "deep/file");
	assert_true(watch_take(f->watch));
	write_file(f, "deep/file");
	assert_true(watch_take(f->watch));
	assert_false(watch_take(f->watch));
}

/* A link that is set anew again and again: what it led to before is neither told of nor kept. */
static void test_links(void **state)
{
	struct fixture *f = *state;
	int n;

	make_dir(f, "0");
	set_link(f, "0");
	look(f, "link");
	n = n_watched(f);
	for (int i = 1; i <= 5; i++) {
		const char *name = arena_printf(f->arena, "%d", i);

		make_dir(f, name);
		set_link(f, name);
		assert_true(watch_take(f->watch));
		look(f, "link");
		assert_false(watch_take(f->watch)); /* letting go is no news */
		assert_int_equal(n_watched(f), n);
	}
	write_file(f, "0/file");
	assert_false(watch_take(f->watch));
	write_file(f, "5/file");
	assert_true(watch_take(f->watch));
}

/* Two paths of one round; and one whose directory is gone. */
static void test_rounds(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "a");
	make_dir(f, "b");
	assert_int_equal(watch_path(f->watch, in(f, "a"), NULL), 0);
	look(f, "b");
	write_file(f, "a/file");
	assert_true(watch_take(f->watch));
	look(f, "b");
	write_file(f, "a/file");
	assert_false(watch_take(f->watch));
	assert_int_equal(rmdir(in(f, "b")), 0);
	assert_true(watch_take(f->watch));
	look(f, "b");
	make_dir(f, "b");
	assert_true(watch_take(f->watch));
}

/* Names only: who writes to a file there does not wake us. */
static void test_names(void **state)
{
	struct fixture *f = *state;
	struct watch *names CLEAN(watch) = NULL;

	write_file(f, "file");
	assert_int_equal(watch_new(WATCH_NAMES, &names, NULL), 0);
	assert_int_equal(watch_path(names, in(f, "socket"), NULL), 0);
	write_file(f, "file");
	assert_false(watch_take(names));
	assert_int_equal(unlink(in(f, "file")), 0);
	assert_true(watch_take(names));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file),
		TEST(test_links),
		TEST(test_rounds),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
