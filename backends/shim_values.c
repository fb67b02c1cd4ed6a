/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table per struct where its members are alike, so that writing and reading cannot
 * drift; the rest by hand, in the same order in both directions.
 */
#include "backends/shim_values.h"

#include <string.h>

#include "base/limits.h"

/* --- members that are alike ---------------------------------------------------------- */

enum member_type { TEXT, NUMBER32, SIGNED32, NUMBER64, TIME };

struct member {
	const char *key;
	enum member_type type;
	size_t offset;
	bool needed; /* TEXT: may not be null */
};

static void put_member(struct json_object *o, const struct member *m, const char *base)
{
	const void *p = base + m->offset;

	switch (m->type) {
	case TEXT:
		json_put_str(o, m->key, *(const char *const *)p);
		break;
	case NUMBER32:
		json_put_i64(o, m->key, *(const uint32_t *)p);
		break;
	case SIGNED32:
		json_put_i64(o, m->key, *(const int32_t *)p);
		break;
	case NUMBER64: /* generations and clock ticks: below 2^63 in any life */
		json_put_i64(o, m->key, (int64_t) * (const uint64_t *)p);
		break;
	case TIME:
		json_put_i64(o, m->key, ((const struct wall *)p)->us);
		break;
	}
}

static int check_range(const struct member *m, int64_t v, struct error *err)
{
	bool fits = true;

	switch (m->type) {
	case NUMBER32:
		fits = v >= 0 && v <= UINT32_MAX;
		break;
	case SIGNED32:
		fits = v >= INT32_MIN && v <= INT32_MAX;
		break;
	case NUMBER64:
		fits = v >= 0;
		break;
	case TEXT:
	case TIME:
		break;
	}
	return fits ? 0 : error_set(err, ERR_INVALID, 0, "\"%s\" is out of range", m->key);
}

static void set_number(const struct member *m, int64_t v, void *p)
{
	switch (m->type) {
	case TEXT:
		break;
	case NUMBER32:
		*(uint32_t *)p = (uint32_t)v;
		break;
	case SIGNED32:
		*(int32_t *)p = (int32_t)v;
		break;
	case NUMBER64:
		*(uint64_t *)p = (uint64_t)v;
		break;
	case TIME:
		((struct wall *)p)->us = v;
		break;
	}
}

static int get_member(struct json_object *o, const struct member *m, struct arena *a, char *base,
		      struct error *err)
{
	void *p = base + m->offset;
	const char *text = NULL;
	int64_t v = 0;
	int r;

	if (m->type == TEXT) {
		r = m->needed ? json_need_str(o, m->key, &text, err)
			      : json_get_str(o, m->key, &text, err);
		if (r < 0)
			return r;
		*(const char **)p = arena_strdup(a, text);
		return 0;
	}
	r = m->needed ? json_need_i64(o, m->key, &v, err) : json_get_i64(o, m->key, &v, err);
	if (r == JSON_ABSENT)
		return 0;
	if (r == 0)
		r = check_range(m, v, err);
	if (r == 0)
		set_number(m, v, p);
	return r;
}

static void put_members(struct json_object *o, const struct member *m, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++)
		put_member(o, &m[i], base);
}

static int get_members(struct json_object *o, const struct member *m, size_t n, struct arena *a,
		       void *base, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = get_member(o, &m[i], a, base, err);
	return r;
}

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

/* --- instance ------------------------------------------------------------------------ */

#define MEMBER(type, name, needed)                                                                 \
	{                                                                                          \
#name, type, offsetof(struct instance, name), needed                               \
	}
static const struct member instance_members[] = {
	MEMBER(TEXT, id, true),
	MEMBER(TEXT, deployment, true),
	MEMBER(TEXT, service, true),
	MEMBER(NUMBER32, slot, true),
	MEMBER(NUMBER64, generation, true),
	MEMBER(TEXT, runtime, true),
	MEMBER(TEXT, program, false),
	MEMBER(TEXT, program_path, false),
	MEMBER(TEXT, program_version, false),
	MEMBER(SIGNED32, pid, true),
	MEMBER(NUMBER64, start_time, true),
	MEMBER(TEXT, boot_id, false),
	MEMBER(TEXT, config_hash, false),
	MEMBER(TEXT, altered, false),
	MEMBER(TEXT, image, false),
	MEMBER(TEXT, digest, false),
	MEMBER(TEXT, address, false),
	MEMBER(SIGNED32, stop_signal, false),
	MEMBER(SIGNED32, own_end.signal, false),
	MEMBER(NUMBER64, own_end.grace_us, false),
	MEMBER(TIME, created, true),
	MEMBER(TIME, started, true),
	MEMBER(TIME, finished, true),
};
#undef MEMBER

struct json_object *shim_values_instance(const struct instance *i)
{
	struct json_object *o = json_object_new_object();

	put_members(o, instance_members, N_OF(instance_members), i);
	json_put_str(o, "state", instance_state_to_string(i->state));
	if (i->is_cut_off)
		json_put_bool(o, "is_cut_off", true);
	if (i->has_exit_code)
		json_put_i64(o, "exit_code", i->exit_code);
	return o;
}

int shim_values_to_instance(struct json_object *o, struct arena *a, struct instance *ret,
			    struct error *err)
{
	struct instance i = { 0 };
	const char *state = NULL;
	int64_t code = 0;
	int r = get_members(o, instance_members, N_OF(instance_members), a, &i, err);

	r = r < 0 ? r : json_get_bool(o, "is_cut_off", &i.is_cut_off, err);
	if (r >= 0)
		r = json_need_str(o, "state", &state, err);
	if (r == 0 && !instance_state_from_string(state, &i.state))
		r = error_set(err, ERR_INVALID, 0, "no instance state '%s'", state);
	if (r == 0) {
		r = json_get_i64(o, "exit_code", &code, err);
		i.has_exit_code = r == 0;
	}
	if (r >= 0 && (code < 0 || code > 255))
		r = error_set(err, ERR_INVALID, 0, "exit code %jd", (intmax_t)code);
	if (r < 0)
		return error_wrap(err, r, "instance");
	i.exit_code = (int)code;
	*ret = i;
	return 0;
}

/* --- what a runtime found ------------------------------------------------------------ */

#define MEMBER(name, needed)                                                                       \
	{                                                                                          \
#name, TEXT, offsetof(struct runtime_info, name), needed                           \
	}
static const struct member info_members[] = {
	MEMBER(os, false),  MEMBER(arch, false),  MEMBER(chosen, false),
	MEMBER(why, false), MEMBER(stays, false),
};
#undef MEMBER
#define MEMBER(name, needed)                                                                       \
	{                                                                                          \
#name, TEXT, offsetof(struct runtime_candidate, name), needed                      \
	}
static const struct member candidate_members[] = {
	MEMBER(name, true), MEMBER(path, false),   MEMBER(version, false),
	MEMBER(why, false), MEMBER(remedy, false),
};
#undef MEMBER

struct json_object *shim_values_info(const struct runtime_info *info)
{
	struct json_object *o = json_object_new_object();
	struct json_object *candidates = json_object_new_array();
	struct json_object *notes = json_object_new_array();

	json_put_bool(o, "available", info->available);
	put_members(o, info_members, N_OF(info_members), info);
	for (size_t i = 0; i < info->n_candidates; i++) {
		struct json_object *c = json_object_new_object();

		put_members(c, candidate_members, N_OF(candidate_members), &info->candidates[i]);
		json_put_bool(c, "usable", info->candidates[i].usable);
		json_object_array_add(candidates, c);
	}
	for (size_t i = 0; i < N_OF(info->notes) && info->notes[i]; i++)
		json_object_array_add(notes, json_object_new_string(info->notes[i]));
	json_put_obj(o, "candidates", candidates);
	json_put_obj(o, "notes", notes);
	return o;
}

static int get_bool(struct json_object *o, const char *key, bool *ret, struct error *err)
{
	int r = json_get_bool(o, key, ret, err);

	return r == JSON_ABSENT ? error_set(err, ERR_INVALID, 0, "\"%s\" is missing", key) : r;
}

/* The strings of an array; at most @max. *ret is NULL-terminated. */
static int get_texts(struct json_object *o, const char *key, size_t max, struct arena *a,
		     const char ***ret, struct error *err)
{
	struct json_object *list = NULL;
	const char **texts;
	size_t n;
	int r = json_get_array(o, key, &list, err);

	if (r)
		return r;
	n = json_object_array_length(list);
	if (n > max)
		return error_set(err, ERR_LIMIT, 0, "more than %zu \"%s\"", max, key);
	texts = arena_array(a, n + 1, sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		const char *text =
			json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;

		if (!text || strlen(text) != (size_t)json_object_get_string_len(v))
			return error_set(err, ERR_INVALID, 0, "\"%s\" holds no plain texts", key);
		texts[i] = arena_strdup(a, text);
	}
	*ret = texts;
	return 0;
}

static int get_candidates(struct json_object *o, struct arena *a, struct runtime_info *info,
			  struct error *err)
{
	struct json_object *list = NULL;
	int r = json_get_array(o, "candidates", &list, err);

	if (r)
		return r < 0 ? r : 0;
	info->n_candidates = json_object_array_length(list);
	info->candidates = arena_array(a, info->n_candidates, sizeof(*info->candidates));
	for (size_t i = 0; i < info->n_candidates && r == 0; i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		r = get_members(c, candidate_members, N_OF(candidate_members), a,
				&info->candidates[i], err);
		if (r == 0)
			r = get_bool(c, "usable", &info->candidates[i].usable, err);
	}
	return r;
}

int shim_values_to_info(struct json_object *o, struct arena *a, struct runtime_info *ret,
			struct error *err)
{
	struct runtime_info info = { 0 };
	const char **notes = NULL;
	int r = get_bool(o, "available", &info.available, err);

	if (r == 0)
		r = get_members(o, info_members, N_OF(info_members), a, &info, err);
	if (r == 0)
		r = get_candidates(o, a, &info, err);
	if (r == 0)
		r = get_texts(o, "notes", N_OF(info.notes), a, &notes, err);
	if (r < 0)
		return error_wrap(err, r, "runtime info");
	for (size_t i = 0; notes && i < N_OF(info.notes) && notes[i]; i++)
		info.notes[i] = notes[i];
	*ret = info;
	return 0;
}

/* --- exec and stats ------------------------------------------------------------------ */

static struct json_object *texts_to_json(const char *const *texts)
{
	struct json_object *list = json_object_new_array();

	for (; texts && *texts; texts++)
		json_object_array_add(list, json_object_new_string(*texts));
	return list;
}

struct json_object *shim_values_exec(const struct runtime_exec *x)
{
	struct json_object *o = json_object_new_object();
	struct json_object *fds = json_object_new_array();

	json_put_str(o, "id", x->id);
	json_put_obj(o, "argv", texts_to_json(x->argv));
	json_put_obj(o, "env", texts_to_json(x->env));
	json_put_str(o, "user", x->user);
	json_put_str(o, "workdir", x->workdir);
	json_put_bool(o, "tty", x->tty);
	for (int i = 0; i < 3; i++)
		json_object_array_add(fds, json_object_new_boolean(x->fds[i] >= 0));
	json_put_obj(o, "fds", fds);
	return o;
}

static int get_fds(struct json_object *o, int fds[3], struct error *err)
{
	struct json_object *list = NULL;
	int r = json_get_array(o, "fds", &list, err);

	if (r == 0 && json_object_array_length(list) != 3)
		r = JSON_ABSENT;
	if (r)
		return r < 0 ? r : error_set(err, ERR_INVALID, 0, "\"fds\" are not three");
	for (size_t i = 0; i < 3; i++)
		fds[i] = json_object_get_boolean(json_object_array_get_idx(list, i)) ? 0 : -1;
	return 0;
}

int shim_values_to_exec(struct json_object *o, struct arena *a, struct runtime_exec *ret,
			struct error *err)
{
	struct runtime_exec x = { 0 };
	const char **argv = NULL, **env = NULL;
	const char *id = NULL, *user = NULL, *workdir = NULL;
	int r = json_need_str(o, "id", &id, err);

	if (r == 0)
		r = get_texts(o, "argv", LIMIT_ARGS, a, &argv, err);
	if (r == 0)
		r = get_texts(o, "env", LIMIT_ARGS, a, &env, err);
	if (r >= 0)
		r = json_get_str(o, "user", &user, err);
	if (r >= 0)
		r = json_get_str(o, "workdir", &workdir, err);
	if (r >= 0)
		r = get_bool(o, "tty", &x.tty, err);
	if (r == 0)
		r = get_fds(o, x.fds, err);
	if (r == 0 && (!argv || !argv[0]))
		r = error_set(err, ERR_INVALID, 0, "no program to run");
	if (r < 0)
		return error_wrap(err, r, "exec");
	x.id = arena_strdup(a, id);
	x.argv = argv;
	x.env = env;
	x.user = arena_strdup(a, user);
	x.workdir = arena_strdup(a, workdir);
	*ret = x;
	return 0;
}

#define MEMBER(name)                                                                               \
	{                                                                                          \
#name, NUMBER64, offsetof(struct runtime_stats, name), true                        \
	}
static const struct member stats_members[] = {
	MEMBER(cpu_us),
	MEMBER(memory_bytes),
	MEMBER(n_processes),
};
#undef MEMBER

struct json_object *shim_values_stats(const struct runtime_stats *s)
{
	struct json_object *o = json_object_new_object();

	put_members(o, stats_members, N_OF(stats_members), s);
	return o;
}

int shim_values_to_stats(struct json_object *o, struct runtime_stats *ret, struct error *err)
{
	struct runtime_stats s;
	int r = get_members(o, stats_members, N_OF(stats_members), NULL, &s, err);

	if (r == 0)
		*ret = s;
	return r;
}

/* --- leftovers ----------------------------------------------------------------------- */

struct json_object *shim_values_leftover(const struct leftover *l)
{
	struct json_object *o = json_object_new_object();
	struct json_object *kinds = json_object_new_array();

	for (int i = 0; i < LEFTOVER_N_KINDS; i++)
		if (l->kinds & leftover_bit((enum leftover_what)i))
			json_object_array_add(kinds, json_object_new_string(leftover_kind_name(
							     (enum leftover_what)i)));
	json_put_str(o, "id", l->id);
	json_put_obj(o, "kinds", kinds);
	json_put_str(o, "foreign", l->foreign);
	return o;
}

static int add_kind(struct json_object *o, unsigned *kinds, struct error *err)
{
	const char *word = json_object_get_string(o);

	for (int i = 0; i < LEFTOVER_N_KINDS; i++) {
		if (!word || strcmp(leftover_kind_name((enum leftover_what)i), word) != 0)
			continue;
		*kinds |= leftover_bit((enum leftover_what)i);
		return 0;
	}
	return error_set(err, ERR_INVALID, 0, "no kind of thing '%.40s'", word ? word : "");
}

int shim_values_to_leftover(struct json_object *o, struct arena *a, struct leftover *ret,
			    struct error *err)
{
	struct json_object *kinds = NULL;
	const char *id = NULL, *foreign = NULL;
	struct leftover l = { 0 };
	int r = json_need_str(o, "id", &id, err);

	r = r < 0 ? r : json_get_str(o, "foreign", &foreign, err);
	r = r < 0 ? r : json_get_array(o, "kinds", &kinds, err);
	if (r == JSON_ABSENT)
		return error_set(err, ERR_INVALID, 0, "\"kinds\" is missing");
	for (size_t i = 0; r == 0 && i < json_object_array_length(kinds); i++)
		r = add_kind(json_object_array_get_idx(kinds, i), &l.kinds, err);
	/* What is foreign may have any name; what is ours is acted on by it. */
	if (r == 0 && !foreign)
		r = runtime_check_id(id, err);
	if (r < 0)
		return r;
	l.id = arena_strdup(a, id);
	l.foreign = arena_strdup(a, foreign);
	*ret = l;
	return 0;
}

/* --- errors -------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at @p; 0 when there is none. Surrogates and the like pass. */
static size_t utf8_length(const char *p)
{
	uint8_t lead = (uint8_t)*p;
	size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((uint8_t)p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool shim_values_is_text(const char *text)
{
	while (*text) {
		size_t n = utf8_length(text);

		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

/* What a program printed, cut at any byte: JSON wants UTF-8. */
static void put_clean(struct json_object *o, const char *key, const char *text)
{
	struct buf b CLEAN(buf) = BUF_INIT(sizeof(struct error));

	while (*text) {
		size_t n = utf8_length(text);

		if (n)
			buf_add(&b, text, n);
		else
			buf_putc(&b, '?');
		text += n ? n : 1;
	}
	json_put_str(o, key, b.data);
}

struct json_object *shim_values_error(const struct error *e)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "code", error_name(e->code));
	json_put_i64(o, "sys", e->sys);
	put_clean(o, "msg", e->msg);
	put_clean(o, "cause", e->cause);
	put_clean(o, "hint", e->hint);
	return o;
}

int shim_values_to_error(struct json_object *o, int r, struct error *err)
{
	struct error local;
	const char *code = "", *msg = "", *cause = "", *hint = "";
	int64_t sys = 0;
	int rc;

	err = err ? err : &local;
	rc = json_need_str(o, "code", &code, err);
	if (rc == 0)
		rc = json_need_str(o, "msg", &msg, err);
	if (rc == 0)
		rc = json_need_str(o, "cause", &cause, err);
	if (rc == 0)
		rc = json_need_str(o, "hint", &hint, err);
	if (rc == 0)
		rc = json_need_i64(o, "sys", &sys, err);
	if (rc == 0 && r != -(int)error_from_name(code))
		rc = error_set(err, ERR_INVALID, 0, "error '%s' does not fit result %d", code, r);
	if (rc < 0)
		return error_wrap(err, rc, "the shim's error");
	*err = (struct error){ .code = error_from_name(code),
			       .sys = (int)sys,
			       .where = ERROR_HERE };
	snprintf(err->msg, sizeof(err->msg), "%s", msg);
	snprintf(err->cause, sizeof(err->cause), "%s", cause);
	snprintf(err->hint, sizeof(err->hint), "%s", hint);
	return r;
}
