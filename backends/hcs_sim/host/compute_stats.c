/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system uses, out of /proc: its processes and those of their children that have been waited
 * for. Numbers for people; nothing here fails, what cannot be read counts nothing.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs_sim/host/compute.h"
#include "base/clock.h"
#include "base/fs.h"

#define PER_SEC_100NS INT64_C(10000000)

struct usage {
	uint64_t user, kernel; /* 100 ns */
	uint64_t bytes;        /* resident */
};

static uint64_t ticks(uint64_t n)
{
	return n * (uint64_t)(PER_SEC_100NS / sysconf(_SC_CLK_TCK));
}

/* Of /proc/PID/stat: utime (14) to cstime (17) and rss (24), counted behind the name. */
static void add_usage(struct usage *u, pid_t pid)
{
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	uint64_t user = 0, kernel = 0, user_c = 0, kernel_c = 0, pages = 0;
	char path[64];
	const char *after;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fs_read(AT_FDCWD, path, &text, NULL) < 0)
		return;
	after = strrchr(text.data, ')');
	if (!after || sscanf(after + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			     " %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*u %*u %" SCNu64,
			     &user, &kernel, &user_c, &kernel_c, &pages) != 5)
		return;
	u->user += ticks(user + user_c);
	u->kernel += ticks(kernel + kernel_c);
	u->bytes += pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_time(struct json_object *o, const char *key, int64_t us)
{
	char text[CLOCK_RFC3339_SIZE];

	json_put_str(o, key, clock_rfc3339((struct wall){ us }, text));
}

struct json_object *compute_statistics(const struct sys *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *part = json_object_new_object();
	int64_t now = clock_wall().us;
	struct usage u = { 0 };

	for (const struct proc *p = s->procs; p; p = p->next)
		if (!p->is_ended)
			add_usage(&u, p->pid);
	put_time(o, "Timestamp", now);
	if (s->started_us) {
		put_time(o, "ContainerStartTime", s->started_us);
		json_put_i64(o, "Uptime100ns", (now - s->started_us) * 10);
	}
	json_put_i64(part, "TotalRuntime100ns", (int64_t)(u.user + u.kernel));
	json_put_i64(part, "RuntimeUser100ns", (int64_t)u.user);
	json_put_i64(part, "RuntimeKernel100ns", (int64_t)u.kernel);
	json_put_obj(o, "Processor", part);
	part = json_object_new_object();
	json_put_i64(part, "MemoryUsageCommitBytes", (int64_t)u.bytes);
	json_put_i64(part, "MemoryUsageCommitPeakBytes", (int64_t)u.bytes);
	json_put_i64(part, "MemoryUsagePrivateWorkingSetBytes", (int64_t)u.bytes);
	json_put_obj(o, "Memory", part);
	return o;
}

struct json_object *compute_process_list(const struct sys *s)
{
	struct json_object *list = json_object_new_array();

	for (const struct proc *p = s->procs; p; p = p->next) {
		struct json_object *o;
		struct usage u = { 0 };

		if (p->is_ended)
			continue;
		o = json_object_new_object();
		add_usage(&u, p->pid);
		json_put_i64(o, "ProcessId", p->pid);
		json_put_str(o, "ImageName", p->image_name);
		put_time(o, "CreateTimestamp", p->started_us);
		json_put_i64(o, "UserTime100ns", (int64_t)u.user);
		json_put_i64(o, "KernelTime100ns", (int64_t)u.kernel);
		json_put_i64(o, "MemoryCommitBytes", (int64_t)u.bytes);
		json_put_i64(o, "MemoryWorkingSetPrivateBytes", (int64_t)u.bytes);
		json_put_i64(o, "MemoryWorkingSetSharedBytes", 0);
		json_object_array_add(list, o);
	}
	return list;
}
