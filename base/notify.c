/* SPDX-License-Identifier: Apache-2.0 */
/* https://www.freedesktop.org/software/systemd/man/sd_notify.html (2026-11), the parts we need. */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clean.h"
#include "base/number.h"

enum { MAX_TEXT = 512 };

static int make_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_n,
			struct error *err)
{
	const size_t n = strlen(text);

	if (text[0] != '/' && text[0] != '@')
		return error_set(err, ERR_UNSUPPORTED, 0, "NOTIFY_SOCKET=%.100s is no unix socket",
				 text);
	if (n >= sizeof(ret->sun_path))
		return error_set(err, ERR_LIMIT, 0, "NOTIFY_SOCKET is too long (%zu of %zu bytes)",
				 n, sizeof(ret->sun_path) - 1);
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, text, n);
	/* An abstract name begins with NUL and has no end but its length. */
	*ret_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (text[0] == '/'));
	if (text[0] == '@')
		ret->sun_path[0] = '\0';
	return 0;
}

static int tell(const char *address, const char *text, struct error *err)
{
	struct sockaddr_un addr;
	socklen_t n_addr = 0;
	int fd CLEAN(fd) = -1;
	int r;

	if (!address || !*address)
		return NOTIFY_NOBODY;
	r = make_address(address, &addr, &n_addr, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_sys(err, errno, "make a socket");
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&addr,
		   n_addr) < 0)
		return error_sys(err, errno, "tell the service manager at %s", address);
	return 0;
}

int notify_state(const char *address, enum notify_state state, const char *status,
		 struct error *err)
{
	static const char *const words[] = {
		[NOTIFY_READY] = "READY=1",
		[NOTIFY_STOPPING] = "STOPPING=1",
		[NOTIFY_WATCHDOG] = "WATCHDOG=1",
	};
	char text[MAX_TEXT];
	const size_t line = status ? strcspn(status, "\n") : 0;

	snprintf(text, sizeof(text), "%s%s%.*s", words[state], status ? "\nSTATUS=" : "",
		 (int)(line < 300 ? line : 300), status ? status : "");
	return tell(address, text, err);
}

int64_t notify_watchdog(const char *usec, const char *pid, pid_t own)
{
	uint64_t us, who;

	if (!usec || !number_u64(usec, INT64_MAX, &us))
		return 0;
	if (pid && (!number_u64(pid, INT32_MAX, &who) || (pid_t)who != own))
		return 0;
	return (int64_t)(us / 2);
}
