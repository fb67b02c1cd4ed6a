/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel offers and what this process may. Asks the kernel itself, not for versions,
 * wherever it can be asked. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backends/oci_cgroup.h"
#include "base/fs.h"
#include "base/limits.h"
#include "controller/cli/doctor.h"

static void check_kernel(struct doctor *d)
{
	struct utsname u = { .release = "unknown", .machine = "unknown" };

	(void)uname(&u); /* cannot fail with an address of ours */
	report_add(d->report, "kernel", REPORT_OK, NULL, "%s %s on %s", u.sysname, u.release,
		   u.machine);
}

static void check_rights(struct doctor *d)
{
	if (geteuid() == 0)
		report_add(d->report, "rights", REPORT_OK, NULL, "root");
	else
		report_add(d->report, "rights", REPORT_ERROR, "run it as root",
			   "user %d: containers need root", (int)geteuid());
}

/* Is @name one of the controllers in any hierarchy? v1 separates them by commas, v2 by spaces. */
static bool has_controller(const struct oci_cgroups *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *p = c->items[i].controllers;

		while (*p) {
			size_t n = strcspn(p, ", ");

			if (n == strlen(name) && strncmp(p, name, n) == 0)
				return true;
			p += n;
			p += strspn(p, ", ");
		}
	}
	return false;
}

/* What limits of services need. */
static void check_controllers(struct doctor *d, const struct oci_cgroups *c)
{
	static const char *const needed[] = { "memory", "cpu", "pids", "cpuset" };
	struct buf missing CLEAN(buf) = BUF_INIT(128);

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!has_controller(c, needed[i]))
			buf_printf(&missing, "%s%s", missing.n ? ", " : "", needed[i]);
	if (missing.n)
		report_add(d->report, "controllers", REPORT_WARNING,
			   c->mode == OCI_CGROUP_V2 ? "see /sys/fs/cgroup/cgroup.controllers and "
						      "the kernel's command line"
						    : "mount the missing v1 hierarchies",
			   "no %s: limits of that kind are not applied", missing.data);
	else
		report_add(d->report, "controllers", REPORT_OK, NULL, "memory, cpu, pids, cpuset");
}

static void check_cgroups(struct doctor *d)
{
	struct oci_cgroups c = { 0 };
	struct error err = ERROR_INIT;

	if (oci_cgroup_open(d->cli->arena, &c, &err) < 0) {
		report_add(d->report, "cgroups", REPORT_ERROR, NULL, "%s", err.msg);
		return;
	}
	if (c.mode == OCI_CGROUP_NONE) {
		report_add(d->report, "cgroups", REPORT_ERROR,
			   "mount -t cgroup2 cgroup2 /sys/fs/cgroup", "none are mounted");
		return;
	}
	report_add(d->report, "cgroups", c.unified_in_use ? REPORT_NOTE : REPORT_OK, NULL, "%s%s",
		   oci_cgroup_mode_name(c.mode),
		   c.unified_in_use ? "; v2 holds a controller, which crun refuses" : "");
	check_controllers(d, &c);
}

static bool file_has(const char *path, const char *part)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);

	return fs_read(AT_FDCWD, path, &text, NULL) == 0 && strstr(text.data, part);
}

static void check_overlay(struct doctor *d)
{
	if (file_has("/proc/filesystems", "\toverlay\n"))
		report_add(d->report, "overlay", REPORT_OK, NULL,
			   "the kernel has it: images are mounted");
	else
		report_add(d->report, "overlay", REPORT_ERROR, "modprobe overlay",
			   "the kernel has no overlay file system: no image can be mounted");
}

static void check_pidfd(struct doctor *d)
{
	int fd CLEAN(fd) = pidfd_open(getpid(), 0);

	if (fd >= 0)
		report_add(d->report, "pidfd", REPORT_OK, NULL,
			   "the kernel has it: no stranger is ever signalled");
	else
		report_add(d->report, "pidfd", REPORT_ERROR, "use Linux 5.3 or newer",
			   "processes cannot be held by descriptor: %s", strerror(errno));
}

/* A kernel tells only what it did, not what it would do, so here the version counts. */
static void check_exit_codes(struct doctor *d)
{
	struct utsname u = { 0 };
	char *end;
	long major, minor;

	(void)uname(&u);
	major = strtol(u.release, &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (major > 6 || (major == 6 && minor >= 15))
		report_add(d->report, "exit_codes", REPORT_OK, NULL,
			   "the kernel tells them also after a shim has died");
	else
		report_add(d->report, "exit_codes", REPORT_NOTE, NULL,
			   "unknown for containers that end after their shim has died (Linux "
			   "6.15 tells them)");
}

static void check_seccomp(struct doctor *d)
{
	if (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0)
		report_add(d->report, "seccomp", REPORT_OK, NULL, "the kernel has it");
	else
		report_add(d->report, "seccomp", REPORT_WARNING,
			   "use a kernel with CONFIG_SECCOMP_FILTER",
			   "the kernel filters no system calls");
}

void doctor_host(struct doctor *d)
{
	report_section(d->report, "host");
	check_kernel(d);
	if (d->is_memory)
		return; /* the model needs nothing of it */
	check_rights(d);
	check_cgroups(d);
	check_overlay(d);
	check_pidfd(d);
	check_exit_codes(d);
	check_seccomp(d);
}
