/* SPDX-License-Identifier: Apache-2.0 */
/* Every number is looked at before it is used: JSON has no unsigned 32 bits. */
#include "backends/hcs_reply.h"

#include <string.h>

#include "base/json.h"

const char *hcs_reply_state_name(enum hcs_state state)
{
#define X(id, name) name,
	static const char *const names[] = { HCS_STATES(X) };
#undef X
	return names[state];
}

static enum hcs_state state_of(const char *word)
{
	for (int i = 0; i < HCS_N_STATES; i++)
		if (!strcmp(word, hcs_reply_state_name((enum hcs_state)i)))
			return (enum hcs_state)i;
	return HCS_STATE_UNKNOWN;
}

/* The members' own errors say "invalid"; what came from the service is corrupt instead. */
static int corrupt(struct error *err, const char *what, const struct error *why)
{
	return error_set(err, ERR_CORRUPT, 0, "%s: %s", what, why->msg);
}

static bool is_nothing(const char *text, size_t n)
{
	return !text || n == 0 || (n == 4 && memcmp(text, "null", 4) == 0);
}

static int get_str(struct json_object *o, const char *key, struct arena *a, const char **ret,
		   struct error *err)
{
	const char *s = NULL;
	int r = json_get_str(o, key, &s, err);

	if (r < 0)
		return r;
	*ret = s && *s ? arena_strdup(a, s) : NULL;
	return 0;
}

/* 0 when it is missing. */
static int get_u64(struct json_object *o, const char *key, uint64_t *ret, struct error *err)
{
	int64_t v = 0;
	int r = json_get_i64(o, key, &v, err);

	if (r >= 0 && v < 0)
		r = error_set(err, ERR_INVALID, 0, "\"%s\" is below zero", key);
	if (r < 0)
		return r;
	*ret = (uint64_t)v;
	return 0;
}

static int get_u32(struct json_object *o, const char *key, bool *ret_has, uint32_t *ret,
		   struct error *err)
{
	int64_t v = 0;
	int r = json_get_i64(o, key, &v, err);

	if (r < 0)
		return r;
	/* Some builds write the code as a signed number. */
	if (v < INT32_MIN || v > UINT32_MAX)
		return error_set(err, ERR_INVALID, 0, "\"%s\" does not fit into 32 bits", key);
	*ret_has = r == 0;
	*ret = (uint32_t)v;
	return 0;
}

static int read_system(struct json_object *o, struct arena *a, struct hcs_system *ret,
		       struct error *err)
{
	const char *state = NULL, *owner = NULL;
	struct hcs_system s = { 0 };
	int r = json_need_str(o, "Id", &s.id, err);

	r = r < 0 ? r : get_str(o, "SystemType", a, &s.type, err);
	r = r < 0 ? r : json_get_str(o, "Owner", &owner, err);
	r = r < 0 ? r : get_str(o, "RuntimeId", a, &s.runtime_id, err);
	r = r < 0 ? r : json_get_str(o, "State", &state, err);
	if (r < 0)
		return r;
	if (!*s.id)
		return error_set(err, ERR_INVALID, 0, "\"Id\" is empty");
	s.id = arena_strdup(a, s.id);
	s.type = s.type ? s.type : "";
	s.state = state ? state_of(state) : HCS_STATE_UNKNOWN;
	if (owner && *owner) {
		char *copy = arena_strdup(a, owner);

		for (char *p = copy; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p - 'A' + 'a');
		s.owner = copy;
	}
	*ret = s;
	return 0;
}

static int read_list(struct json_object *doc, struct arena *a, struct hcs_system **ret,
		     size_t *ret_n, struct error *err)
{
	struct hcs_system *list;
	size_t n;

	if (!json_object_is_type(doc, json_type_array))
		return error_set(err, ERR_INVALID, 0, "not a list");
	n = json_object_array_length(doc);
	list = arena_array(a, n, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		int r = read_system(json_object_array_get_idx(doc, i), a, &list[i], err);

		if (r < 0)
			return error_wrap(err, r, "entry %zu", i);
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int hcs_reply_systems(const char *text, size_t n, struct arena *a, struct hcs_system **ret,
		      size_t *ret_n, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct error why = ERROR_INIT;
	int r;

	if (is_nothing(text, n)) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	r = json_parse(text, n, &doc, &why);
	if (r == 0)
		r = read_list(doc, a, ret, ret_n, &why);
	return r < 0 ? corrupt(err, "list of compute systems", &why) : 0;
}

static int read_statistics(struct json_object *o, struct hcs_properties *p, struct error *err)
{
	struct json_object *part = NULL;
	uint64_t ticks = 0; /* of 100 ns */
	int r = get_u64(o, "Uptime100ns", &ticks, err);

	if (r < 0)
		return r;
	p->uptime_us = ticks / 10;
	ticks = 0;
	r = json_get_obj(o, "Processor", &part, err);
	if (r == 0)
		r = get_u64(part, "TotalRuntime100ns", &ticks, err);
	if (r < 0)
		return r;
	p->cpu_us = ticks / 10;
	r = json_get_obj(o, "Memory", &part, err);
	if (r == 0)
		r = get_u64(part, "MemoryUsagePrivateWorkingSetBytes", &p->memory_bytes, err);
	if (r < 0)
		return r;
	p->has_statistics = true;
	return 0;
}

static int read_processes(struct json_object *list, struct arena *a, struct hcs_properties *p,
			  struct error *err)
{
	p->n_processes = json_object_array_length(list);
	p->processes = arena_array(a, p->n_processes, sizeof(*p->processes));
	for (size_t i = 0; i < p->n_processes; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		bool has;
		int r = get_u32(o, "ProcessId", &has, &p->processes[i].pid, err);

		r = r < 0 ? r : get_str(o, "ImageName", a, &p->processes[i].image, err);
		if (r < 0)
			return error_wrap(err, r, "process %zu", i);
	}
	return 0;
}

static int read_properties(struct json_object *doc, struct arena *a, struct hcs_properties *p,
			   struct error *err)
{
	struct json_object *part = NULL;
	int r = read_system(doc, a, &p->basics, err);

	r = r < 0 ? r : json_get_bool(doc, "Stopped", &p->stopped, err);
	r = r < 0 ? r : get_str(doc, "ExitType", a, &p->exit_type, err);
	r = r < 0 ? r : json_get_obj(doc, "Statistics", &part, err);
	if (r == 0)
		r = read_statistics(part, p, err);
	r = r < 0 ? r : json_get_array(doc, "ProcessList", &part, err);
	if (r == 0)
		r = read_processes(part, a, p, err);
	return r < 0 ? r : 0;
}

int hcs_reply_properties(const char *text, size_t n, struct arena *a, struct hcs_properties *ret,
			 struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcs_properties p = { 0 };
	struct error why = ERROR_INIT;
	int r = is_nothing(text, n) ? error_set(&why, ERR_INVALID, 0, "no document")
				    : json_parse(text, n, &doc, &why);

	if (r == 0)
		r = read_properties(doc, a, &p, &why);
	if (r < 0)
		return corrupt(err, "properties of a compute system", &why);
	*ret = p;
	return 0;
}

/* The code counts only when the process has exited and the wait itself went well. */
static int read_process_exit(struct json_object *doc, struct hcs_exit *x, struct error *err)
{
	int64_t waited = 0;
	bool has_pid;
	int r = get_u32(doc, "ProcessId", &has_pid, &x->pid, err);

	r = r < 0 ? r : json_get_bool(doc, "Exited", &x->exited, err);
	r = r < 0 ? r : get_u32(doc, "ExitCode", &x->has_code, &x->code, err);
	r = r < 0 ? r : json_get_i64(doc, "LastWaitResult", &waited, err);
	if (r < 0)
		return r;
	x->has_code = x->has_code && x->exited && waited == 0;
	if (!x->has_code)
		x->code = 0;
	return 0;
}

int hcs_reply_process_exit(const char *text, size_t n, struct hcs_exit *ret, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcs_exit x = { 0 };
	struct error why = ERROR_INIT;
	int r = is_nothing(text, n) ? error_set(&why, ERR_INVALID, 0, "no document")
				    : json_parse(text, n, &doc, &why);

	if (r == 0)
		r = read_process_exit(doc, &x, &why);
	if (r < 0)
		return corrupt(err, "status of a process", &why);
	*ret = x;
	return 0;
}

int hcs_reply_system_exit(const char *text, size_t n, struct arena *a, struct hcs_exit *ret,
			  struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct hcs_exit x = { .exited = true };
	struct error why = ERROR_INIT;
	int r = 0;

	if (!is_nothing(text, n)) {
		r = json_parse(text, n, &doc, &why);
		r = r < 0 ? r : get_str(doc, "ExitType", a, &x.exit_type, &why);
		r = r < 0 ? r : get_u32(doc, "ExitCode", &x.has_code, &x.code, &why);
	}
	if (r < 0)
		return corrupt(err, "exit status of a compute system", &why);
	*ret = x;
	return 0;
}
