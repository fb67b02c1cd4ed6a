/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First every file is judged by itself, then it is settled who gives which deployment, then
 * removals are added up, then what may is accepted. One transaction, so that a crash finds either
 * what was before or all of it.
 */
#include "controller/source_judge.h"

#include <string.h>
#include <uthash.h>

#include "controller/accept.h"
#include "controller/source_holders.h"
#include "controller/source_limit.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "store/event_store.h"
#include "store/source_store.h"
#include "store/store.h"

/* A path with its row; and what is to become of it. */
struct item {
	UT_hash_handle hh; /* by path */
	struct source_row row;
	struct source_row was;          /* as it is in the store */
	const struct source_file *file; /* NULL: not in this scan */
	bool is_known;                  /* there is a row in the store */
	bool prunes;                    /* gone, and its directory prunes */
	struct wanted *wanted;          /* it gives something new; NULL: it does not */
	const char *env;
	bool holds;         /* what it gave before is still its own */
	unsigned n_removed; /* services that taking it over would remove */
};

struct judge {
	struct session *s;
	struct arena *a;
	struct item *items; /* in the order they were found: the scan's, then the store's */
	struct source_holders holders;
	struct source_verdict *out;
	struct wall now;
};

/* --- the table --- */

static struct item *find(struct judge *j, const char *path)
{
	struct item *it = NULL;

	HASH_FIND_STR(j->items, path, it);
	return it;
}

static struct item *add(struct judge *j, const char *path, const char *watched)
{
	struct item *it = find(j, path);

	if (it)
		return it;
	it = arena_alloc(j->a, sizeof(*it));
	*it = (struct item){ .row = { .path = path, .watched = watched } };
	HASH_ADD_KEYPTR(hh, j->items, path, strlen(path), it);
	return it;
}

static int load_rows(struct judge *j, struct error *err)
{
	struct source_rows rows;
	int r = source_store_list(j->s->store, j->a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct item *it = add(j, rows.items[i].path, rows.items[i].watched);

		it->row = it->was = rows.items[i];
		it->is_known = true;
		it->row.waits = NULL;
	}
	return r;
}

/* --- one file --- */

static void complain(struct item *it, struct judge *j, const struct error *why)
{
	it->row.problem = why->hint[0] ? arena_printf(j->a, "%s; %s", why->msg, why->hint)
				       : arena_strdup(j->a, why->msg);
}

static const char *first_error(const struct findings *f, struct arena *a)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].severity == SEVERITY_ERROR)
			return arena_printf(a, "line %u: %s [%s]", f->items[i].mark.line,
					    f->items[i].message,
					    findings_code_text(f->items[i].code));
	return "it does not parse";
}

/* A deployment to be judged further, in an arena of its own; NULL after a complaint. */
static struct deployment *parse(struct judge *j, struct item *it, struct arena *a)
{
	struct findings findings;
	struct deployment *d = NULL;
	struct error e = ERROR_INIT;

	/* Parsed from a copy that lives as long as what points into it. */
	char *bytes = arena_strndup(a, it->file->bytes, it->file->n);

	findings_init(&findings, a, it->row.path);
	if (parse_deployment(bytes, it->file->n, a, &findings, &d, &e) < 0 || findings.n_errors) {
		it->row.problem = arena_strdup(j->a, first_error(&findings, a));
		return NULL;
	}
	if (d->services.n > 0)
		return d;
	it->row.problem = arena_printf(j->a,
				       "it has no services: what %s has stays; "
				       "'tallyman down %s' takes it down",
				       d->name, d->name);
	return NULL;
}

static void want(struct judge *j, struct item *it, struct arena *take, struct deployment *d)
{
	/* Nobody's environment: what the daemon was started with is not the file's business. */
	struct json_object *none CLEAN(json) = json_object_new_object();
	const struct wanted_file wish = { take, d, none };
	struct error e = ERROR_INIT;

	if (wanted_from_deployment(j->s, &wish, &it->wanted, &it->env, &e) < 0)
		complain(it, j, &e);
	else
		it->row.problem = NULL;
}

static void judge_file(struct judge *j, struct item *it)
{
	const struct source_file *f = it->file;
	struct arena *a;
	struct deployment *d;

	it->row.gone = (struct wall){ 0 };
	if (f->is_unsettled) {
		j->out->is_unsettled = true;
		it->row.waits = it->was.waits;
		return;
	}
	if (f->problem.code) {
		complain(it, j, &f->problem);
		return;
	}
	if (it->row.digest && strcmp(it->row.digest, f->digest) == 0) {
		it->row.problem = NULL; /* as it was when it was accepted */
		return;
	}
	a = arena_new();
	d = parse(j, it, a);
	if (d)
		want(j, it, a, d);
	else
		arena_free(a);
}

/* --- a whole path --- */

/* The row of the watched path itself carries what is wrong with all of it. */
static struct item *whole(struct judge *j, const struct source_seen *seen)
{
	struct item *it = add(j, seen->source.path, seen->source.path);

	it->row.watched = seen->source.path;
	return it;
}

/* What a complete look at its directory lacks. */
static void judge_gone(struct judge *j, const struct source_seen *seen, struct item *it)
{
	if (it->file || strcmp(it->row.watched, seen->source.path) != 0 ||
	    strcmp(it->row.path, seen->source.path) == 0)
		return;
	it->row.problem = NULL;
	if (!it->row.gone.us)
		it->row.gone = j->now;
	it->prunes = seen->source.prune && it->row.deployment && it->is_known;
}

static bool gave_something(struct judge *j, const struct source_seen *seen)
{
	for (struct item *it = j->items; it; it = it->hh.next)
		if (it->row.deployment && strcmp(it->row.watched, seen->source.path) == 0)
			return true;
	return false;
}

static void judge_seen(struct judge *j, const struct source_seen *seen)
{
	if (seen->problem.code) {
		complain(whole(j, seen), j, &seen->problem);
		return;
	}
	if (seen->is_dir && seen->n == 0 && gave_something(j, seen)) {
		whole(j, seen)->row.problem =
			"the directory has no deployment file: what they gave stays";
		return;
	}
	if (seen->is_dir)
		whole(j, seen)->row.problem = NULL;
	for (size_t i = 0; i < seen->n; i++)
		judge_file(j, find(j, seen->files[i].path));
	for (struct item *it = j->items; it; it = it->hh.next)
		judge_gone(j, seen, it);
}

/* What a path that cannot be read gave is still its own: nobody else takes it over meanwhile. */
static void hold_unread(struct judge *j, const struct source_seen *seen)
{
	for (struct item *it = j->items; it; it = it->hh.next)
		if (it->row.deployment && !it->row.gone.us &&
		    strcmp(it->row.watched, seen->source.path) == 0)
			it->holds = true;
}

/* Before any file is judged all are known: one that gave a deployment before keeps it. */
static void find_files(struct judge *j, const struct source_scan *scan)
{
	for (size_t i = 0; i < scan->n; i++) {
		if (scan->items[i].problem.code)
			hold_unread(j, &scan->items[i]);
		for (size_t k = 0; k < scan->items[i].n; k++) {
			struct item *it =
				add(j, scan->items[i].files[k].path, scan->items[i].source.path);

			it->file = &scan->items[i].files[k];
			it->row.watched = scan->items[i].source.path;
			it->holds = it->row.deployment;
		}
	}
}

/* --- who gives what --- */

/* It gives a deployment that it did not give before. */
static bool is_new_to(const struct item *it)
{
	return it->wanted && !(it->row.deployment &&
			       source_holders_same(it->row.deployment, it->wanted->deployment));
}

static bool take_name(struct judge *j, struct item *it)
{
	const char *name = it->wanted->deployment;
	const char *path = source_holders_add(&j->holders, name, it->row.path);

	if (path == it->row.path)
		return true;
	it->row.problem = arena_printf(j->a, "deployment %s is given by %s already", name, path);
	wanted_free(TAKE(it->wanted));
	return false;
}

/* False: one may not have the name it gives, and so keeps the one before, which somebody may have
 * got already. */
static bool hand_out_names(struct judge *j, const struct source_scan *scan)
{
	source_holders_clear(&j->holders);
	for (struct item *it = j->items; it; it = it->hh.next)
		if (it->holds && !is_new_to(it))
			(void)source_holders_add(&j->holders, it->row.deployment, it->row.path);
	for (size_t i = 0; i < scan->n; i++)
		for (size_t k = 0; k < scan->items[i].n; k++) {
			struct item *it = find(j, scan->items[i].files[k].path);

			if (is_new_to(it) && !take_name(j, it))
				return false;
		}
	return true;
}

/*
 * The file gives another deployment now. The one before is a thing of its own from here on, which
 * has vanished: it is looked at once more before anything comes of that, since another file may
 * give it.
 */
static void part(struct judge *j, struct item *it)
{
	struct item *old = add(j, arena_printf(j->a, "%s:%s", it->row.path, it->row.deployment),
			       it->row.watched);

	old->row.deployment = it->row.deployment;
	old->row.digest = it->row.digest;
	old->row.gone = j->now;
	it->row.deployment = it->row.digest = NULL;
	j->out->is_unsettled = true;
}

/* Files may exchange their deployments: whoever gives another one lets go of his first. Each round
 * that fails has one less of these. */
static void settle_names(struct judge *j, const struct source_scan *scan)
{
	while (!hand_out_names(j, scan))
		;
	for (struct item *it = j->items; it; it = it->hh.next)
		if (it->row.deployment && is_new_to(it))
			part(j, it);
}

/* --- what all of it removes --- */

/* A deployment that another file gives now has not vanished. */
static bool has_moved(const struct judge *j, const struct item *gone)
{
	return source_holders_has(&j->holders, gone->row.deployment);
}

/* What it gives is not known: it may be what has vanished somewhere else. */
static bool is_riddle(const struct item *it)
{
	bool is_mute = !it->row.deployment && !it->wanted && it->row.problem;

	return it->file && (it->file->is_unsettled || is_mute);
}

static const struct item *find_riddle(const struct judge *j)
{
	for (const struct item *it = j->items; it; it = it->hh.next)
		if (is_riddle(it))
			return it;
	return NULL;
}

/* May it be taken down, since it is gone from a source that prunes? */
static void judge_prune(struct judge *j, struct item *it, const struct item *riddle)
{
	if (has_moved(j, it)) {
		it->prunes = false;
	} else if (riddle) {
		it->prunes = false;
		it->row.problem = arena_printf(
			j->a, "it is gone, and %s is kept for as long as %s %s: that may give it",
			it->row.deployment, riddle->row.path,
			riddle->file->is_unsettled ? "is being written" : "cannot be understood");
	}
}

static int count_removed(struct judge *j, struct source_limit *sum, struct error *err)
{
	int r = source_limit_start(j->s->store, j->a, sum, err);
	const struct item *riddle = find_riddle(j);

	for (struct item *it = j->items; r == 0 && it; it = it->hh.next) {
		if (it->prunes)
			judge_prune(j, it, riddle);
		if (it->wanted)
			r = source_limit_file(sum, it->wanted->current, it->file->digest,
					      &it->n_removed, err);
		else if (it->prunes)
			r = source_limit_gone(sum, it->row.deployment, &it->n_removed, err);
	}
	return r;
}

/* Holds back whatever removes something, when all together remove too much. */
static int hold_back(struct judge *j, struct error *err)
{
	struct source_limit sum;
	const char *plan;
	int r = count_removed(j, &sum, err);

	if (r < 0 || !source_limit_is_over(&sum))
		return r;
	plan = source_limit_plan(&sum);
	r = source_store_approved(j->s->store, plan, err);
	if (r == SOURCE_APPROVED)
		return source_store_forget_approvals(j->s->store, err);
	for (struct item *it = j->items; r == 0 && it; it = it->hh.next)
		if (it->n_removed) {
			it->row.waits = plan;
			it->row.problem = arena_printf(
				j->a, "removing %u of %u services waits for 'tallyman approve %s'",
				sum.n_removed, sum.n_services, plan);
		}
	return r;
}

/* --- writing --- */

static bool differs(const char *a, const char *b)
{
	return !a != !b || (a && strcmp(a, b) != 0);
}

static int tell(struct judge *j, const struct item *it, enum event_level level, const char *text,
		struct error *err)
{
	const struct event_row event = { .first = j->now,
					 .last = j->now,
					 .level = level,
					 .kind = "source",
					 .deployment = it->row.deployment,
					 .slot = -1,
					 .message = text };

	if (level == EVENT_WARNING) {
		j->out->warnings = arena_grow(j->a, j->out->warnings, j->out->n_warnings,
					      sizeof(const char *));
		j->out->warnings[j->out->n_warnings++] = text;
	}
	return event_store_append(j->s->store, &event, err);
}

static int take_file(struct judge *j, struct item *it, struct error *err)
{
	const struct accept_file file = { it->wanted->deployment, it->file->bytes, it->file->n,
					  it->env };
	const struct accept_from from = { it->row.path, "watch", .by_person = false };
	int64_t revision;
	int r = accept_file(j->s->store, &file, &from, &revision, err);

	if (r == -ERR_EXISTS) { /* a name that differs only in case: the file's fault */
		complain(it, j, err);
		*err = ERROR_INIT;
		wanted_free(TAKE(it->wanted));
		return 0;
	}
	if (r < 0)
		return r;
	it->row.deployment = arena_strdup(j->a, it->wanted->deployment);
	it->row.digest = it->file->digest;
	if (r != ACCEPT_KEPT_DOWN)
		return 0;
	wanted_free(TAKE(it->wanted));
	return wanted_from_store(j->s, it->row.deployment, &it->wanted, err);
}

static int take_down(struct judge *j, struct item *it, struct error *err)
{
	const struct accept_from from = { it->row.path, "watch", .by_person = false };
	int r = accept_down(j->s->store, it->row.deployment, &from, err);

	if (r == 0)
		r = tell(j, it, EVENT_INFO,
			 arena_printf(j->a, "%s is gone: taken down, as prune says", it->row.path),
			 err);
	if (r == 0)
		r = wanted_from_store(j->s, it->row.deployment, &it->wanted, err);
	return r < 0 ? r : source_store_delete(j->s->store, it->row.path, err);
}

static int tell_news(struct judge *j, const struct item *it, struct error *err)
{
	if (it->row.problem && differs(it->row.problem, it->was.problem))
		return tell(j, it, EVENT_WARNING,
			    arena_printf(j->a, "%s: %s", it->row.path, it->row.problem), err);
	if (it->row.gone.us && !it->was.gone.us)
		return tell(j, it, EVENT_WARNING,
			    arena_printf(j->a, "%s is gone: %s stays, not in the source",
					 it->row.path, it->row.deployment),
			    err);
	return 0;
}

static bool has_changed(const struct item *it)
{
	return !it->is_known || differs(it->row.problem, it->was.problem) ||
	       differs(it->row.digest, it->was.digest) || differs(it->row.waits, it->was.waits) ||
	       differs(it->row.watched, it->was.watched) || it->row.gone.us != it->was.gone.us;
}

static int write_item(struct judge *j, struct item *it, struct error *err)
{
	int r = 0;

	if (it->row.waits && it->n_removed) {
		wanted_free(TAKE(it->wanted));
		it->prunes = false;
	}
	if (it->prunes)
		return take_down(j, it, err);
	/* A row that gave nothing and is no longer there, or given by another file, has no use. */
	if (it->row.gone.us && (!it->row.deployment || has_moved(j, it)))
		return source_store_delete(j->s->store, it->row.path, err);
	if (it->wanted)
		r = take_file(j, it, err);
	if (r == 0 && has_changed(it))
		r = tell_news(j, it, err);
	if (r == 0 && has_changed(it))
		r = source_store_save(j->s->store, &it->row, err);
	return r;
}

static int write_all(struct judge *j, struct error *err)
{
	int r = 0;

	for (struct item *it = j->items; r == 0 && it; it = it->hh.next)
		r = write_item(j, it, err);
	return r;
}

static void hand_out(struct judge *j)
{
	for (struct item *it = j->items; it; it = it->hh.next) {
		if (!it->wanted)
			continue;
		j->out->wanted =
			arena_grow(j->a, j->out->wanted, j->out->n_wanted, sizeof(struct wanted *));
		j->out->wanted[j->out->n_wanted++] = TAKE(it->wanted);
	}
}

static void done(struct judge *j)
{
	for (struct item *it = j->items; it; it = it->hh.next)
		wanted_free(it->wanted);
	HASH_CLEAR(hh, j->items);
	source_holders_clear(&j->holders);
}

static int judge_all(struct judge *j, const struct source_scan *scan, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(j->s->store, ERROR_HERE, &txn, err);

	if (r == 0)
		r = load_rows(j, err);
	if (r < 0)
		return r;
	find_files(j, scan);
	for (size_t i = 0; i < scan->n; i++)
		judge_seen(j, &scan->items[i]);
	settle_names(j, scan);
	r = hold_back(j, err);
	if (r == 0)
		r = write_all(j, err);
	return r < 0 ? r : store_commit(&txn, err);
}

int source_judge(struct session *s, const struct source_scan *scan, struct source_verdict *ret,
		 struct error *err)
{
	struct judge j = { .s = s,
			   .a = ret->arena,
			   .holders = { ret->arena, NULL },
			   .out = ret,
			   .now = clock_wall() };
	int r = judge_all(&j, scan, err);

	if (r == 0)
		hand_out(&j);
	done(&j);
	return r;
}

void source_verdict_done(struct source_verdict *v)
{
	for (size_t i = 0; i < v->n_wanted; i++)
		wanted_free(v->wanted[i]);
	v->n_wanted = 0;
}
