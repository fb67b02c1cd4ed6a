/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file systems a container sees. A storage item over a standard mount takes
 * its place, as docker has it; deeper targets come after shallower ones, so that
 * nothing is hidden by the order in the file.
 */
#include "backends/oci_mounts.h"

#include <string.h>

#include "specs/memory.h"

struct mount {
	const char *target, *type, *source;
	const char *options; /* comma separated */
};

/* The order is docker's. %-less on purpose: what varies is decided in add_standard(). */
static const struct mount standard[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev" },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
	{ "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
	{ "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864" },
};

static void add_mount(struct json_object *list, const struct mount *m)
{
	struct json_object *o = json_object_new_object();
	struct json_object *options = json_object_new_array();

	for (const char *p = m->options; *p;) {
		size_t n = strcspn(p, ",");

		json_object_array_add(options, json_object_new_string_len(p, (int)n));
		p += n;
		p += *p == ',';
	}
	json_put_str(o, "destination", m->target);
	json_put_str(o, "type", m->type);
	json_put_str(o, "source", m->source);
	json_put_obj(o, "options", options);
	json_object_array_add(list, o);
}

/* Two spellings of one absolute path: doubled and trailing slashes do not count. */
static bool same_path(const char *x, const char *y)
{
	for (;;) {
		size_t nx = strspn(x, "/"), ny = strspn(y, "/");

		x += nx;
		y += ny;
		if (!*x || !*y)
			return *x == *y;
		if (!nx != !ny)
			return false;
		while (*x && *x != '/' && *x == *y) {
			x++;
			y++;
		}
		if ((*x && *x != '/') || (*y && *y != '/'))
			return false;
	}
}

static bool has_storage_at(const struct service *s, const char *target)
{
	for (size_t i = 0; i < s->storage.n; i++)
		if (same_path(s->storage.items[i].target, target))
			return true;
	return false;
}

static bool is_host(const char *mode)
{
	return mode && strcmp(mode, "host") == 0;
}

static void add_standard(const struct oci_bundle *b, struct json_object *list)
{
	const struct service *s = b->spec->service;

	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		struct mount m = standard[i];

		if (has_storage_at(s, m.target))
			continue;
		/* A mqueue is that of the namespace it is mounted in, and a host need not have one.
		 */
		if (is_host(s->ipc_mode) && strcmp(m.target, "/dev/shm") == 0)
			m = (struct mount){ m.target, "bind", m.target, "rbind,nosuid,nodev" };
		else if (s->privileged && strcmp(m.type, "sysfs") == 0)
			m.options = "nosuid,noexec,nodev,rw";
		else if (s->privileged && strcmp(m.type, "cgroup") == 0)
			m.options = "nosuid,noexec,nodev,relatime,rw";
		add_mount(list, &m);
	}
}

const char *oci_mounts_source(const struct oci_bundle *b, size_t i, struct arena *a)
{
	const struct storage_spec *s = &b->spec->service->storage.items[i];

	switch (s->type) {
	case STORAGE_BIND:
		return s->source;
	case STORAGE_NAMED:
		return layout_volume(b->layout, a, b->spec->deployment, s->name);
	case STORAGE_ANONYMOUS:
		return arena_printf(a, "%s/anonymous/%zu", b->path, i);
	case STORAGE_TMPFS:
	case STORAGE_S3:
		break;
	}
	return NULL;
}

static int tmpfs_options(const struct storage_spec *s, struct arena *a, const char **ret,
			 struct error *err)
{
	const char *options = s->readonly ? "noexec,nosuid,nodev,ro" : "noexec,nosuid,nodev";
	uint64_t bytes;

	if (s->size && !memory_parse_lax(s->size, &bytes))
		return error_set(err, ERR_INVALID, 0, "storage %s: size %s is no size", s->target,
				 s->size);
	if (s->size)
		options = arena_printf(a, "%s,size=%llu", options, (unsigned long long)bytes);
	/* The file has the mode as a decimal number; the kernel reads octal. */
	if (s->mode.has)
		options =
			arena_printf(a, "%s,mode=%llo", options, (unsigned long long)s->mode.value);
	*ret = options;
	return 0;
}

static int add_storage(const struct oci_bundle *b, size_t i, struct arena *a,
		       struct json_object *list, struct error *err)
{
	const struct storage_spec *s = &b->spec->service->storage.items[i];
	struct mount m = { s->target, "bind", oci_mounts_source(b, i, a),
			   s->readonly ? "rbind,rprivate,ro" : "rbind,rprivate,rw" };

	if (s->type == STORAGE_S3)
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "storage %s: s3 cannot be mounted by an OCI runtime", s->target);
	if (s->type == STORAGE_TMPFS) {
		int r = tmpfs_options(s, a, &m.options, err);

		if (r < 0)
			return r;
		m.type = "tmpfs";
		m.source = "tmpfs";
	}
	add_mount(list, &m);
	return 0;
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '/' && path[1] && path[1] != '/';
	return depth;
}

static int add_all_storage(const struct oci_bundle *b, struct arena *a, struct json_object *list,
			   struct error *err)
{
	const struct service *s = b->spec->service;
	size_t deepest = 0;

	for (size_t i = 0; i < s->storage.n; i++) {
		size_t depth = depth_of(s->storage.items[i].target);

		deepest = depth > deepest ? depth : deepest;
	}
	for (size_t depth = 0; depth <= deepest; depth++) {
		for (size_t i = 0; i < s->storage.n; i++) {
			int r = 0;

			if (depth_of(s->storage.items[i].target) == depth)
				r = add_storage(b, i, a, list, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static void add_etc(const struct oci_bundle *b, const struct oci_etc *etc, struct arena *a,
		    struct json_object *list)
{
	const struct {
		const char *name, *text;
	} files[] = { { "resolv.conf", etc->resolv_conf },
		      { "hosts", etc->hosts },
		      { "hostname", etc->hostname } };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *target = arena_printf(a, "/etc/%s", files[i].name);
		struct mount m = { target, "bind",
				   arena_printf(a, "%s/etc/%s", b->path, files[i].name),
				   "bind,rprivate,rw" };

		if (files[i].text && !has_storage_at(b->spec->service, target))
			add_mount(list, &m);
	}
}

int oci_mounts_build(const struct oci_bundle *b, struct arena *a, struct json_object **ret,
		     struct error *err)
{
	struct json_object *list CLEAN(json) = json_object_new_array();
	struct oci_etc etc;
	int r = oci_mounts_etc(b, a, &etc, err);

	if (r < 0)
		return r;
	add_standard(b, list);
	r = add_all_storage(b, a, list, err);
	if (r < 0)
		return r;
	add_etc(b, &etc, a, list);
	*ret = TAKE(list);
	return 0;
}
