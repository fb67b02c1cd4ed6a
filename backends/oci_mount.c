/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount namespaces per thread, and overlayfs. posix_spawn's child inherits the
 * namespace of the thread that calls it, so no helper process is needed. Lowers go
 * in one by one where the kernel can (6.7); an option string is limited to a page and
 * answers ENOENT above it, so there short names relative to the layers' directory are used.
 */
#include "backends/oci_mount.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/limits.h"

/* One page, less the NUL. */
enum { OPTIONS_MAX = 4095 };

int oci_mount_host(int *ret_fd, struct error *err)
{
	int fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, errno, "open the mount namespace");
	*ret_fd = fd;
	return 0;
}

int oci_mount_enter(struct error *err)
{
	/* A thread that shares its working directory may not change namespace. */
	if (unshare(CLONE_FS) < 0 || unshare(CLONE_NEWNS) < 0)
		return error_sys(err, errno, "make a mount namespace");
	/* Slave: unmounts of the host still arrive, nothing goes back. On failure the
	 * caller leaves, which drops the copy. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_sys(err, errno, "make the mount namespace private");
	return 0;
}

void oci_mount_leave(int host_fd)
{
	/* A worker that stays in a container's namespace would do harm later: better die. */
	int r = setns(host_fd, CLONE_NEWNS);

	assert(r == 0);
	(void)r;
}

/* Layers, writable layer and work directory, each by its own call. > 0: this kernel cannot. */
enum { CANNOT = 1 };

static int set_lowers(int fs, const struct oci_overlay *o, struct error *err)
{
	if (chdir(o->layers_root) < 0)
		return error_sys(err, errno, "enter %s", o->layers_root);
	for (size_t i = o->n_layers; i-- > 0;) {
		if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", o->layers[i], 0) == 0)
			continue;
		if (errno == EINVAL && i + 1 == o->n_layers)
			return CANNOT;
		return error_sys(err, errno, "add layer %s", o->layers[i]);
	}
	return 0;
}

static int set_upper(int fs, const struct oci_overlay *o, struct error *err)
{
	if (chdir(o->bundle) < 0)
		return error_sys(err, errno, "enter %s", o->bundle);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", "upper", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "workdir", "work", 0) < 0)
		return error_sys(err, errno, "add the writable layer of %s", o->bundle);
	return 0;
}

static int mount_by_steps(const struct oci_overlay *o, struct error *err)
{
	int fs CLEAN(fd) = fsopen("overlay", FSOPEN_CLOEXEC);
	int mnt CLEAN(fd) = -1;
	int r;

	if (fs < 0)
		return errno == ENOSYS ? CANNOT : error_sys(err, errno, "open overlayfs");
	(void)fsconfig(fs, FSCONFIG_SET_STRING, "source", "tallyman", 0); /* only a name */
	r = set_lowers(fs, o, err);
	if (r == 0)
		r = set_upper(fs, o, err);
	if (r != 0)
		return r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_sys(err, errno, "make the overlay of %s", o->bundle);
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0 || move_mount(mnt, "", AT_FDCWD, "rootfs", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_sys(err, errno, "mount %s/rootfs", o->bundle);
	return 0;
}

/* In an option string a backslash, comma or colon ends a name unless it is escaped. */
static void put_escaped(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (strchr("\\,:", *path))
			buf_putc(b, '\\');
		buf_putc(b, *path);
	}
}

static int mount_classic(const struct oci_overlay *o, struct error *err)
{
	struct buf options CLEAN(buf) = BUF_INIT(OPTIONS_MAX);
	char target[LIMIT_PATH];

	if (chdir(o->layers_root) < 0)
		return error_sys(err, errno, "enter %s", o->layers_root);
	buf_puts(&options, "lowerdir=");
	for (size_t i = o->n_layers; i-- > 0;) {
		buf_puts(&options, o->layers[i]);
		buf_puts(&options, i ? ":" : ",upperdir=");
	}
	put_escaped(&options, o->bundle);
	buf_puts(&options, "/upper,workdir=");
	put_escaped(&options, o->bundle);
	buf_puts(&options, "/work");
	if (options.overflow)
		return error_set(err, ERR_LIMIT, 0, "%zu layers do not fit into one mount",
				 o->n_layers);
	snprintf(target, sizeof(target), "%s/rootfs", o->bundle);
	if (mount("tallyman", target, "overlay", 0, options.data) < 0)
		return error_sys(err, errno, "mount %s", target);
	return 0;
}

int oci_mount_overlay(const struct oci_overlay *o, struct error *err)
{
	int r = CANNOT;

	assert(o->n_layers > 0);
	if (!o->classic)
		r = mount_by_steps(o, err);
	return r == CANNOT ? mount_classic(o, err) : r;
}

int oci_mount_detach_root(const char *bundle, struct error *err)
{
	int fd CLEAN(fd) = open(bundle, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char target[64];

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return error_sys(err, errno, "open directory %s", bundle);
	snprintf(target, sizeof(target), "/proc/self/fd/%d/rootfs", fd);
	if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return error_sys(err, errno, "unmount %s/rootfs", bundle);
	return 0;
}
