/* SPDX-License-Identifier: Apache-2.0 */
/* The short lines of a bundle, as a crash, a full disk or a hand may leave them. */
#include "backends/oci_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

static int setup(void **state)
{
	char *dir = xstrdup("/tmp/tallyman-record-XXXXXX");

	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(fs_remove_tree(AT_FDCWD, *state, NULL), 0);
	free(*state);
	return 0;
}

static void put(const char *dir, const char *name, const char *text)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = arena_printf(a, "%s/%s", dir, name);

	assert_int_equal(fs_write_atomic(AT_FDCWD, path, text, strlen(text), 0600, NULL), 0);
}

static const struct {
	const char *text;
	int result;
} processes[] = {
	{ "17 4711 1 99\n", 0 },
	{ "17 4711 1 99", 0 },
	{ "", -ERR_CORRUPT },
	{ "\n", -ERR_CORRUPT },
	{ "17", -ERR_CORRUPT },
	{ "17 4711 1", -ERR_CORRUPT },
	{ "17 4711 1 99 5", -ERR_CORRUPT },
	{ "0 4711 1 99\n", -ERR_CORRUPT },
	{ "-1 4711 1 99\n", -ERR_CORRUPT },
	{ "99999999999 4711 1 99\n", -ERR_CORRUPT },
	{ "17  4711 1 99\n", -ERR_CORRUPT },
	{ "seventeen 4711 1 99\n", -ERR_CORRUPT },
};

static void test_process(void **state)
{
	struct oci_process_note note;
	struct error err = ERROR_INIT;

	assert_int_equal(oci_record_load_process(*state, &note, &err), -ERR_NOT_FOUND);
	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		int r;

		put(*state, "process", processes[i].text);
		err = ERROR_INIT;
		r = oci_record_load_process(*state, &note, &err);
		if (r != processes[i].result)
			fail_msg("\"%s\": %d (%s)", processes[i].text, r, err.msg);
		if (r < 0)
			assert_non_null(strstr(err.msg, "/process is not as expected"));
	}
	put(*state, "process", "17 4711 1 99\n");
	assert_int_equal(oci_record_load_process(*state, &note, &err), 0);
	assert_int_equal(note.id.pid, 17);
	assert_int_equal(note.id.start_time, 4711);
	assert_true(note.started);
	assert_int_equal(note.started_at.us, 99);
}

static const struct {
	const char *text;
	pid_t pid; /* 0: corrupt */
} pids[] = {
	{ "17", 17 }, { "17\n", 17 }, { "", 0 },        { "\n", 0 },
	{ "0", 0 },   { "-17", 0 },   { "17 18\n", 0 }, { "4294967296", 0 },
};

static void test_pid(void **state)
{
	struct error err = ERROR_INIT;
	pid_t pid;

	assert_int_equal(oci_record_load_pid(*state, &pid, &err), -ERR_NOT_FOUND);
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		put(*state, "pid", pids[i].text);
		pid = 0;
		if (oci_record_load_pid(*state, &pid, &err) != (pids[i].pid ? 0 : -ERR_CORRUPT))
			fail_msg("\"%s\": %d", pids[i].text, pid);
		assert_int_equal(pid, pids[i].pid);
	}
}

/* A container's start costs no file more than its create has made. */
static void test_process_is_noted_in_place(void **state)
{
	struct oci_process_note note = { { 17, 4711 }, false, { 0 } }, seen;
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = arena_printf(a, "%s/process", (const char *)*state);
	struct stat before, after;

	assert_int_equal(oci_record_save_process(*state, &note, NULL), 0);
	assert_int_equal(stat(path, &before), 0);
	note.started = true;
	note.started_at.us = 99;
	assert_int_equal(oci_record_save_process(*state, &note, NULL), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(oci_record_load_process(*state, &seen, NULL), 0);
	assert_true(seen.started);
	assert_int_equal(seen.started_at.us, 99);
	/* Also over something longer that somebody has left there. */
	put(*state, "process", "17 4711 1 1795679119432805 and more\n");
	assert_int_equal(oci_record_save_process(*state, &note, NULL), 0);
	assert_int_equal(oci_record_load_process(*state, &seen, NULL), 0);
	assert_int_equal(seen.started_at.us, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_process_is_noted_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pid, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
