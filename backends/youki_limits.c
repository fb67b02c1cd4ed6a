/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as values in files of an instance's control groups: all of them for an update in place,
 * and after a create those few that the programs do not write as they should.
 */
#include <string.h>

#include "backends/oci_resources.h"
#include "backends/youki.h"

/* One file of the cgroup; NULL: this version has none. */
struct knob {
	const char *controller, *v1, *v2;
};

/* Everything one of the functions below works with. */
struct group {
	const struct oci_cgroups *cgroups;
	const char *path;
	bool v2;
	struct arena *a;
};

static struct group group_of(const struct youki *y, const char *path, struct arena *a)
{
	return (struct group){ &y->cgroups, path, y->cgroups.mode == OCI_CGROUP_V2, a };
}

static int set(const struct group *g, const struct knob *k, const char *value, struct error *err)
{
	const char *name = g->v2 ? k->v2 : k->v1;

	return name ? oci_cgroup_write(g->cgroups, g->path, k->controller, name, value, err) : 0;
}

static const char *number(const struct group *g, int64_t n)
{
	return arena_printf(g->a, "%lld", (long long)n);
}

/* This kernel does not have it. */
static bool is_missing(int r)
{
	return r == -ERR_NOT_FOUND || r == -ERR_UNSUPPORTED;
}

/* Nothing is asked for: as the group above has it, since v1 has no word for that. */
static int set_as_above(const struct group *g, const struct knob *k, struct error *err)
{
	const char *above = arena_strndup(g->a, g->path, (size_t)(strrchr(g->path, '/') - g->path));
	struct buf value CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int r = 0;

	if (g->v2)
		buf_putc(&value, '\n');
	else
		r = oci_cgroup_read(g->cgroups, above, k->controller, k->v1, &value, err);
	r = r < 0 ? r : set(g, k, value.data, err);
	return is_missing(r) ? 0 : r;
}

static int set_cpuset(const struct group *g, const char *cpus, struct error *err)
{
	static const struct knob k = { "cpuset", "cpuset.cpus", "cpuset.cpus" };

	return cpus ? set(g, &k, cpus, err) : set_as_above(g, &k, err);
}

static int set_cpu(const struct group *g, const struct oci_limits *l, struct error *err)
{
	static const struct knob period = { "cpu", "cpu.cfs_period_us", NULL };
	static const struct knob quota = { "cpu", "cpu.cfs_quota_us", "cpu.max" };
	static const struct knob shares = { "cpu", "cpu.shares", "cpu.weight" };
	const char *max = l->cpu_quota ? number(g, l->cpu_quota) : g->v2 ? "max" : "-1";
	int64_t n = l->cpu_shares ? l->cpu_shares : 1024;
	int r = set(g, &period, number(g, OCI_CPU_PERIOD), err);

	/* v2 counts weights from 1 to 10000, v1 shares from 2 to 262144. */
	n = g->v2 ? 1 + (n - 2) * 9999 / 262142 : n;
	max = g->v2 ? arena_printf(g->a, "%s %d", max, OCI_CPU_PERIOD) : max;
	r = r < 0 ? r : set(g, &quota, max, err);
	r = r < 0 ? r : set(g, &shares, number(g, n), err);
	return r < 0 ? r : set_cpuset(g, l->cpuset, err);
}

static int set_swappiness(const struct group *g, const struct oci_limits *l, struct error *err)
{
	static const struct knob k = { "memory", "memory.swappiness", NULL };

	return l->has_swappiness ? set(g, &k, number(g, (int64_t)l->swappiness), err)
				 : set_as_above(g, &k, err);
}

static int set_memory(const struct group *g, const struct oci_limits *l, struct error *err)
{
	static const struct knob limit = { "memory", "memory.limit_in_bytes", "memory.max" };
	static const struct knob both = { "memory", "memory.memsw.limit_in_bytes",
					  "memory.swap.max" };
	static const struct knob low = { "memory", "memory.soft_limit_in_bytes", "memory.low" };
	const char *none = g->v2 ? "max" : "-1";
	const char *mem = l->has_memory ? number(g, (int64_t)l->memory) : none;
	/* v2 counts swap alone, v1 the sum. */
	const char *swap = !l->has_swap || l->swap < 0
				   ? none
				   : number(g, l->swap - (g->v2 ? (int64_t)l->memory : 0));
	int r = 0;

	/* v1: memory may never be above the sum, so the sum goes first and last. */
	if (g->cgroups->has_swap)
		(void)set(g, &both, swap, NULL);
	r = set(g, &limit, mem, err);
	if (r == 0 && g->cgroups->has_swap)
		r = set(g, &both, swap, err);
	none = g->v2 ? "0" : "-1";
	if (r == 0)
		r = set(g, &low, l->has_reservation ? number(g, (int64_t)l->reservation) : none,
			err);
	return r < 0 ? r : set_swappiness(g, l, err);
}

/*
 * Which file there is depends on the kernel's disk schedulers; without any of them there are no
 * weights, and what is asked for has no effect.
 */
static int set_blkio(const struct group *g, int64_t weight, struct error *err)
{
	static const struct {
		struct knob knob;
		int64_t usual;
	} files[] = { { { "blkio", "blkio.weight", "io.weight" }, 500 },
		      { { "blkio", "blkio.bfq.weight", "io.bfq.weight" }, 100 } };
	int r = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r >= 0; i++) {
		int64_t n = weight ? weight : g->v2 ? 100 : files[i].usual;

		/* io.weight goes from 1 to 10000, the others as docker's from 10 to 1000. */
		if (weight && g->v2 && i == 0)
			n = 1 + (weight - 10) * 9999 / 990;
		r = set(g, &files[i].knob, number(g, n), err);
		r = is_missing(r) ? 0 : r;
	}
	return r;
}

static int set_oom(const struct group *g, bool is_disabled, struct error *err)
{
	static const struct knob k = { "memory", "memory.oom_control", NULL };

	return set(g, &k, is_disabled ? "1" : "0", err);
}

/* The group is new: what is not asked for is as it should be. */
int youki_limits_complete(const struct youki *y, const char *path, const struct resources_spec *res,
			  struct arena *a, struct error *err)
{
	const struct group g = group_of(y, path, a);
	struct oci_limits l;
	int r = oci_resources_limits(res, &y->facts, &l, err);

	if (r == 0 && l.has_oom_kill_disable && l.oom_kill_disable)
		r = set_oom(&g, true, err); /* youki reads the member of an older format */
	if (r == 0 && l.blkio_weight)
		r = set_blkio(&g, l.blkio_weight, err);
	return r;
}

int youki_limits_update(const struct youki *y, const char *path, const struct resources_spec *res,
			struct arena *a, struct error *err)
{
	static const struct knob pids = { "pids", "pids.max", "pids.max" };
	const struct group g = group_of(y, path, a);
	struct oci_limits l;
	int r = oci_resources_limits(res, &y->facts, &l, err);

	r = r < 0 ? r : set_cpu(&g, &l, err);
	r = r < 0 ? r : set_memory(&g, &l, err);
	r = r < 0 ? r : set_oom(&g, l.has_oom_kill_disable && l.oom_kill_disable, err);
	r = r < 0 ? r : set_blkio(&g, l.blkio_weight, err);
	return r < 0 ? r : set(&g, &pids, l.pids ? number(&g, l.pids) : "max", err);
}
