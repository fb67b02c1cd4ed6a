/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list, and a directory that says the same: <dir>/<number>. Clients acknowledge at once, so both
 * are short. The file of the newest number is not removed when it is acknowledged but renamed to
 * <number>.acked until there is a newer one: a number is never given twice.
 */
#include "backends/shim_exits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "backends/instance_file.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"

CLEAN_DEFINE(dir, DIR *, closedir)

#define ACKED ".acked"

struct shim_exit {
	struct shim_exit *next;
	uint64_t number;
	bool has_code;
	int code;
	struct wall at;
	char id[];
};

/* --- the directory ------------------------------------------------------------------- */

static const char *file_of(const struct shim_exits *x, struct arena *a, uint64_t number,
			   const char *suffix)
{
	return arena_printf(a, "%s/%ju%s", x->dir, (uintmax_t)number, suffix);
}

static void remove_file(const struct shim_exits *x, uint64_t number, const char *suffix)
{
	struct arena *a CLEAN(arena) = arena_new();

	if (x->dir && number)
		(void)unlink(file_of(x, a, number, suffix)); /* told once more, at worst */
}

static struct json_object *to_json(const char *id, bool has_code, int code, struct wall at)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "instance", id);
	if (has_code)
		json_put_i64(o, "code", code);
	json_put_i64(o, "at_us", at.us);
	return o;
}

static int from_json(struct json_object *o, struct runtime_exit *ret)
{
	int64_t code = 0;
	int r = json_need_str(o, "instance", &ret->id, NULL);

	r = r < 0 ? r : json_need_i64(o, "at_us", &ret->at.us, NULL);
	r = r < 0 ? r : json_get_i64(o, "code", &code, NULL);
	ret->has_code = r == 0;
	ret->code = (int)code;
	return r < 0 ? r : runtime_check_id(ret->id, NULL);
}

/* A name as shim_exits_save gives: its number, 0 for any other. */
static uint64_t number_of(const char *name, bool *ret_acked)
{
	size_t n = strlen(name), tail = strlen(ACKED);
	char digits[32] = "";
	uint64_t number = 0;

	*ret_acked = n > tail && strcmp(name + n - tail, ACKED) == 0;
	n -= *ret_acked ? tail : 0;
	if (n < sizeof(digits))
		memcpy(digits, name, n);
	return number_u64(digits, INT64_MAX, &number) ? number : 0;
}

static void load_one(struct shim_exits *x, const char *name)
{
	struct json_object *o CLEAN(json) = NULL;
	struct runtime_exit e = { 0 };
	bool is_acked;
	uint64_t number = number_of(name, &is_acked);

	if (number > x->last)
		x->last = number;
	if (is_acked && number > x->marker) {
		remove_file(x, x->marker, ACKED);
		x->marker = number;
		return;
	}
	if (number && !is_acked && instance_file_load(x->dir, name, &o, NULL) == 0 &&
	    from_json(o, &e) == 0) {
		(void)shim_exits_add(x, number, &e);
	} else {
		struct arena *a CLEAN(arena) = arena_new();

		(void)unlink(arena_printf(a, "%s/%s", x->dir, name));
	}
}

int shim_exits_load(struct shim_exits *x, const char *dir, struct error *err)
{
	DIR *d CLEAN(dir) = NULL;
	struct dirent *e;
	int r = fs_mkdirs(AT_FDCWD, dir, 0700, err);

	if (r < 0)
		return r;
	d = opendir(dir);
	if (!d)
		return error_sys(err, errno, "read %s", dir);
	x->dir = dir;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			load_one(x, e->d_name);
	return 0;
}

/* Whole or not there, whoever is killed; not synced: it is of this boot, and an event shall not
 * wait for a disk once more. */
static int save(const struct shim_exits *x, uint64_t number, struct json_object *o)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *tmp = file_of(x, a, number, ".tmp");
	const char *text;
	int fd CLEAN(fd) = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t n;

	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n);
	if (fd < 0 || fs_write_all(fd, text, n, NULL) < 0)
		return -1;
	return rename(tmp, file_of(x, a, number, ""));
}

void shim_exits_save(const struct shim_exits *x, uint64_t number, const struct runtime_exit *e)
{
	struct json_object *o CLEAN(json) = to_json(e->id, e->has_code, e->code, e->at);

	if (x->dir)
		(void)save(x, number, o);
}

/* --- the list ------------------------------------------------------------------------ */

/* Out of the list; its file is the caller's. */
static void drop(struct shim_exits *x, struct shim_exit **at)
{
	struct shim_exit *e = *at;

	*at = e->next;
	x->n--;
	free(e);
}

void shim_exits_done(struct shim_exits *x)
{
	while (x->first)
		drop(x, &x->first);
}

uint64_t shim_exits_next(struct shim_exits *x)
{
	return ++x->last;
}

/* Workers may add a later number first, and a directory has no order at all. */
const struct shim_exit *shim_exits_add(struct shim_exits *x, uint64_t number,
				       const struct runtime_exit *e)
{
	size_t size = strlen(e->id) + 1;
	struct shim_exit *mine = xcalloc(1, sizeof(*mine) + size);
	struct shim_exit **at = &x->first;

	mine->number = number;
	mine->has_code = e->has_code;
	mine->code = e->code;
	mine->at = e->at;
	memcpy(mine->id, e->id, size);
	if (number > x->marker) {
		remove_file(x, x->marker, ACKED);
		x->marker = 0;
	}
	if (x->n >= LIMIT_SHIM_EXITS) {
		remove_file(x, x->first->number, "");
		drop(x, &x->first);
	}
	while (*at && (*at)->number < number)
		at = &(*at)->next;
	mine->next = *at;
	*at = mine;
	x->n++;
	return mine;
}

void shim_exits_send(const struct shim_exit *e, struct shim_conn *conn)
{
	struct json_object *body = to_json(e->id, e->has_code, e->code, e->at);

	json_put_str(body, "event", "exit");
	shim_conn_send(conn, e->number, SHIM_FRAME_EVENT, body, false);
}

void shim_exits_send_all(const struct shim_exits *x, struct shim_conn *conn)
{
	for (const struct shim_exit *e = x->first; e; e = e->next)
		shim_exits_send(e, conn);
}

static void keep_count(struct shim_exits *x, uint64_t number)
{
	struct arena *a CLEAN(arena) = arena_new();

	if (!x->dir)
		return;
	/* A disk that refuses leaves the event: it is told again. */
	if (rename(file_of(x, a, number, ""), file_of(x, a, number, ACKED)) == 0)
		x->marker = number;
}

void shim_exits_ack(struct shim_exits *x, uint64_t number)
{
	struct shim_exit **at = &x->first;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	if (!*at)
		return;
	drop(x, at);
	if (number == x->last)
		keep_count(x, number);
	else
		remove_file(x, number, "");
}
