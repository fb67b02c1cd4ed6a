/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to stop, start and restart: the same as the commands of these names. */
#include "controller/asked.h"
#include "controller/restore.h"
#include "controller/run_body.h"
#include "controller/run_wait.h"
#include "store/store.h"

static int read_asked(const struct request *q, enum manual_action action, struct asked *ret,
		      struct error *err)
{
	struct run_body_names said;
	const struct manual like = { .action = action,
				     .from = { NULL, run_author(q), .by_person = true } };
	int r = run_body_targets(q->rq, q->arena, &said, err);

	if (r < 0)
		return r;
	return asked_read(q->run->session->store, &(struct asked_words){ said.items, said.n },
			  &like, q->arena, ret, err);
}

/* Nothing of that is wanted: no failure, but whoever asked should know. */
static void tell_nothing(struct run *r, const char *deployment)
{
	wait_note(r, deployment,
		  &(struct reconcile_note){
			  .what = "nothing",
			  .text = "nothing of that is wanted, so nothing is stopped" });
}

static int ask(struct request *q, enum manual_action action, struct error *err)
{
	const char *verb = manual_action_to_string(action);
	struct wait_for *names;
	struct asked asked;
	bool *is_nothing;
	int64_t timeout_us;
	int r = wait_may_begin(q, err);

	if (r == 0)
		r = run_timeout(q, &timeout_us, err);
	if (r == 0)
		r = read_asked(q, action, &asked, err);
	if (r < 0)
		return r;
	is_nothing = arena_array(q->arena, asked.n, sizeof(*is_nothing));
	names = arena_array(q->arena, asked.n, sizeof(*names));
	for (size_t i = 0; i < asked.n; i++)
		names[i] = (struct wait_for){ asked.items[i].deployment, &asked.items[i].scope };
	for (size_t i = 0; r >= 0 && i < asked.n; i++) {
		r = manual_judge(q->run->session, q->run->driver, &asked.items[i], err);
		is_nothing[i] = r == MANUAL_NOTHING;
	}
	for (size_t i = 0; r >= 0 && i < asked.n; i++)
		r = manual_ask(q->run->session, q->run->driver, &asked.items[i], err);
	if (r < 0)
		return r;
	wait_new(q->run, q->rq, verb, names, asked.n, timeout_us);
	for (size_t i = 0; i < asked.n; i++)
		if (is_nothing[i])
			tell_nothing(q->run, names[i].deployment);
	return 0;
}

int run_stop(struct request *q, struct error *err)
{
	return ask(q, MANUAL_STOP, err);
}

int run_start(struct request *q, struct error *err)
{
	return ask(q, MANUAL_START, err);
}

int run_restart(struct request *q, struct error *err)
{
	return ask(q, MANUAL_RESTART, err);
}

/* A layer out of quarantine: a new instance of its slot, which begins with it. */
int run_restore(struct request *q, struct error *err)
{
	const struct accept_from from = { NULL, run_author(q), .by_person = true };
	const char *id = NULL;
	int64_t timeout_us;
	struct manual m;
	int r = run_need_driver(q, err);

	if (r == 0)
		r = run_timeout(q, &timeout_us, err);
	if (r == 0)
		r = run_body_word(q->rq, "id", q->arena, &id, err);
	if (r == 0)
		r = restore_ask(q->run->session, id, &from, q->arena, &m, err);
	if (r == 0)
		r = manual_ask(q->run->session, q->run->driver, &m, err);
	if (r < 0)
		return r;
	wait_new(q->run, q->rq, "restore", &(struct wait_for){ m.deployment, &m.scope }, 1,
		 timeout_us);
	return 0;
}
