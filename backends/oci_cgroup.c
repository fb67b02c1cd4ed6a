/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host's cgroups are, and reading, freezing and ending the processes of
 * one. Directories of the host itself are never touched: everything is below
 * `<base>/<owner>`. Removing is in oci_cgroup_remove.c.
 */
#include "backends/oci_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"

static const char *const mode_names[] = { "no cgroups", "cgroup v1", "cgroup v1 and v2 (hybrid)",
					  "cgroup v2" };

const char *oci_cgroup_mode_name(enum oci_cgroup_mode mode)
{
	return mode_names[mode];
}

/* Cuts the next word off a mountinfo line. */
static char *next_word(char **at)
{
	char *word = *at, *end = word + strcspn(word, " ");

	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* `id parent dev root mount options [tags] - type source super`: false when it is no cgroup. */
static bool read_mount(char *line, struct arena *a, struct oci_hierarchy *ret)
{
	char *tail = strstr(line, " - "), *mount = NULL;
	const char *type;

	if (!tail)
		return false;
	tail += 3;
	type = next_word(&tail);
	if (strcmp(type, "cgroup") != 0 && strcmp(type, "cgroup2") != 0)
		return false;
	for (int i = 0; i < 5; i++)
		mount = next_word(&line);
	(void)next_word(&tail);
	*ret = (struct oci_hierarchy){ arena_strdup(a, mount), arena_strdup(a, tail),
				       type[6] == '2' };
	return true;
}

static const char *read_small(struct arena *a, const char *path)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);

	if (fs_read(AT_FDCWD, path, &text, NULL) < 0)
		return NULL;
	while (text.n > 0 && text.data[text.n - 1] == '\n')
		text.n--;
	return arena_strndup(a, text.data, text.n);
}

static int read_mounts(struct arena *a, struct oci_cgroups *c, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	int r = fs_read(AT_FDCWD, "/proc/self/mountinfo", &text, err);

	for (char *at = text.data; r == 0 && *at;) {
		char *end = at + strcspn(at, "\n");
		struct oci_hierarchy h;
		char *next = *end ? end + 1 : end;

		*end = '\0';
		if (read_mount(at, a, &h)) {
			c->items = arena_grow(a, c->items, c->n, sizeof(h));
			if (h.is_v2)
				h.controllers = read_small(
					a, arena_printf(a, "%s/cgroup.controllers", h.mount));
			if (!h.controllers)
				h.controllers = "";
			c->items[c->n++] = h;
		}
		at = next;
	}
	return r;
}

/* Is @name one of the comma or space separated words? */
static bool has_word(const char *words, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = words; *p; p += strspn(p, ", ")) {
		size_t len = strcspn(p, ", ");

		if (len == n && memcmp(p, name, n) == 0)
			return true;
		p += len;
	}
	return false;
}

static const struct oci_hierarchy *find_hierarchy(const struct oci_cgroups *c,
						  const char *controller)
{
	for (size_t i = 0; i < c->n; i++)
		if (has_word(c->items[i].controllers, controller))
			return &c->items[i];
	return NULL;
}

static void classify(struct oci_cgroups *c)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < c->n; i++) {
		v1 |= !c->items[i].is_v2;
		v2 |= c->items[i].is_v2;
		if (c->items[i].is_v2)
			c->unified_in_use = *c->items[i].controllers != '\0';
	}
	c->mode = v1 && v2 ? OCI_CGROUP_HYBRID
		  : v1     ? OCI_CGROUP_V1
		  : v2     ? OCI_CGROUP_V2
			   : OCI_CGROUP_NONE;
	if (c->mode != OCI_CGROUP_HYBRID)
		c->unified_in_use = false;
}

static bool is_delegated(const char *dir)
{
	char value[4];

	return getxattr(dir, "trusted.delegate", value, sizeof(value)) >= 1 ||
	       getxattr(dir, "user.delegate", value, sizeof(value)) >= 1;
}

const char *oci_cgroup_base(const char *mount, const char *own, struct arena *a)
{
	const char *slash = strrchr(own, '/');
	const char *parent = slash ? arena_strndup(a, own, (size_t)(slash - own)) : "";

	if (!*parent || is_delegated(arena_printf(a, "%s%s", mount, own)))
		return "";
	return is_delegated(arena_printf(a, "%s%s", mount, parent)) ? parent : "";
}

static const char *find_base(const struct oci_cgroups *c, struct arena *a)
{
	const char *text = read_small(a, "/proc/self/cgroup");

	if (c->mode != OCI_CGROUP_V2 || !text || strncmp(text, "0::/", 4) != 0)
		return "";
	return oci_cgroup_base(c->items[0].mount,
			       arena_strndup(a, text + 3, strcspn(text + 3, "\n")), a);
}

static bool has_file(const struct oci_cgroups *c, struct arena *a, const char *controller,
		     const char *name)
{
	const struct oci_hierarchy *h = find_hierarchy(c, controller);

	return h && access(arena_printf(a, "%s/%s", h->mount, name), F_OK) == 0;
}

int oci_cgroup_open(struct arena *a, struct oci_cgroups *ret, struct error *err)
{
	struct oci_cgroups c = { .base = "" };
	int r = read_mounts(a, &c, err);

	if (r < 0)
		return r;
	classify(&c);
	c.base = find_base(&c, a);
	/* The root of v2 has no limits to look at: it always has this one. */
	c.has_swap =
		c.mode == OCI_CGROUP_V2 || has_file(&c, a, "memory", "memory.memsw.limit_in_bytes");
	*ret = c;
	return 0;
}

const char *oci_cgroup_path(const struct oci_cgroups *c, struct arena *a, const char *owner,
			    const char *id)
{
	return id ? arena_printf(a, "%s/%s/%s", c->base, owner, id)
		  : arena_printf(a, "%s/%s", c->base, owner);
}

bool oci_cgroup_holds(const char *path, pid_t pid)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	size_t n = strlen(path);
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/%d/cgroup", (int)pid);
	if (fs_read(AT_FDCWD, proc, &text, NULL) < 0)
		return false;
	/* `4:memory:/owner/id` or below it */
	for (const char *p = strstr(text.data, path); p; p = strstr(p + 1, path))
		if (p > text.data && p[-1] == ':' && strchr("\n/", p[n]))
			return true;
	return false;
}

/* The kernel ends the group at once, or each process gets the signal by its own descriptor. */
static int kill_listed(const char *dir, const char *path, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	char file[LIMIT_PATH];
	int r;

	snprintf(file, sizeof(file), "%s/cgroup.procs", dir);
	r = fs_read(AT_FDCWD, file, &text, err);
	if (r < 0)
		return r == -ERR_NOT_FOUND || (err && err->sys == ENODEV) ? 0 : r;
	for (char *at = text.data; *at;) {
		char *end = at + strcspn(at, "\n");
		char *next = *end ? end + 1 : end;
		uint64_t pid;
		int fd CLEAN(fd) = -1;

		*end = '\0';
		if (number_u64(at, INT32_MAX, &pid) && pid > 0)
			fd = pidfd_open((pid_t)pid, 0);
		/* Between the listing and the open the number may have become another's. */
		if (fd >= 0 && oci_cgroup_holds(path, (pid_t)pid))
			(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
		at = next;
	}
	return 0;
}

static int write_file(const char *path, const char *value, struct error *err)
{
	int fd CLEAN(fd) = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	if (write(fd, value, strlen(value)) < 0)
		return error_sys(err, errno, "write %s to %s", value, path);
	return 0;
}

int oci_cgroup_kill(const struct oci_cgroups *c, const char *path, struct error *err)
{
	char dir[LIMIT_PATH];

	for (size_t i = 0; i < c->n; i++) {
		int r;

		if (snprintf(dir, sizeof(dir), "%s%s/cgroup.kill", c->items[i].mount, path) >=
		    (int)sizeof(dir))
			return error_set(err, ERR_LIMIT, 0, "cgroup path is too long");
		if (c->items[i].is_v2 && write_file(dir, "1", NULL) == 0)
			continue;
		*strrchr(dir, '/') = '\0';
		r = kill_listed(dir, path, err);
		if (r < 0)
			return error_wrap(err, r, "end the processes of %s", dir);
	}
	/* A frozen process of v1 takes its signal when it thaws. */
	return oci_cgroup_thaw(c, path, err);
}

int oci_cgroup_look(const struct oci_cgroups *c, const char *path, struct error *err)
{
	for (size_t i = 0; i < c->n; i++) {
		struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
		struct error local = ERROR_INIT;
		char file[LIMIT_PATH];
		int r;

		snprintf(file, sizeof(file), "%s%s/cgroup.procs", c->items[i].mount, path);
		r = fs_read(AT_FDCWD, file, &text, &local);
		if (r == 0 && text.n > 0)
			return OCI_CGROUP_BUSY;
		if (r < 0 && r != -ERR_NOT_FOUND && local.sys != ENODEV) {
			if (err)
				*err = local;
			return r;
		}
	}
	return 0;
}

static const char *freezer_file(const struct oci_cgroups *c, const char *path, char ret[LIMIT_PATH])
{
	bool v2 = c->mode == OCI_CGROUP_V2;
	const struct oci_hierarchy *h = v2 ? &c->items[0] : find_hierarchy(c, "freezer");

	if (!h)
		return NULL;
	snprintf(ret, LIMIT_PATH, "%s%s/%s", h->mount, path,
		 v2 ? "cgroup.freeze" : "freezer.state");
	return ret;
}

bool oci_cgroup_is_frozen(const struct oci_cgroups *c, const char *path)
{
	struct buf text CLEAN(buf) = BUF_INIT(64);
	char file[LIMIT_PATH];

	if (!freezer_file(c, path, file) || fs_read(AT_FDCWD, file, &text, NULL) < 0)
		return false;
	return text.data[0] == '1' || strncmp(text.data, "FR", 2) == 0;
}

int oci_cgroup_thaw(const struct oci_cgroups *c, const char *path, struct error *err)
{
	char file[LIMIT_PATH];
	int r;

	if (!oci_cgroup_is_frozen(c, path) || !freezer_file(c, path, file))
		return 0;
	r = write_file(file, c->mode == OCI_CGROUP_V2 ? "0" : "THAWED", err);
	return r == -ERR_NOT_FOUND ? 0 : r;
}

static int knob_file(const struct oci_cgroups *c, const char *path, const char *controller,
		     const char *name, char ret[LIMIT_PATH], struct error *err)
{
	const struct oci_hierarchy *h =
		c->mode == OCI_CGROUP_V2 ? &c->items[0] : find_hierarchy(c, controller);

	if (!h)
		return error_set(err, ERR_UNSUPPORTED, 0, "this host has no %s control group",
				 controller);
	snprintf(ret, LIMIT_PATH, "%s%s/%s", h->mount, path, name);
	return 0;
}

int oci_cgroup_write(const struct oci_cgroups *c, const char *path, const char *controller,
		     const char *name, const char *value, struct error *err)
{
	char file[LIMIT_PATH];
	int r = knob_file(c, path, controller, name, file, err);

	return r < 0 ? r : write_file(file, value, err);
}

int oci_cgroup_read(const struct oci_cgroups *c, const char *path, const char *controller,
		    const char *name, struct buf *ret, struct error *err)
{
	char file[LIMIT_PATH];
	int r = knob_file(c, path, controller, name, file, err);

	return r < 0 ? r : fs_read(AT_FDCWD, file, ret, err);
}

/* A number alone in a file, or behind @key in one with `key number` lines. */
static int read_number(const struct oci_hierarchy *h, const char *path, const char *name,
		       const char *key, uint64_t *ret)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	char file[LIMIT_PATH], *at;
	int r;

	if (!h)
		return 0;
	snprintf(file, sizeof(file), "%s%s/%s", h->mount, path, name);
	r = fs_read(AT_FDCWD, file, &text, NULL);
	if (r < 0)
		return r;
	at = key ? strstr(text.data, key) : text.data;
	if (!at)
		return 0;
	at += key ? strlen(key) : 0;
	at[strcspn(at, "\n")] = '\0';
	(void)number_u64(at, UINT64_MAX, ret);
	return 0;
}

int oci_cgroup_stats(const struct oci_cgroups *c, const char *path, struct runtime_stats *ret,
		     struct error *err)
{
	struct runtime_stats s = { 0 };
	int r;

	(void)err;
	if (c->mode == OCI_CGROUP_V2) {
		r = read_number(&c->items[0], path, "cpu.stat", "usage_usec ", &s.cpu_us);
		(void)read_number(&c->items[0], path, "memory.current", NULL, &s.memory_bytes);
		(void)read_number(&c->items[0], path, "pids.current", NULL, &s.n_processes);
	} else {
		r = read_number(find_hierarchy(c, "cpuacct"), path, "cpuacct.usage", NULL,
				&s.cpu_us);
		s.cpu_us /= 1000;
		(void)read_number(find_hierarchy(c, "memory"), path, "memory.usage_in_bytes", NULL,
				  &s.memory_bytes);
		(void)read_number(find_hierarchy(c, "pids"), path, "pids.current", NULL,
				  &s.n_processes);
	}
	if (r < 0)
		return RUNTIME_ABSENT;
	*ret = s;
	return 0;
}
