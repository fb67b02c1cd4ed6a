/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, written to a temporary name, synced and renamed. Knows no runtime. */
#include "backends/instance_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "specs/signals.h"

enum { SIGNAL_MAX = 64 };

int instance_file_save(const char *dir, const char *name, struct json_object *o, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	char path[LIMIT_PATH];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	json_pretty(o, &text);
	buf_putc(&text, '\n');
	if (text.overflow)
		return error_set(err, ERR_LIMIT, 0, "%s is too large", path);
	return fs_write_atomic(AT_FDCWD, path, text.data, text.n, 0600, err);
}

int instance_file_load(const char *dir, const char *name, struct json_object **ret,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	char path[LIMIT_PATH];
	int r = fs_is_directory(AT_FDCWD, dir, err);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (r <= 0)
		return r < 0 ? r : error_set(err, ERR_NOT_FOUND, 0, "%s is no directory", dir);
	r = fs_read(AT_FDCWD, path, &text, err);
	if (r < 0)
		return r == -ERR_LIMIT ? error_set(err, ERR_CORRUPT, 0, "%s is too large", path)
				       : r;
	r = json_parse(text.data, text.n, ret, err);
	return r < 0 ? instance_file_corrupt(dir, name, err) : 0;
}

int instance_file_corrupt(const char *dir, const char *name, struct error *err)
{
	if (err)
		err->code = ERR_CORRUPT;
	return error_wrap(err, -ERR_CORRUPT, "%s/%s", dir, name);
}

void instance_file_put(const struct instance_member *members, size_t n, const void *record,
		       struct json_object *o)
{
	for (size_t i = 0; i < n; i++) {
		const char *text;

		memcpy(&text, (const char *)record + members[i].offset, sizeof(text));
		json_put_str(o, members[i].key, text);
	}
}

int instance_file_get(const struct instance_member *members, size_t n, struct json_object *o,
		      struct arena *a, void *record, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = NULL;
		int r = members[i].optional ? json_get_str(o, members[i].key, &text, err)
					    : json_need_str(o, members[i].key, &text, err);

		if (r < 0)
			return r;
		text = arena_strdup(a, text);
		memcpy((char *)record + members[i].offset, &text, sizeof(text));
	}
	return 0;
}

int instance_file_numbers(struct json_object *o, uint32_t *ret_slot, uint64_t *ret_generation,
			  struct wall *ret_created, struct error *err)
{
	int64_t slot = 0, generation = 0;
	int r = json_need_i64(o, "slot", &slot, err);

	r = r < 0 ? r : json_need_i64(o, "generation", &generation, err);
	r = r < 0 ? r : json_need_i64(o, "created_us", &ret_created->us, err);
	if (r < 0)
		return r;
	if (slot < 0 || slot > UINT32_MAX || generation < 1)
		return error_set(err, ERR_CORRUPT, 0, "slot or generation out of range");
	*ret_slot = (uint32_t)slot;
	*ret_generation = (uint64_t)generation;
	return 0;
}

struct own_end instance_file_own_end(const struct service *s)
{
	const int64_t grace = s->policy.stop_grace_us;

	return (struct own_end){ s->stop_signal ? signals_number(s->stop_signal) : 0,
				 grace > 0 ? (uint64_t)grace : 1 };
}

void instance_file_put_end(const struct own_end *end, struct json_object *o)
{
	if (end->signal)
		json_put_i64(o, "end_signal", end->signal);
	json_put_i64(o, "end_grace_us", (int64_t)end->grace_us);
}

int instance_file_get_end(struct json_object *o, struct own_end *ret, struct error *err)
{
	int64_t signal = 0, grace = 0;
	int r = json_get_i64(o, "end_signal", &signal, err);

	r = r < 0 ? r : json_get_i64(o, "end_grace_us", &grace, err);
	if (r < 0)
		return r;
	if (signal < 0 || signal > SIGNAL_MAX || grace < 0)
		return error_set(err, ERR_CORRUPT, 0, "the way it is to be ended is odd");
	*ret = (struct own_end){ (int)signal, (uint64_t)grace };
	return 0;
}

int instance_file_save_exit(const char *dir, const struct instance_exit *e, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	if (e->has_code)
		json_put_i64(o, "code", e->code);
	else
		json_put_str(o, "code", NULL);
	json_put_i64(o, "at_us", e->at.us);
	return instance_file_save(dir, "exit", o, err);
}

int instance_file_load_exit(const char *dir, struct instance_exit *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct instance_exit e = { 0 };
	int64_t code = 0;
	int r = instance_file_load(dir, "exit", &o, err);

	if (r < 0)
		return r;
	r = json_need_i64(o, "at_us", &e.at.us, err);
	if (r == 0)
		r = json_get_i64(o, "code", &code, err);
	if (r < 0 || code < 0 || code > UINT32_MAX)
		return instance_file_corrupt(dir, "exit", err);
	e.has_code = r != JSON_ABSENT;
	e.code = (uint32_t)code;
	*ret = e;
	return 0;
}
