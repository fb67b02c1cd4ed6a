/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager is a datagram socket, at a path or in the abstract namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/notify.h"

struct manager {
	int fd;
	char address[100];
};

static void listen_as(struct manager *m, const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t n = strlen(address);

	snprintf(m->address, sizeof(m->address), "%s", address);
	memcpy(addr.sun_path, address, n);
	if (address[0] == '@')
		addr.sun_path[0] = '\0';
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(
		bind(m->fd, (struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (address[0] == '/'))),
		0);
}

static void assert_told(struct manager *m, const char *want)
{
	char text[1024] = "";

	assert_true(recv(m->fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, want);
}

static void check(const char *address)
{
	struct manager m;

	listen_as(&m, address);
	assert_int_equal(notify_state(m.address, NOTIFY_READY, NULL, NULL), 0);
	assert_told(&m, "READY=1");
	assert_int_equal(notify_state(m.address, NOTIFY_READY, "42 slots\nX=1", NULL), 0);
	assert_told(&m, "READY=1\nSTATUS=42 slots"); /* no second line of another's making */
	assert_int_equal(notify_state(m.address, NOTIFY_WATCHDOG, NULL, NULL), 0);
	assert_told(&m, "WATCHDOG=1");
	assert_int_equal(notify_state(m.address, NOTIFY_STOPPING, "bye", NULL), 0);
	assert_told(&m, "STOPPING=1\nSTATUS=bye");
	close(m.fd);
}

static void test_path(void **state)
{
	char dir[] = "/tmp/notify-test-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	check(path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_abstract(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@notify-test-%ld", (long)getpid());
	check(name);
}

static void test_nobody(void **state)
{
	char longest[200];
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(notify_state(NULL, NOTIFY_READY, NULL, &err), NOTIFY_NOBODY);
	assert_int_equal(notify_state("", NOTIFY_READY, NULL, &err), NOTIFY_NOBODY);
	assert_int_equal(notify_state("vsock:2:1234", NOTIFY_READY, NULL, &err), -ERR_UNSUPPORTED);
	assert_int_equal(notify_state("/absent/socket", NOTIFY_READY, NULL, &err), -ERR_NOT_FOUND);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(notify_state(longest, NOTIFY_READY, NULL, &err), -ERR_LIMIT);
}

/* A manager that does not read does not hold us up. */
static void test_full(void **state)
{
	struct manager m;
	char name[64];
	int r = 0;

	(void)state;
	snprintf(name, sizeof(name), "@notify-full-%ld", (long)getpid());
	listen_as(&m, name);
	for (int i = 0; r == 0 && i < 100000; i++)
		r = notify_state(m.address, NOTIFY_WATCHDOG, NULL, NULL);
	assert_int_equal(r, -ERR_UNAVAILABLE);
	close(m.fd);
}

static void test_watchdog(void **state)
{
	(void)state;
	assert_int_equal(notify_watchdog(NULL, NULL, 10), 0);
	assert_int_equal(notify_watchdog("30000000", NULL, 10), 15000000);
	assert_int_equal(notify_watchdog("30000000", "10", 10), 15000000);
	assert_int_equal(notify_watchdog("30000000", "11", 10), 0);
	assert_int_equal(notify_watchdog("30000000", "x", 10), 0);
	assert_int_equal(notify_watchdog("-1", NULL, 10), 0);
	assert_int_equal(notify_watchdog("30s", NULL, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),     cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_nobody),   cmocka_unit_test(test_full),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
