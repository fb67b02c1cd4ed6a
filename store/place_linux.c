/* SPDX-License-Identifier: Apache-2.0 */
/* Places on Linux: statfs magics and flock. The holder's name in a lock file is information for
 * people, never evidence: only the kernel's lock counts. */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/fs.h"
#include "base/limits.h"

/* linux/magic.h and the file systems' own headers; FUSE includes sshfs and virtiofs. */
static const struct {
	uint32_t magic;
	const char *name;
} network[] = {
	{ 0x6969, "nfs" },       { 0x517b, "smb" },        { 0xfe534d42, "smb2" },
	{ 0xff534d42, "cifs" },  { 0x01021997, "9p" },     { 0x65735546, "fuse" },
	{ 0x00c36400, "ceph" },  { 0x5346414f, "afs" },    { 0x6b414653, "afs" },
	{ 0x73757245, "coda" },  { 0x564c, "ncp" },        { 0x01161970, "gfs2" },
	{ 0x7461636f, "ocfs2" }, { 0x0bd00bd0, "lustre" }, { 0x19830326, "beegfs" },
	{ 0x47504653, "gpfs" },  { 0x786f4256, "vboxsf" }, { 0xbacbacbc, "vmhgfs" },
};

const char *place_network_fs(uint64_t magic)
{
	for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		if (network[i].magic == (uint32_t)magic)
			return network[i].name;
	return NULL;
}

int place_check_local(const char *dir, struct error *err)
{
	const char *name;
	struct statfs fs;
	int r;

	if (statfs(dir, &fs) < 0)
		return error_sys(err, errno, "look at %s", dir);
	name = place_network_fs((uint64_t)fs.f_type);
	if (!name)
		return 0;
	r = error_set(err, ERR_UNSUPPORTED, 0,
		      "%s is on a %s file system, where the store is not safe", dir, name);
	error_hint(err, "choose a directory on a local disk with --state-dir");
	return r;
}

int place_check_writable(const char *dir, const char *option, struct error *err)
{
	struct statvfs fs;
	int r;

	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	r = errno;
	if (statvfs(dir, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		r = EROFS;
	r = error_sys(err, r, "write in %s", dir);
	error_hint(err, "make it writable, or choose another directory with %s", option);
	return r;
}

/* Who says to hold @fd, into @out; "another process" when the file says nothing. */
static void read_holder(int fd, char out[PLACE_HOLDER_SIZE])
{
	char text[PLACE_HOLDER_SIZE];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = '?';
	snprintf(out, PLACE_HOLDER_SIZE, "%s", text[0] ? text : "another process");
}

/* Only information: on a full disk the lock is held without a name. */
static void write_holder(int fd, const char *command)
{
	char line[PLACE_HOLDER_SIZE];
	int n = snprintf(line, sizeof(line), "process %ld (%s)", (long)getpid(),
			 command ? command : "tallyman");

	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	line[n++] = '\n';
	if (ftruncate(fd, 0) == 0)
		(void)fs_write_all(fd, line, (size_t)n, NULL);
}

int place_lock(const char *path, const char *command, int *ret_fd, struct error *err)
{
	int fd CLEAN(fd) = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char holder[PLACE_HOLDER_SIZE];
	int r;

	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return error_sys(err, errno, "lock %s", path);
		read_holder(fd, holder);
		r = error_set(err, ERR_LOCKED, 0, "%s is held by %s", path, holder);
		error_hint(err, "wait until it has ended, or stop it");
		return r;
	}
	write_holder(fd, command);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void place_unlock(int fd)
{
	if (fd < 0)
		return;
	/* A name that stays behind is only misleading, and the next holder replaces it. */
	(void)!ftruncate(fd, 0);
	close(fd);
}

/*
 * `1: FLOCK  ADVISORY  WRITE 708 fe:00:1311 0 EOF`: is that the lock of this file? Where a file
 * system shows another device number than the kernel's list (btrfs), the pid in the file tells.
 */
static bool is_lock_of(const char *line, const struct stat *st, const char *holder)
{
	char file[64], device[16], owner[32];
	const char *pid = strstr(line, "WRITE ");

	snprintf(file, sizeof(file), ":%ju 0 EOF", (uintmax_t)st->st_ino);
	if (!strstr(line, " FLOCK ") || strstr(line, " -> ") || !pid || !strstr(line, file))
		return false;
	snprintf(device, sizeof(device), " %02x:%02x:", major(st->st_dev), minor(st->st_dev));
	pid += strlen("WRITE ");
	snprintf(owner, sizeof(owner), "process %.*s ", (int)strcspn(pid, " "), pid);
	return strstr(line, device) || strncmp(holder, owner, strlen(owner)) == 0;
}

int place_holder(const char *path, char ret[PLACE_HOLDER_SIZE], struct error *err)
{
	struct buf locks CLEAN(buf) = BUF_INIT(LIMIT_LOCKS_BYTES);
	int fd CLEAN(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char holder[PLACE_HOLDER_SIZE], *rest, *line;
	struct stat st;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, errno, "open %s", path);
	read_holder(fd, holder);
	r = fs_read(AT_FDCWD, "/proc/locks", &locks, err);
	if (r < 0)
		return r;
	for (rest = locks.data; (line = strsep(&rest, "\n"));) {
		if (!is_lock_of(line, &st, holder))
			continue;
		memcpy(ret, holder, sizeof(holder));
		return PLACE_HELD;
	}
	return 0;
}
