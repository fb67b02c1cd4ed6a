/* SPDX-License-Identifier: Apache-2.0 */
/* Order matters: a change of owner takes set-id bits and capabilities away, so owner comes first,
 * then mode, then attributes, and times last because all of that sets the change time only. */
#include "backends/image_layer_attr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "backends/image_archive.h"

#define CAPABILITY "security.capability"

void image_layer_attr_times(struct archive_entry *e, struct timespec ret[2])
{
	ret[1].tv_sec = libarchive.entry_mtime(e);
	ret[1].tv_nsec = libarchive.entry_mtime_nsec(e);
	if (ret[1].tv_nsec < 0 || ret[1].tv_nsec > 999999999)
		ret[1].tv_nsec = 0;
	ret[0] = ret[1];
}

static int get_owner(struct archive_entry *e, uid_t *ret_uid, gid_t *ret_gid, struct error *err)
{
	int64_t uid = libarchive.entry_uid(e), gid = libarchive.entry_gid(e);

	/* -1 would mean "leave it" */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return error_set(err, ERR_INVALID, 0, "owner %lld:%lld", (long long)uid,
				 (long long)gid);
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

static int set_xattrs(int fd, struct archive_entry *e, struct error *err)
{
	const char *name;
	const void *value;
	size_t n;

	libarchive.entry_xattr_reset(e);
	while (libarchive.entry_xattr_next(e, &name, &value, &n) == ARCHIVE_OK) {
		bool is_capability = name && !strcmp(name, CAPABILITY);

		if (!name || (!is_capability && strncmp(name, "user.", 5)))
			continue;
		if (fsetxattr(fd, name, value, n, 0) == 0)
			continue;
		if (is_capability || (errno != EOPNOTSUPP && errno != EPERM))
			return error_sys(err, errno, "set attribute %s", name);
	}
	return 0;
}

int image_layer_attr_file(int fd, struct archive_entry *e, struct error *err)
{
	struct timespec times[2];
	uid_t uid;
	gid_t gid;
	int r = get_owner(e, &uid, &gid, err);

	if (r < 0)
		return r;
	if (fchown(fd, uid, gid) < 0)
		return error_sys(err, errno, "set owner");
	if (fchmod(fd, libarchive.entry_perm(e)) < 0)
		return error_sys(err, errno, "set mode");
	r = set_xattrs(fd, e, err);
	if (r < 0)
		return r;
	image_layer_attr_times(e, times);
	if (futimens(fd, times) < 0)
		return error_sys(err, errno, "set time");
	return 0;
}

int image_layer_attr_node(int dirfd, const char *name, struct archive_entry *e, struct error *err)
{
	struct timespec times[2];
	uid_t uid;
	gid_t gid;
	int r = get_owner(e, &uid, &gid, err);

	if (r < 0)
		return r;
	if (fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, errno, "set owner");
	/* a symbolic link has no mode; what is no link here cannot become one meanwhile */
	if (libarchive.entry_filetype(e) != AE_IFLNK &&
	    fchmodat(dirfd, name, libarchive.entry_perm(e), 0) < 0)
		return error_sys(err, errno, "set mode");
	image_layer_attr_times(e, times);
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, errno, "set time");
	return 0;
}
