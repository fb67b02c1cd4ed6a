/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that change what is wanted: written down first, then the driver is told, and the client
 * waits beside it. What commands do without a daemon goes the same way (accept.c, wanted.c).
 */
#include <string.h>

#include "controller/accept.h"
#include "controller/approve.h"
#include "controller/document.h"
#include "controller/plan_render.h"
#include "controller/run_body.h"
#include "controller/run_wait.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/store.h"

enum { MAX_PLAN = 64 << 20 }; /* a plan for LIMIT_SLOTS slots */

/* --- what is in a request --- */

struct upload {
	struct arena *arena; /* of the deployment; handed on or freed */
	struct run_body_file file;
	struct deployment *deployment;
	int64_t timeout_us;
	bool is_strict;
};

static void upload_done(struct upload *u)
{
	arena_free(u->arena);
	run_body_file_done(&u->file);
}

static inline void clean_upload(struct upload *u)
{
	upload_done(u);
}

/* All that is wrong with a file, as the client would see it at home. */
static int parse(struct upload *u, struct error *err)
{
	struct findings findings;
	struct error unused = ERROR_INIT;

	u->file.bytes = arena_strndup(u->arena, u->file.bytes, u->file.n);
	findings_init(&findings, u->arena, u->file.source);
	(void)parse_deployment(u->file.bytes, u->file.n, u->arena, &findings, &u->deployment,
			       &unused);
	if (u->is_strict)
		findings_strict(&findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *f = &findings.items[i];

		if (f->severity != SEVERITY_ERROR)
			continue;
		(void)error_set(err, ERR_INVALID, 0, "%s:%u:%u: %s [%s]", u->file.source,
				f->mark.line, f->mark.column, f->message,
				findings_code_text(f->code));
		error_hint(err, "'tallyman validate' shows all that is wrong with a file");
		return -ERR_INVALID;
	}
	return 0;
}

static int read_upload(const struct request *q, struct upload *u, struct error *err)
{
	static const char *const names[] = { "strict", "timeout", "source", NULL };
	int r = api_route_check(q->match, names, err);

	u->arena = arena_new();
	if (r == 0)
		r = api_route_flag(q->match, "strict", &u->is_strict, err);
	if (r == 0)
		r = run_timeout(q, &u->timeout_us, err);
	if (r == 0)
		r = run_body_file(q->rq, &u->file, err);
	if (r < 0)
		return r;
	if (!u->file.source)
		u->file.source = api_route_query(q->match, "source");
	if (!u->file.source)
		u->file.source = "<api>";
	/* Nobody's environment: what the daemon was started with is not the file's business. */
	if (!u->file.env)
		u->file.env = json_object_new_object();
	return parse(u, err);
}

static int want(const struct request *q, struct upload *u, struct wanted **ret, const char **env,
		struct error *err)
{
	const struct wanted_file wish = { TAKE(u->arena), u->deployment, u->file.env };
	int r = wanted_from_deployment(q->run->session, &wish, ret, env, err);

	if (r < 0 || !u->is_strict || !(*ret)->n_warnings)
		return r;
	return error_set(err, ERR_INVALID, 0, "%s, and strict makes it an error",
			 (*ret)->warnings[0]);
}

/* --- apply, plan --- */

static int record(const struct request *q, const struct upload *u, const char *env,
		  struct error *err)
{
	struct store *s = q->run->session->store;
	const struct accept_file file = { u->deployment->name, u->file.bytes, u->file.n, env };
	const struct accept_from from = { u->file.source, run_author(q), .by_person = true };
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int64_t revision;
	int r = store_begin(s, ERROR_HERE, &txn, err);

	if (r == 0)
		r = accept_file(s, &file, &from, &revision, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static void tell_warnings(struct run *r, const struct wanted *w)
{
	for (size_t i = 0; i < w->n_warnings; i++)
		wait_warning(r, w->deployment, w->warnings[i]);
}

int run_apply(struct request *q, struct error *err)
{
	struct upload u CLEAN(upload) = { 0 };
	struct wanted *w CLEAN(wanted) = NULL;
	const char *env;
	int r = wait_may_begin(q, err);

	if (r == 0)
		r = read_upload(q, &u, err);
	if (r == 0)
		r = want(q, &u, &w, &env, err);
	if (r == 0)
		r = record(q, &u, env, err);
	if (r < 0)
		return r;
	w->is_asked = true;
	wait_new(q->run, q->rq, "apply", &(struct wait_for){ w->deployment, NULL }, 1,
		 u.timeout_us);
	tell_warnings(q->run, w);
	driver_want(q->run->driver, TAKE(w));
	return 0;
}

/* What it would change, as far as is known without a new look: exits and the last look of all. */
static int compute_plan(const struct request *q, const struct wanted *w, struct plan *ret,
			struct error *err)
{
	struct instance_rows rows;
	struct observed seen = { 0 };
	const struct session *s = q->run->session;
	int r = instance_store_list(s->store, w->deployment, q->arena, &rows, err);
	const struct plan_input in = { .desired = &w->desired,
				       .observed = &seen,
				       .slots = w->slots,
				       .n_slots = w->n_slots,
				       .keeps_all = s->must_accept,
				       .is_asked = true,
				       .now = { clock_boot(), clock_wall(), s->boot_id } };

	if (r < 0)
		return r;
	seen.instances = rows.items;
	seen.n = rows.n;
	return plan_compute(&in, q->arena, ret, err);
}

int run_plan(struct request *q, struct error *err)
{
	struct upload u CLEAN(upload) = { 0 };
	struct wanted *w CLEAN(wanted) = NULL;
	struct buf text = BUF_INIT(MAX_PLAN);
	struct plan plan;
	const char *env;
	int r = read_upload(q, &u, err);

	if (r == 0)
		r = want(q, &u, &w, &env, err);
	if (r == 0)
		r = compute_plan(q, w, &plan, err);
	if (r < 0)
		return r;
	plan_render_json(&plan, &text);
	api_reply(q->rq, 200, "application/json", &text);
	return 0;
}

/* --- down --- */

static int all_names(const struct request *q, struct run_body_names *ret, struct error *err)
{
	struct deployment_rows rows;
	int r = deployment_store_list(q->run->session->store, q->arena, &rows, err);

	if (r < 0)
		return r;
	ret->items = arena_array(q->arena, rows.n, sizeof(*ret->items));
	for (size_t i = 0; i < rows.n; i++)
		ret->items[ret->n++] = rows.items[i].name;
	return 0;
}

/* All of them are known before the first is touched. */
static int read_names(const struct request *q, struct run_body_names *ret, struct error *err)
{
	struct run_body_names said;
	int r = run_body_deployments(q->rq, q->arena, &said, err);

	if (r < 0)
		return r;
	if (said.is_all)
		return all_names(q, ret, err);
	ret->items = arena_array(q->arena, said.n, sizeof(*ret->items));
	for (size_t i = 0; i < said.n; i++) {
		struct deployment_row row;

		r = deployment_store_find(q->run->session->store, said.items[i], q->arena, &row,
					  err);
		if (r)
			return r < 0 ? r
				     : error_set(err, ERR_NOT_FOUND, 0,
						 "no deployment '%s' was ever seen on this node",
						 said.items[i]);
		ret->items[ret->n++] = row.name;
	}
	return 0;
}

static int record_down(const struct request *q, const struct run_body_names *names,
		       struct error *err)
{
	struct store *s = q->run->session->store;
	const struct accept_from from = { NULL, run_author(q), .by_person = true };
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(s, ERROR_HERE, &txn, err);

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = accept_down(s, names->items[i], &from, err);
	return r < 0 ? r : store_commit(&txn, err);
}

int run_down(struct request *q, struct error *err)
{
	struct run_body_names names = { 0 };
	struct wait_for *all;
	int64_t timeout_us;
	int r = wait_may_begin(q, err);

	if (r == 0)
		r = run_timeout(q, &timeout_us, err);
	if (r == 0)
		r = read_names(q, &names, err);
	if (r == 0)
		r = record_down(q, &names, err);
	if (r < 0)
		return r;
	all = arena_array(q->arena, names.n, sizeof(*all));
	for (size_t i = 0; i < names.n; i++)
		all[i].deployment = names.items[i];
	wait_new(q->run, q->rq, "down", all, names.n, timeout_us);
	for (size_t i = 0; i < names.n; i++) {
		struct wanted *w = NULL;
		struct error why = ERROR_INIT;

		if (wanted_from_store(q->run->session, names.items[i], &w, &why) != 0)
			continue; /* its bytes do not parse: the next start says so too */
		w->is_asked = true;
		driver_want(q->run->driver, w);
	}
	return 0;
}

/* --- approve --- */

int run_approve(struct request *q, struct error *err)
{
	struct json_object *doc;
	const char *plan = NULL;
	int r = run_body_word(q->rq, "plan", q->arena, &plan, err);

	if (r < 0)
		return r;
	r = approve_plan(q->run->session->store, plan, err);
	if (r < 0)
		return r;
	sources_look(q->run->sources);
	doc = document_new("approve");
	json_put_str(doc, "plan", plan);
	api_reply_json(q->rq, 200, doc);
	json_object_put(doc);
	return 0;
}
