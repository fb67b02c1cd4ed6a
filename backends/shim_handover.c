/* SPDX-License-Identifier: Apache-2.0 */
/* Values to JSON and back. Knows nothing of when and why. */
#include "backends/shim_handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"

enum { MAX_HANDOVER = 64 << 20 }; /* some 300 bytes for each of the containers of a node */

static struct json_object *log_to_json(const struct shim_handed_log *l)
{
	static const char *const fds[] = { "out", "err" };
	static const char *const fifos[] = { "out_fifo", "err_fifo" };
	struct json_object *o = json_object_new_object();

	json_put_str(o, "id", l->id);
	json_put_str(o, "path", l->place.path);
	json_put_i64(o, "max_bytes", l->place.max_bytes);
	json_put_i64(o, "keep_s", l->place.keep_s);
	for (int i = 0; i < 2; i++) {
		json_put_i64(o, fds[i], l->fds[i]);
		json_put_str(o, fifos[i], l->fifos[i]);
	}
	return o;
}

static int get_fd(struct json_object *o, const char *key, bool must, int *ret, struct error *err)
{
	int64_t fd = -1;
	int r = json_need_i64(o, key, &fd, err);

	if (r < 0)
		return r;
	if (fd < 0 && !must) {
		*ret = -1;
		return 0;
	}
	if (fd < 0 || fd > INT32_MAX || fcntl((int)fd, F_GETFD) < 0)
		return error_set(err, ERR_CORRUPT, 0, "\"%s\" is no open descriptor", key);
	*ret = (int)fd;
	return 0;
}

static int get_text(struct json_object *o, const char *key, struct arena *a, const char **ret,
		    struct error *err)
{
	const char *text = NULL;
	int r = json_get_str(o, key, &text, err);

	*ret = arena_strdup(a, text);
	return r < 0 ? r : 0;
}

static int log_from_json(struct json_object *o, struct arena *a, struct shim_handed_log *ret,
			 struct error *err)
{
	int r = get_text(o, "id", a, &ret->id, err);

	r = r < 0 ? r : get_text(o, "path", a, &ret->place.path, err);
	r = r < 0 ? r : get_text(o, "out_fifo", a, &ret->fifos[0], err);
	r = r < 0 ? r : get_text(o, "err_fifo", a, &ret->fifos[1], err);
	r = r < 0 ? r : json_need_i64(o, "max_bytes", &ret->place.max_bytes, err);
	r = r < 0 ? r : json_need_i64(o, "keep_s", &ret->place.keep_s, err);
	r = r < 0 ? r : get_fd(o, "out", false, &ret->fds[0], err);
	r = r < 0 ? r : get_fd(o, "err", false, &ret->fds[1], err);
	if (r == 0 && (!ret->id || !ret->place.path))
		r = error_set(err, ERR_CORRUPT, 0, "a log without a name");
	return r;
}

int shim_handover_save(const struct shim_handover *h, int *ret_fd, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *logs = json_object_new_array();
	int fd CLEAN(fd) = memfd_create("shim-handover", MFD_CLOEXEC);
	const char *text;
	size_t n;
	int r;

	json_put_i64(o, "handover", SHIM_HANDOVER);
	json_put_i64(o, "lock", h->lock);
	json_put_i64(o, "listen", h->listen);
	json_put_i64(o, "program", h->program);
	for (size_t i = 0; i < h->n_logs; i++)
		json_object_array_add(logs, log_to_json(&h->logs[i]));
	json_put_obj(o, "logs", logs);
	if (fd < 0)
		return error_sys(err, errno, "make a memory file");
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n);
	r = fs_write_all(fd, text, n, err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int read_document(int fd, struct json_object **ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_HANDOVER);
	struct json_object *o CLEAN(json) = NULL;
	int64_t version = 0;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = fs_read(AT_FDCWD, path, &text, err);
	r = r < 0 ? r : json_parse(text.data, text.n, &o, err);
	r = r < 0 ? r : json_need_i64(o, "handover", &version, err);
	if (r == 0 && version != SHIM_HANDOVER)
		r = error_set(err, ERR_UNSUPPORTED, 0, "it is of version %jd, not %d",
			      (intmax_t)version, SHIM_HANDOVER);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}

int shim_handover_load(int fd, struct arena *a, struct shim_handover *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct json_object *logs = NULL;
	struct shim_handover h = { .n_logs = 0 };
	int r = read_document(fd, &o, err);

	r = r < 0 ? r : get_fd(o, "lock", true, &h.lock, err);
	r = r < 0 ? r : get_fd(o, "listen", true, &h.listen, err);
	r = r < 0 ? r : get_fd(o, "program", false, &h.program, err);
	r = r < 0 ? r : json_get_array(o, "logs", &logs, err);
	if (r < 0)
		return error_wrap(err, r, "what the program before left");
	if (logs)
		h.logs = arena_array(a, json_object_array_length(logs), sizeof(*h.logs));
	for (; logs && r == 0 && h.n_logs < json_object_array_length(logs); h.n_logs++)
		r = log_from_json(json_object_array_get_idx(logs, h.n_logs), a, &h.logs[h.n_logs],
				  err);
	if (r < 0)
		return error_wrap(err, r, "what the program before left");
	*ret = h;
	return 0;
}

static int inherit(int fd, bool must, struct error *err)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, must ? 0 : FD_CLOEXEC) < 0)
		return error_sys(err, errno, "hand over descriptor %d", fd);
	return 0;
}

int shim_handover_inherit(const struct shim_handover *h, int fd, bool must, struct error *err)
{
	int r = inherit(fd, must, err);

	r = r < 0 ? r : inherit(h->lock, must, err);
	r = r < 0 ? r : inherit(h->listen, must, err);
	r = r < 0 ? r : inherit(h->program, must, err);
	for (size_t i = 0; r == 0 && i < h->n_logs; i++) {
		r = inherit(h->logs[i].fds[0], must, err);
		r = r < 0 ? r : inherit(h->logs[i].fds[1], must, err);
	}
	return r;
}
