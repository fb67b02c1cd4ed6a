/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a bundle's record, and the two small files of its process. */
#include "backends/oci_record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"

#define MEMBER(name, optional) INSTANCE_MEMBER(struct oci_record, name, optional)

static const struct instance_member members[] = {
	MEMBER(id, false),         MEMBER(node_id, false),      MEMBER(owner, false),
	MEMBER(deployment, false), MEMBER(service, false),      MEMBER(config_hash, true),
	MEMBER(image, true),       MEMBER(digest, true),        MEMBER(address, true),
	MEMBER(program, false),    MEMBER(program_path, false), MEMBER(program_version, true),
	MEMBER(boot_id, false),    MEMBER(log_path, true),      MEMBER(cgroup, false),
	MEMBER(layer, true),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]), SIGNAL_MAX = 64 };

int oci_record_save(const char *bundle, const struct oci_record *rec, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	json_put_i64(o, "version", 1);
	instance_file_put(members, N_MEMBERS, rec, o);
	json_put_i64(o, "slot", rec->slot);
	json_put_i64(o, "generation", (int64_t)rec->generation);
	json_put_bool(o, "host_mount", rec->host_mount);
	if (rec->stop_signal)
		json_put_i64(o, "stop_signal", rec->stop_signal);
	json_put_i64(o, "log_max_bytes", rec->log_max_bytes);
	json_put_i64(o, "log_keep_s", rec->log_keep_s);
	json_put_i64(o, "created_us", rec->created.us);
	instance_file_put_end(&rec->own_end, o);
	return instance_file_save(bundle, INSTANCE_FILE, o, err);
}

int oci_record_load(const char *bundle, struct arena *a, struct oci_record *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct oci_record rec = { 0 };
	int64_t signal = 0;
	int r = instance_file_load(bundle, INSTANCE_FILE, &o, err);

	if (r < 0)
		return r;
	r = instance_file_get(members, N_MEMBERS, o, a, &rec, err);
	r = r < 0 ? r : instance_file_numbers(o, &rec.slot, &rec.generation, &rec.created, err);
	r = r < 0 ? r : json_get_bool(o, "host_mount", &rec.host_mount, err);
	r = r < 0 ? r : json_get_i64(o, "stop_signal", &signal, err);
	r = r < 0 ? r : instance_file_get_end(o, &rec.own_end, err);
	r = r < 0 ? r : json_get_i64(o, "log_max_bytes", &rec.log_max_bytes, err);
	r = r < 0 ? r : json_get_i64(o, "log_keep_s", &rec.log_keep_s, err);
	if (r < 0 || signal < 0 || signal > SIGNAL_MAX)
		return instance_file_corrupt(bundle, INSTANCE_FILE, err);
	rec.stop_signal = (int)signal;
	*ret = rec;
	return 0;
}

/* In place when it is there: one write of a line is whole or not done, whoever is killed. Else
 * renamed into place, so that a reader never sees a half. */
static int open_process(const char *path, const char *tmp, bool *ret_new, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	*ret_new = fd < 0 && errno == ENOENT;
	if (*ret_new)
		fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? error_sys(err, errno, "open %s", path) : fd;
}

/* Renamed into place, so that a reader never sees a half; no fsync: it holds for this boot only. */
int oci_record_save_process(const char *bundle, const struct oci_process_note *note,
			    struct error *err)
{
	char path[LIMIT_PATH], tmp[LIMIT_PATH], text[128];
	int fd CLEAN(fd) = -1;
	bool is_new;
	int n, r;

	snprintf(path, sizeof(path), "%s/process", bundle);
	snprintf(tmp, sizeof(tmp), "%s/process.tmp", bundle);
	n = snprintf(text, sizeof(text), "%d %llu %d %lld\n", (int)note->id.pid,
		     (unsigned long long)note->id.start_time, note->started,
		     (long long)note->started_at.us);
	fd = open_process(path, tmp, &is_new, err);
	if (fd < 0)
		return fd;
	r = fs_write_all(fd, text, (size_t)n, err);
	if (r < 0)
		return error_wrap(err, r, "write %s", path);
	if (is_new ? rename(tmp, path) < 0 : ftruncate(fd, n) < 0)
		return error_sys(err, errno, "write %s", path);
	return 0;
}

/* Splits a line of @n decimal words; false unless there are exactly that many. */
static bool read_words(char *text, int64_t *ret, int n)
{
	char *at = text;

	for (int i = 0; i < n; i++) {
		char *end = at + strcspn(at, " \n");
		char sep = *end;

		*end = '\0';
		if (!number_i64(at, 0, INT64_MAX, &ret[i]) || (i + 1 < n) != (sep == ' '))
			return false;
		at = end + 1;
	}
	return true;
}

static int read_line(const char *bundle, const char *name, int64_t *ret, int n, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(256);
	char path[LIMIT_PATH];
	int r;

	snprintf(path, sizeof(path), "%s/%s", bundle, name);
	r = fs_read(AT_FDCWD, path, &text, err);
	/* Cut to nothing by a crash or a full disk: then there is no text to split either. */
	if (r == -ERR_LIMIT || (r == 0 && (!text.n || !read_words(text.data, ret, n))))
		return error_set(err, ERR_CORRUPT, 0, "%s is not as expected", path);
	return r;
}

int oci_record_load_process(const char *bundle, struct oci_process_note *ret, struct error *err)
{
	int64_t words[4];
	int r = read_line(bundle, "process", words, 4, err);

	if (r < 0)
		return r;
	if (words[0] < 1 || words[0] > INT32_MAX)
		return error_set(err, ERR_CORRUPT, 0, "%s/process is not as expected", bundle);
	*ret = (struct oci_process_note){ { (pid_t)words[0], (uint64_t)words[1] },
					  words[2] != 0,
					  { words[3] } };
	return 0;
}

int oci_record_load_pid(const char *bundle, pid_t *ret, struct error *err)
{
	int64_t pid;
	int r = read_line(bundle, "pid", &pid, 1, err);

	if (r < 0)
		return r;
	if (pid < 1 || pid > INT32_MAX)
		return error_set(err, ERR_CORRUPT, 0, "%s/pid holds no process id", bundle);
	*ret = (pid_t)pid;
	return 0;
}
