/* SPDX-License-Identifier: Apache-2.0 */
/* Counts points, and dies at one of them. Compiled into test builds only. */
#include "base/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"

/* A point can be anywhere, so this hangs from nothing. Set once, before there are threads. */
static struct {
	uint64_t at; /* 0: nobody dies */
	char file[LIMIT_PATH];
	atomic_uint_fast64_t n;
} plan;

/* "N:FILE" into the plan; anything else leaves it empty. */
static void read_plan(const char *text)
{
	const char *colon = strchr(text, ':');
	char number[24];
	uint64_t at;

	if (!colon || (size_t)(colon - text) >= sizeof(number) ||
	    strlen(colon + 1) >= sizeof(plan.file))
		return;
	memcpy(number, text, (size_t)(colon - text));
	number[colon - text] = '\0';
	if (!number_u64(number, UINT32_MAX, &at))
		return;
	memcpy(plan.file, colon + 1, strlen(colon + 1) + 1);
	plan.at = at;
}

void crash_begin(const char *(*env)(const char *name), const char *command)
{
	static const char shim[] = "shim";
	const char *text = env("CRASH_AT");
	const size_t n = strlen(shim);
	bool is_shim = command && strcmp(command, shim) == 0;

	if (!text || is_shim != (strncmp(text, "shim:", n + 1) == 0))
		return;
	read_plan(is_shim ? text + n + 1 : text);
}

static bool leave_name(const char *name, const char *what)
{
	char line[LIMIT_PATH];
	int fd = open(plan.file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	snprintf(line, sizeof(line), "%s %s\n", name, what);
	(void)fs_write_all(fd, line, strlen(line), NULL);
	close(fd);
	return true;
}

void crash_point(const char *name, const char *what)
{
	if (plan.at == 0 || atomic_fetch_add(&plan.n, 1) + 1 != plan.at)
		return;
	if (leave_name(name, what ? what : ""))
		(void)kill(getpid(), SIGKILL);
}
