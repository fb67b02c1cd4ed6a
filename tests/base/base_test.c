/* SPDX-License-Identifier: Apache-2.0 */
/* base: errors, arena, buf, numbers, digests, files, JSON and processes, each by its promises. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/process.h"

static void error_keeps_the_cause(void **state)
{
	struct error err = ERROR_INIT;
	int r = error_set(&err, ERR_NOT_FOUND, 0, "no service %s", "web");

	(void)state;
	assert_int_equal(r, -ERR_NOT_FOUND);
	r = error_wrap(&err, r, "apply %s", "shop");
	error_hint(&err, "first");
	error_hint(&err, "second");
	assert_string_equal(err.msg, "apply shop: no service web");
	assert_string_equal(err.cause, "no service web");
	assert_string_equal(err.hint, "first");
	for (int i = 0; i < 50; i++)
		r = error_wrap(&err, r, "context number %d", i);
	assert_int_equal(strncmp(err.msg, "context number 49: ", 19), 0);
	assert_string_equal(err.cause, "no service web");
	assert_int_equal(error_set(NULL, ERR_IO, 0, "x"), -ERR_IO);
	for (int i = 0; i < ERR_N; i++)
		assert_int_equal(error_from_name(error_name((enum error_code)i)), i);
}

static void arena_grows_and_resets(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	int *items = NULL;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		items = arena_grow(a, items, (size_t)i, sizeof(*items));
		assert_int_equal(items[i], 0);
		items[i] = i;
	}
	for (int i = 0; i < 100000; i++)
		assert_int_equal(items[i], i);
	assert_string_equal(arena_printf(a, "%s-%d", "web", 3), "web-3");
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
}

static void buf_stops_at_its_maximum(void **state)
{
	struct buf b CLEAN(buf) = BUF_INIT(10);

	(void)state;
	buf_puts(&b, "12345");
	buf_printf(&b, "%d", 67890);
	assert_string_equal(b.data, "1234567890");
	assert_false(b.overflow);
	buf_putc(&b, 'x');
	assert_true(b.overflow);
	assert_string_equal(b.data, "1234567890");
	buf_drop(&b, 9);
	assert_string_equal(b.data, "0");
}

static void numbers_are_whole_or_nothing(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "-5", true, -5 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x1", false, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775808", true, INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 0;

		assert_int_equal(number_i64(cases[i].text, INT64_MIN, INT64_MAX, &v), cases[i].ok);
		assert_true(v == cases[i].value);
	}
}

static void digests_match_the_standard(void **state)
{
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_sha256("abc", 3, sum);
	assert_string_equal(digest_hex(sum, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, sum);
	assert_string_equal(digest_hex(sum, hex),
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static int make_dir(void **state)
{
	char name[] = "/tmp/base_test.XXXXXX";

	*state = xstrdup(mkdtemp(name));
	return *state ? 0 : -1;
}

static int drop_dir(void **state)
{
	struct error err = ERROR_INIT;
	int r = fs_remove_tree(AT_FDCWD, *state, &err);

	free(*state);
	return r;
}

static void files_are_replaced_whole(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(100);
	struct error err = ERROR_INIT;
	int fd CLEAN(fd) = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fs_write_atomic(fd, "f", "one", 3, 0600, &err), 0);
	assert_int_equal(fs_write_atomic(fd, "f", "two", 3, 0640, &err), 0);
	assert_int_equal(fs_read(fd, "f", &text, &err), 0);
	assert_string_equal(text.data, "two");
	assert_int_equal(fs_read(fd, "g", &text, &err), -ERR_NOT_FOUND);
	assert_int_equal(fs_write_atomic(fd, "no/f", "x", 1, 0600, &err), -ERR_NOT_FOUND);
	/* What a killed one leaves goes; what only looks alike stays. */
	assert_int_equal(fs_write_atomic(fd, "f.0123456789abcdef.tmp", "", 0, 0600, &err), 0);
	assert_int_equal(fs_write_atomic(fd, "f.0123456789abcde.tmp", "", 0, 0600, &err), 0);
	assert_int_equal(fs_write_atomic(fd, "ff.0123456789abcdef.tmp", "", 0, 0600, &err), 0);
	fs_sweep(fd, "f");
	fs_sweep(fd, "no/f");
	assert_int_equal(fs_exists(fd, "f.0123456789abcdef.tmp", &err), 0);
	assert_int_equal(fs_exists(fd, "f.0123456789abcde.tmp", &err), FS_EXISTS);
	assert_int_equal(fs_exists(fd, "ff.0123456789abcdef.tmp", &err), FS_EXISTS);
	assert_int_equal(fs_exists(fd, "f", &err), FS_EXISTS);
	assert_int_equal(fs_exists(fd, "f", &err), FS_EXISTS);
	assert_int_equal(fs_exists(fd, "g", &err), 0);
	assert_int_equal(fs_mkdirs(fd, "a/b/c", 0700, &err), 0);
	assert_int_equal(fs_mkdirs(fd, "a/b/c", 0700, &err), 0);
	assert_int_equal(fs_mkdirs(fd, "f/x", 0700, &err), -ERR_INVALID);
	assert_int_equal(symlinkat("/etc", fd, "a/b/link"), 0);
	assert_int_equal(fs_remove_tree(fd, "a", &err), 0);
	assert_int_equal(fs_remove_tree(fd, "a", &err), 0);
	assert_int_equal(fs_exists(AT_FDCWD, "/etc/passwd", &err), FS_EXISTS);
}

static void a_link_goes_alone(void **state)
{
	static const char *const parts[] = { "first", "second" };
	struct arena *a CLEAN(arena) = arena_new();
	struct error err = ERROR_INIT;
	int fd CLEAN(fd) = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *link = arena_printf(a, "%s/link", (const char *)*state);
	const char *real = arena_printf(a, "%s/real", (const char *)*state);

	assert_int_equal(fs_mkdirs(fd, "real/first/x", 0700, &err), 0);
	assert_int_equal(fs_mkdirs(fd, "real/other", 0700, &err), 0);
	assert_int_equal(symlinkat("real", fd, "link"), 0);
	assert_int_equal(fs_is_directory(fd, "real", &err), FS_EXISTS);
	assert_int_equal(fs_is_directory(fd, "link", &err), 0);
	assert_int_equal(fs_is_directory(fd, "none", &err), 0);
	assert_int_equal(fs_remove_parts(link, parts, 2, &err), 0);
	assert_int_equal(fs_exists(fd, "link", &err), 0);
	assert_int_equal(fs_exists(fd, "real/first/x", &err), FS_EXISTS);
	assert_int_equal(fs_remove_parts(real, parts, 2, &err), 0);
	assert_int_equal(fs_remove_parts(real, parts, 2, &err), 0);
	assert_int_equal(fs_exists(fd, "real", &err), 0);
}

static void json_is_strict_and_canonical(void **state)
{
	static const char text[] = "{\"b\":[1,\"x/y\"],\"a\":null,\"n\":7}";
	struct buf out CLEAN(buf) = BUF_INIT(1000);
	struct json_object *o CLEAN(json) = NULL;
	struct error err = ERROR_INIT;
	const char *s = "untouched";
	int64_t n;

	(void)state;
	assert_int_equal(json_parse(text, sizeof(text) - 1, &o, &err), 0);
	assert_int_equal(json_get_str(o, "a", &s, &err), JSON_ABSENT);
	assert_int_equal(json_get_str(o, "n", &s, &err), -ERR_INVALID);
	assert_int_equal(json_need_i64(o, "n", &n, &err), 0);
	assert_int_equal(json_need_str(o, "zz", &s, &err), -ERR_INVALID);
	assert_string_equal(s, "untouched");
	json_canonical(o, &out);
	assert_string_equal(out.data, "{\"a\":null,\"b\":[1,\"x/y\"],\"n\":7}");
}

static void json_refuses_rubbish(void **state)
{
	static const char *const bad[] = { "", "{", "{}x", "nope", "{\"a\":1,}", "[1] [2]" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct json_object *o = NULL;

		assert_int_equal(json_parse(bad[i], strlen(bad[i]), &o, &err), -ERR_INVALID);
		assert_null(o);
	}
}

static void process_collects_output_and_code(void **state)
{
	static const char *const argv[] = { "sh", "-c", "cat; echo oops >&2; exit 7", NULL };
	struct process_result r CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct process_spec spec = { .argv = argv, .stdin_text = "hello" };
	struct error err = ERROR_INIT;
	uint64_t before = process_count();

	(void)state;
	assert_int_equal(process_run(&spec, &r, &err), 0);
	assert_int_equal(r.exit_code, 7);
	assert_string_equal(r.out.data, "hello");
	assert_string_equal(r.err.data, "oops\n");
	assert_int_equal(process_count(), before + 1);
}

static void process_dies_at_its_deadline(void **state)
{
	static const char *const argv[] = { "sh", "-c", "sleep 1000 & wait", NULL };
	static const char *const missing[] = { "/nonexistent/program", NULL };
	struct process_result r CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct process_spec spec = { .argv = argv };
	struct error err = ERROR_INIT;

	(void)state;
	spec.deadline = mono_add(clock_mono(), 50 * CLOCK_MS);
	assert_int_equal(process_run(&spec, &r, &err), -ERR_TIMEOUT);
	assert_true(r.timed_out);
	spec = (struct process_spec){ .argv = missing };
	assert_int_equal(process_run(&spec, &r, &err), -ERR_NOT_FOUND);
}

static void a_stranger_is_never_signalled(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct process_spec spec = { .argv = argv };
	struct error err = ERROR_INIT;
	struct process_id id, stranger;
	enum process_state look;
	pid_t pid;

	(void)state;
	assert_int_equal(process_spawn(&spec, &pid, &err), 0);
	assert_int_equal(process_identify(pid, &id, &err), 0);
	stranger = (struct process_id){ pid, id.start_time + 1 };
	assert_int_equal(process_signal(&stranger, SIGKILL, &err), PROCESS_SIGNAL_GONE);
	assert_int_equal(process_look(&stranger, &look, &err), 0);
	assert_int_equal(look, PROCESS_STRANGER);
	assert_int_equal(process_look(&id, &look, &err), 0);
	assert_int_equal(look, PROCESS_ALIVE);
	assert_int_equal(process_signal(&id, SIGKILL, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process_look(&id, &look, &err), 0);
	assert_int_equal(look, PROCESS_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_keeps_the_cause),
		cmocka_unit_test(arena_grows_and_resets),
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(numbers_are_whole_or_nothing),
		cmocka_unit_test(digests_match_the_standard),
		cmocka_unit_test_setup_teardown(files_are_replaced_whole, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_link_goes_alone, make_dir, drop_dir),
		cmocka_unit_test(json_is_strict_and_canonical),
		cmocka_unit_test(json_refuses_rubbish),
		cmocka_unit_test(process_collects_output_and_code),
		cmocka_unit_test(process_dies_at_its_deadline),
		cmocka_unit_test(a_stranger_is_never_signalled),
	};

	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
