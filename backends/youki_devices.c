/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes of this host: those a service names, and for a privileged one all there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backends/youki.h"

/* A host with more has disks by the thousand; a container does not need them all. */
enum { DEVICES_MAX = 4096, DEPTH_MAX = 8 };

struct nodes {
	struct oci_device *items;
	size_t n;
	struct arena *a;
};

/* What a runtime makes by itself, or what belongs to one container alone. */
static const char *const own[] = { "console", "fd",     "full", "mqueue", "null",    "ptmx",
				   "pts",     "random", "shm",  "tty",    "urandom", "zero" };

static void add(struct nodes *list, const struct stat *st, const char *path, const char *access)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].path, path) == 0)
			return;
	list->items = arena_grow(list->a, list->items, list->n, sizeof(*list->items));
	list->items[list->n++] = (struct oci_device){ .path = path,
						      .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
						      .major = major(st->st_rdev),
						      .minor = minor(st->st_rdev),
						      .mode = st->st_mode & 07777,
						      .uid = st->st_uid,
						      .gid = st->st_gid,
						      .access = access };
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

static int add_named(struct nodes *list, const struct device_spec *d, struct error *err)
{
	const char *access = arena_printf(list->a, "%s%s%s", d->read ? "r" : "",
					  d->write ? "w" : "", d->mknod ? "m" : "");
	struct stat st;

	if (stat(d->path, &st) < 0)
		return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
				 "devices: %s is not on this host", d->path);
	if (!is_device(&st))
		return error_set(err, ERR_INVALID, 0, "devices: %s is no device", d->path);
	add(list, &st, d->path, access);
	return 0;
}

static bool is_own(const char *name)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return *name == '.';
}

/* Devices come and go: what is not there any more is left out. */
static void add_all(struct nodes *list, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && list->n < DEVICES_MAX && (e = readdir(d))) {
		const char *path = arena_printf(list->a, "%s/%s", dir, e->d_name);
		struct stat st;

		if (is_own(e->d_name) || lstat(path, &st) < 0)
			continue;
		if (is_device(&st))
			add(list, &st, path, "rwm");
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			add_all(list, path, depth + 1);
	}
	if (d)
		closedir(d);
}

int youki_devices(const struct service *s, struct arena *a, struct oci_device **ret, size_t *ret_n,
		  struct error *err)
{
	struct nodes list = { .a = a };
	int r = 0;

	for (size_t i = 0; i < s->devices.n && r == 0; i++)
		r = add_named(&list, &s->devices.items[i], err);
	if (r == 0 && s->privileged)
		add_all(&list, "/dev", 0);
	*ret = list.items;
	*ret_n = list.n;
	return r;
}
