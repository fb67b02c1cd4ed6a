/* SPDX-License-Identifier: Apache-2.0 */
/* Exits are told until somebody has them, also by the next shim, and no number is given twice. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/shim_exits.h"
#include "base/fs.h"
#include "base/limits.h"

struct fixture {
	char root[64];
	char dir[96];
	int epoll, client;
	struct shim_conn *conn;
	struct shim_exits exits;
};

static void load(struct fixture *f)
{
	f->exits = (struct shim_exits){ 0 };
	assert_int_equal(shim_exits_load(&f->exits, f->dir, NULL), 0);
}

/* The shim dies, and another one begins. */
static void begin_again(struct fixture *f)
{
	shim_exits_done(&f->exits);
	load(f);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int fds[2];

	snprintf(f->root, sizeof(f->root), "/tmp/tm-exits-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->dir, sizeof(f->dir), "%s/run/exits", f->root);
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	f->client = fds[1];
	f->conn = shim_conn_new(fds[0], f->epoll, 1);
	load(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shim_exits_done(&f->exits);
	shim_conn_unref(f->conn);
	close(f->client);
	close(f->epoll);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->root, NULL), 0);
	free(f);
	return 0;
}

static uint64_t tell(struct fixture *f, const char *id, bool has_code, int code)
{
	const struct runtime_exit e = { id, has_code, code, { 1234567 } };
	uint64_t number = shim_exits_next(&f->exits);

	shim_exits_save(&f->exits, number, &e);
	(void)shim_exits_add(&f->exits, number, &e);
	return number;
}

/* The bodies of all that is told now, in one text: `number body` each. */
static void expect_told(struct fixture *f, const char *want)
{
	struct buf in CLEAN(buf) = BUF_INIT(8 << 20);
	struct buf out CLEAN(buf) = BUF_INIT(8 << 20);
	struct shim_frame frame;
	size_t at = 0, used = 0;
	ssize_t n;

	shim_exits_send_all(&f->exits, f->conn);
	buf_reserve(&in, 1 << 20);
	while ((n = recv(f->client, in.data + in.n, 4096, MSG_DONTWAIT)) > 0)
		in.n += (size_t)n;
	while (shim_frame_decode(in.data + at, in.n - at, &frame, &used, NULL) == 0) {
		assert_int_equal(frame.kind, SHIM_FRAME_EVENT);
		buf_printf(&out, "%ju %.*s\n", (uintmax_t)frame.id, (int)frame.n_body, frame.body);
		at += used;
	}
	assert_string_equal(out.data, want);
}

#define EVENT(number, id, code)                                                                    \
	number " {\"instance\":\"" id "\"," code "\"at_us\":1234567,\"event\":\"exit\"}\n"

static unsigned n_files(struct fixture *f)
{
	char path[160];
	unsigned n = 0;

	for (unsigned i = 1; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/%u", f->dir, i);
		n += fs_exists(AT_FDCWD, path, NULL) == FS_EXISTS;
	}
	return n;
}

static void test_told_until_acked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tell(f, "shop.web-rep-0.1", true, 0), 1);
	assert_int_equal(tell(f, "shop.web-rep-1.1", false, 0), 2);
	assert_int_equal(tell(f, "shop.web-rep-2.1", true, 137), 3);
	expect_told(f,
		    EVENT("1", "shop.web-rep-0.1", "\"code\":0,") EVENT("2", "shop.web-rep-1.1", "")
			    EVENT("3", "shop.web-rep-2.1", "\"code\":137,"));
	begin_again(f);
	expect_told(f,
		    EVENT("1", "shop.web-rep-0.1", "\"code\":0,") EVENT("2", "shop.web-rep-1.1", "")
			    EVENT("3", "shop.web-rep-2.1", "\"code\":137,"));
	shim_exits_ack(&f->exits, 2);
	shim_exits_ack(&f->exits, 2);
	shim_exits_ack(&f->exits, 99);
	begin_again(f);
	expect_told(f, EVENT("1", "shop.web-rep-0.1", "\"code\":0,")
			       EVENT("3", "shop.web-rep-2.1", "\"code\":137,"));
	shim_exits_ack(&f->exits, 1);
	shim_exits_ack(&f->exits, 3);
	expect_told(f, "");
	begin_again(f);
	expect_told(f, "");
	assert_int_equal(n_files(f), 0);
}

static void test_numbers_go_on(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 1; i < 6; i++) {
		assert_int_equal(tell(f, "shop.web-rep-0.1", true, 1), i);
		shim_exits_ack(&f->exits, i);
		begin_again(f);
	}
	expect_told(f, "");
}

/* What a shim that was killed, or a person, left there. */
static void test_rubbish(void **state)
{
	static const char *const names[] = { "1", "2", "x", "7.acked", "3.acked", "4.tmp" };
	struct fixture *f = *state;
	char path[160];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		assert_int_equal(
			fs_write_atomic(AT_FDCWD, path, i ? "{}" : "{\"insta", 2, 0600, NULL), 0);
	}
	begin_again(f);
	expect_told(f, "");
	assert_int_equal(n_files(f), 0);
	assert_int_equal(tell(f, "shop.web-rep-0.1", true, 1), 8);
}

/* Nobody ever acknowledges: the newest are kept, in memory and on disk. */
static void test_bounded(void **state)
{
	struct fixture *f = *state;

	f->exits.n = LIMIT_SHIM_EXITS - 1;
	tell(f, "shop.web-rep-0.1", true, 1);
	tell(f, "shop.web-rep-0.2", true, 2);
	assert_int_equal(f->exits.n, LIMIT_SHIM_EXITS);
	expect_told(f, EVENT("2", "shop.web-rep-0.2", "\"code\":2,"));
	assert_int_equal(n_files(f), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_told_until_acked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rubbish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
