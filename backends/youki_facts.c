/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bundle has to know of this host: limits, capabilities, name servers. Reads only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"
#include "base/number.h"

#define CPUS "/sys/devices/system/cpu"

static const struct {
	const char *name, *oci;
	__rlimit_resource_t number;
} rlimits[] = {
	{ "core", "RLIMIT_CORE", RLIMIT_CORE },
	{ "cpu", "RLIMIT_CPU", RLIMIT_CPU },
	{ "data", "RLIMIT_DATA", RLIMIT_DATA },
	{ "fsize", "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "locks", "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "memlock", "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "msgqueue", "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "nice", "RLIMIT_NICE", RLIMIT_NICE },
	{ "nofile", "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "nproc", "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "rss", "RLIMIT_RSS", RLIMIT_RSS },
	{ "rtprio", "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "rttime", "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "sigpending", "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "stack", "RLIMIT_STACK", RLIMIT_STACK },
	{ "as", "RLIMIT_AS", RLIMIT_AS },
};

enum { N_RLIMITS = sizeof(rlimits) / sizeof(rlimits[0]) };

static void read_rlimits(struct youki *y)
{
	struct oci_rlimit *list = arena_array(y->arena, N_RLIMITS, sizeof(*list));

	for (size_t i = 0; i < N_RLIMITS; i++) {
		struct rlimit have = { 0, 0 };

		(void)getrlimit(rlimits[i].number, &have); /* 0 then: nothing may be asked for */
		list[i] = (struct oci_rlimit){ rlimits[i].name, rlimits[i].oci,
					       have.rlim_max == RLIM_INFINITY ? UINT64_MAX
									      : have.rlim_max };
	}
	y->facts.rlimits = list;
	y->facts.n_rlimits = N_RLIMITS;
}

static const char *read_text(struct arena *a, const char *path)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);

	return fs_read(AT_FDCWD, path, &text, NULL) < 0 ? NULL
							: arena_strndup(a, text.data, text.n);
}

/* `CapEff:	000001ffffffffff`: what a child of ours can be given. */
static int read_capabilities(struct youki *y, struct error *err)
{
	const char *text = read_text(y->arena, "/proc/self/status");
	const char *line = text ? strstr(text, "\nCapEff:") : NULL;
	char *end;

	if (!line)
		return error_set(err, ERR_UNAVAILABLE, 0, "/proc/self/status is not readable");
	y->facts.capabilities = strtoull(line + 8, &end, 16);
	return 0;
}

/* A container sees them under the last parts of the host's mount points. */
static void read_hierarchies(struct youki *y)
{
	const char **list = arena_array(y->arena, y->cgroups.n, sizeof(*list));

	for (size_t i = 0; i < y->cgroups.n; i++) {
		const char *name = strrchr(y->cgroups.items[i].mount, '/');

		if (name)
			list[y->facts.n_hierarchies++] =
				arena_printf(y->arena, "/sys/fs/cgroup%s", name);
	}
	y->facts.hierarchies = list;
}

/* What one processor tells of the work of others: every processor has a directory of its own. */
static void read_thermal(struct youki *y)
{
	DIR *dir = opendir(CPUS);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		const char *path = arena_printf(y->arena, CPUS "/%s/thermal_throttle", e->d_name);

		if (strncmp(e->d_name, "cpu", 3) != 0 || access(path, F_OK) < 0)
			continue;
		y->facts.masked = arena_grow(y->arena, y->facts.masked, y->facts.n_masked,
					     sizeof(*y->facts.masked));
		y->facts.masked[y->facts.n_masked++] = path;
	}
	if (dir)
		closedir(dir);
}

int youki_facts_read(struct youki *y, struct error *err)
{
	const char *adj = read_text(y->arena, "/proc/self/oom_score_adj");
	struct utsname u;
	int r = oci_cgroup_open(y->arena, &y->cgroups, err);

	if (r == 0)
		r = read_capabilities(y, err);
	if (r < 0)
		return r;
	read_rlimits(y);
	read_thermal(y);
	y->facts.cgroup_v2 = y->cgroups.mode == OCI_CGROUP_V2;
	if (!y->facts.cgroup_v2)
		read_hierarchies(y);
	y->facts.has_swap = y->cgroups.has_swap;
	if (adj)
		(void)number_i64(arena_strndup(y->arena, adj, strcspn(adj, "\n")), -1000, 1000,
				 &y->facts.oom_score_adj);
	y->facts.arch = uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "amd64";
	return 0;
}

struct oci_facts youki_facts_now(const struct youki *y, struct arena *a)
{
	struct oci_facts f = y->facts;

	f.resolv_conf = read_text(a, "/etc/resolv.conf");
	f.hosts = read_text(a, "/etc/hosts");
	return f;
}
