/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and their counts. The file is the truth: it is looked at before every call, and written
 * with its counts after a call that one of its rules has seen, so that a keeper that was killed
 * goes on counting where it was.
 */
#include "backends/hcs_sim/host/faults.h"

#include <string.h>

#include "backends/hcs_result.h"
#include "backends/hcs_sim/host/store.h"
#include "backends/hcs_sim/place.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/number.h"

enum { MAX_FILE = 1 << 20 };

struct rule {
	char *call, *match; /* match may be NULL */
	struct fault fault;
	int64_t nth, times;
	int64_t seen, hits;
	struct json_object *text; /* as it was written */
};

struct faults {
	int dirfd;
	struct rule *rules;
	size_t n;
	uint64_t next_id;
	struct store_seen seen; /* the file as it was read or written */
};

static const char *const kinds[] = { [FAULT_NONE] = "",
#define X(id, name) [FAULT_##id] = name,
				     FAULT_KINDS(X)
#undef X
};

const char *fault_kind_to_string(enum fault_kind kind)
{
	return kinds[kind];
}

struct faults *faults_new(int dirfd)
{
	struct faults *f = xcalloc(1, sizeof(*f));

	f->dirfd = dirfd;
	f->next_id = 1;
	return f;
}

static void rule_done(struct rule *r)
{
	free(r->call);
	free(r->match);
	json_free(r->text);
}

static void drop_rules(struct faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		rule_done(&f->rules[i]);
	free(f->rules);
	f->rules = NULL;
	f->n = 0;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	drop_rules(f);
	free(f);
}

/* --- reading ---------------------------------------------------------------------------- */

static int read_hr(const char *text, HRESULT *ret, struct error *err)
{
	static const struct {
		const char *name;
		HRESULT value;
	} names[] = {
#define X(name, value, outcome, code) { #name, name },
		HCS_RESULTS(X)
#undef X
	};
	char *end;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, text) == 0) {
			*ret = names[i].value;
			return 0;
		}
	}
	*ret = (HRESULT)strtoul(text, &end, 0);
	if (*end || end == text || *ret >= 0)
		return error_set(err, ERR_INVALID, 0, "hr '%s' is no failing HRESULT", text);
	return 0;
}

static int read_kind(const char *text, enum fault_kind *ret, struct error *err)
{
	for (size_t i = 1; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], text) == 0) {
			*ret = (enum fault_kind)i;
			return 0;
		}
	}
	return error_set(err, ERR_INVALID, 0, "a rule cannot do '%s'", text);
}

static int refuse_unknown(struct json_object *o, struct error *err)
{
	static const char *const known[] = { "call", "match", "nth",   "times", "do",
					     "at",   "hr",    "after", "seen",  "hits" };

	json_object_object_foreach (o, name, value) {
		bool found = false;

		(void)value;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found = found || strcmp(known[i], name) == 0;
		if (!found)
			return error_set(err, ERR_INVALID, 0, "a rule has no member '%s'", name);
	}
	return 0;
}

static bool is_event(const char *call)
{
	return strcmp(call, "SystemExited") == 0 || strcmp(call, "ProcessExited") == 0;
}

/* The members that are numbers, and `at`. */
static int read_rest(struct json_object *o, struct rule *rule, struct error *err)
{
	const char *at = NULL, *hr = NULL;
	int r = json_get_i64(o, "nth", &rule->nth, err);

	r = r < 0 ? r : json_get_i64(o, "times", &rule->times, err);
	r = r < 0 ? r : json_get_i64(o, "seen", &rule->seen, err);
	r = r < 0 ? r : json_get_i64(o, "hits", &rule->hits, err);
	r = r < 0 ? r : json_get_bool(o, "after", &rule->fault.after, err);
	r = r < 0 ? r : json_get_str(o, "hr", &hr, err);
	r = r < 0 || !hr ? r : read_hr(hr, &rule->fault.hr, err);
	r = r < 0 ? r : json_get_str(o, "at", &at, err);
	if (r < 0)
		return r;
	rule->fault.at_call = at ? strcmp(at, "call") == 0 : rule->fault.kind == FAULT_HANG;
	if (at && !rule->fault.at_call && strcmp(at, "operation") != 0)
		return error_set(err, ERR_INVALID, 0, "at '%s' is neither call nor operation", at);
	if (rule->nth < 1 || rule->times < 0)
		return error_set(err, ERR_INVALID, 0, "nth is at least 1, times at least 0");
	return 0;
}

static int read_rule(struct json_object *o, struct rule *ret, struct error *err)
{
	struct rule rule = { .nth = 1, .times = 1 };
	const char *call = NULL, *match = NULL, *what = NULL;
	int r = json_need_str(o, "call", &call, err);

	r = r < 0 ? r : refuse_unknown(o, err);
	r = r < 0 ? r : json_get_str(o, "match", &match, err);
	r = r < 0 ? r : json_need_str(o, "do", &what, err);
	r = r < 0 ? r : read_kind(what, &rule.fault.kind, err);
	r = r < 0 ? r : read_rest(o, &rule, err);
	if (r >= 0 && is_event(call) != (rule.fault.kind == FAULT_DROP))
		r = error_set(err, ERR_INVALID, 0, "drop is for events, and nothing else is");
	if (r < 0)
		return r;
	rule.call = xstrdup(call);
	rule.match = xstrdup(match);
	rule.text = json_object_get(o);
	*ret = rule;
	return 0;
}

/* The same rule in the old list keeps its id, so that what hangs by it goes on hanging. */
static uint64_t find_id(struct faults *f, const struct rule *rule)
{
	for (size_t i = 0; i < f->n; i++) {
		struct rule *old = &f->rules[i];

		if (strcmp(old->call, rule->call) == 0 && old->nth == rule->nth &&
		    old->fault.kind == rule->fault.kind && old->times == rule->times &&
		    !old->match == !rule->match &&
		    (!old->match || strcmp(old->match, rule->match) == 0))
			return old->fault.rule_id;
	}
	return f->next_id++;
}

static int take_rules(struct faults *f, struct json_object *o, struct error *err)
{
	struct json_object *list = NULL;
	struct rule *rules;
	size_t n;
	int r = json_get_array(o, "rules", &list, err);

	if (r < 0)
		return r;
	n = list ? json_object_array_length(list) : 0;
	rules = xcalloc(n + 1, sizeof(*rules));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = read_rule(json_object_array_get_idx(list, i), &rules[i], err);
		if (r == 0)
			rules[i].fault.rule_id = find_id(f, &rules[i]);
		else
			n = i;
	}
	if (r < 0) {
		for (size_t i = 0; i < n; i++)
			rule_done(&rules[i]);
		free(rules);
		return r;
	}
	drop_rules(f);
	f->rules = rules;
	f->n = n;
	return 0;
}

/* --- the file --------------------------------------------------------------------------- */

struct json_object *faults_to_json(const struct faults *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct rule *r = &f->rules[i];
		struct json_object *copy = NULL;

		if (json_object_deep_copy(r->text, &copy, NULL) < 0)
			abort();
		json_put_i64(copy, "seen", r->seen);
		json_put_i64(copy, "hits", r->hits);
		json_object_array_add(list, copy);
	}
	json_put_obj(o, "rules", list);
	return o;
}

/* With their counts; false when the file was replaced by somebody else meanwhile, who is right. */
static bool save(struct faults *f)
{
	struct json_object *o CLEAN(json) = faults_to_json(f);
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FILE);

	json_pretty(o, &text);
	return store_replace(f->dirfd, PLACE_FAULTS, text.data, text.n, &f->seen, NULL) !=
	       STORE_CHANGED;
}

int faults_put(struct faults *f, struct json_object *rules, struct error *err)
{
	int r = take_rules(f, rules, err);

	while (r == 0 && !save(f))
		f->seen = store_look(f->dirfd, PLACE_FAULTS); /* these are newer still */
	return r;
}

int faults_refresh(struct faults *f, struct error *err)
{
	struct store_seen now = store_look(f->dirfd, PLACE_FAULTS);
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FILE);
	struct json_object *o CLEAN(json) = NULL;
	int r;

	if (store_is_same(&now, &f->seen))
		return 0;
	f->seen = now;
	r = fs_read(f->dirfd, PLACE_FAULTS, &text, err);
	if (r == -ERR_NOT_FOUND) {
		drop_rules(f);
		return FAULTS_CHANGED;
	}
	if (r == 0)
		r = json_parse(text.data, text.n, &o, err);
	if (r == 0)
		r = take_rules(f, o, err);
	return r < 0 ? error_wrap(err, r, "%s", PLACE_FAULTS) : FAULTS_CHANGED;
}

/* --- asking ----------------------------------------------------------------------------- */

static bool is_match(const struct rule *r, const char *call, const char *subject,
		     const char *document)
{
	size_t n = strlen(r->call);
	bool prefix = n > 0 && r->call[n - 1] == '*';

	if (is_event(call) != (r->fault.kind == FAULT_DROP))
		return false; /* "*" is no event: their moment is nobody's */
	if (prefix ? strncmp(r->call, call, n - 1) != 0 : strcmp(r->call, call) != 0)
		return false;
	return !r->match || strstr(subject, r->match) || (document && strstr(document, r->match));
}

struct fault faults_next(struct faults *f, const char *call, const char *subject,
			 const char *document)
{
	struct fault fault = { .kind = FAULT_NONE };
	bool seen = false;

	for (size_t i = 0; i < f->n; i++) {
		struct rule *r = &f->rules[i];

		if (!is_match(r, call, subject, document))
			continue;
		r->seen++;
		seen = true;
		if (fault.kind != FAULT_NONE || r->seen < r->nth ||
		    (r->times > 0 && r->seen >= r->nth + r->times))
			continue;
		r->hits++;
		fault = r->fault;
	}
	if (seen)
		(void)save(f); /* rules that replace these are taken over before the next call */
	return fault;
}

bool faults_has(const struct faults *f, uint64_t rule_id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->rules[i].fault.rule_id == rule_id)
			return true;
	return false;
}
