/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in documents of an archive are as untrusted as names of its members:
 * openat2 with RESOLVE_IN_ROOT reads what they mean inside, never outside.
 */
#include "backends/image_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/image_archive.h"
#include "backends/image_layer_path.h"
#include "backends/image_tar.h"
#include "base/fs.h"

/* What else is at the top of such archives: legacy names, blobs, and names made of digests. */
static bool is_archive_name(const char *path)
{
	static const char *const known[] = { "blobs", "repositories", "oci-layout", "index.json",
					     "manifest.json" };
	size_t n = strcspn(path, "/");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == n && !strncmp(path, known[i], n))
			return true;
	if (!strncmp(path, "sha256:", 7))
		path += 7;
	return strspn(path, "0123456789abcdef") >= 32;
}

struct marks {
	bool layout, index, manifest, is_rootfs;
};

static void look_at(struct archive_entry *e, struct marks *m)
{
	struct image_layer_path p;

	/* a bad name is refused when the archive is unpacked */
	if (image_layer_path_parse(libarchive.entry_pathname(e), &p, NULL) < 0 ||
	    p.kind != IMAGE_LAYER_MEMBER)
		return;
	m->is_rootfs = !is_archive_name(p.path);
	if (libarchive.entry_filetype(e) != AE_IFREG)
		return;
	m->layout |= !strcmp(p.path, "oci-layout");
	m->index |= !strcmp(p.path, "index.json");
	m->manifest |= !strcmp(p.path, "manifest.json");
}

int image_source_of_tar(int fd, enum image_source_format *ret, struct error *err)
{
	struct image_tar *t CLEAN(image_tar) = NULL;
	struct marks m = { 0 };
	struct archive_entry *e;
	int r = image_tar_open(fd, &t, err);

	while (r == 0 && !m.is_rootfs && !(m.layout && m.index)) {
		r = image_tar_next(t, &e, err);
		if (r == 0)
			look_at(e, &m);
	}
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(err, errno, "seek");
	*ret = m.is_rootfs           ? IMAGE_SOURCE_ROOTFS
	       : m.layout && m.index ? IMAGE_SOURCE_OCI
	       : m.manifest          ? IMAGE_SOURCE_DOCKER
				     : IMAGE_SOURCE_ROOTFS;
	return 0;
}

int image_source_of_dir(int dirfd, enum image_source_format *ret, struct error *err)
{
	if (fs_exists(dirfd, "oci-layout", NULL) == FS_EXISTS &&
	    fs_exists(dirfd, "index.json", NULL) == FS_EXISTS)
		*ret = IMAGE_SOURCE_OCI;
	else if (fs_exists(dirfd, "manifest.json", NULL) == FS_EXISTS)
		*ret = IMAGE_SOURCE_DOCKER;
	else
		return error_set(err, ERR_INVALID, 0,
				 "a directory without oci-layout and index.json");
	return 0;
}

int image_source_open(int dirfd, const char *path, int *ret, struct error *err)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd CLEAN(fd) = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_INVALID, ENOENT, "%.120s is missing", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, errno, "open %.120s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, 0, "%.120s is not a file", path);
	*ret = TAKE_FD(fd);
	return 0;
}

int image_source_read(int dirfd, const char *path, struct buf *ret, struct error *err)
{
	char chunk[16384];
	int fd CLEAN(fd) = -1;
	ssize_t n;
	int r = image_source_open(dirfd, path, &fd, err);

	while (r == 0 && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "read %.120s", path);
		buf_add(ret, chunk, (size_t)n);
		if (ret->overflow)
			r = error_set(err, ERR_LIMIT, 0, "%.120s is larger than %zu bytes", path,
				      ret->max);
	}
	return r;
}
