/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: what list and inspect show, ids, and what outlives a close. */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "specs/runtime_id.h"
#include "tests/backends/runtime_contract.h"

/* --- list and inspect ---------------------------------------------------------------- */

static void empty_list(void **state)
{
	struct contract *c = *state;
	struct observed all = { .n = 99 };

	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 0);
	assert_false(all.partial);
}

static void inspect_absent(void **state)
{
	struct contract *c = *state;
	struct instance seen = { .pid = 4711 };

	contract_is(c, runtime_inspect(c->rt, "test.web-rep-0.1", c->arena, &seen, &c->err),
		    RUNTIME_ABSENT);
	assert_int_equal(seen.pid, 4711);
	/* Another generation or slot of one that is there is another instance. */
	contract_create(c, 0);
	contract_is(c, runtime_inspect(c->rt, "test.web-rep-0.2", c->arena, &seen, &c->err),
		    RUNTIME_ABSENT);
	contract_is(c, runtime_inspect(c->rt, "test.web-rep-1.1", c->arena, &seen, &c->err),
		    RUNTIME_ABSENT);
}

static void create_named(struct contract *c, const char *service, unsigned slot,
			 uint64_t generation)
{
	const struct instance_spec spec = contract_spec(c, service, slot, generation);
	struct instance made;

	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
}

static void assert_same(const struct instance *a, const struct instance *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->deployment, b->deployment);
	assert_string_equal(a->service, b->service);
	assert_int_equal(a->slot, b->slot);
	assert_true(a->generation == b->generation);
	assert_string_equal(a->runtime, b->runtime);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->pid, b->pid);
	assert_true(a->start_time == b->start_time);
	assert_string_equal(a->config_hash, b->config_hash);
	assert_string_equal(a->image, b->image);
	assert_string_equal(a->digest, b->digest);
	assert_int_equal(a->has_exit_code, b->has_exit_code);
	assert_int_equal(a->exit_code, b->exit_code);
	assert_true(a->created.us == b->created.us);
	assert_true(a->started.us == b->started.us);
	assert_true(a->finished.us == b->finished.us);
}

/* Every instance once, in every state, sorted, and each as inspect shows it. */
static void list_is_complete(void **state)
{
	static const char *const ids[] = { "test.api-rep-0.1",  "test.web-rep-0.1",
					   "test.web-rep-1.1",  "test.web-rep-2.1",
					   "test.web-rep-2.10", "test.web-rep-10.1" };
	struct contract *c = *state;
	struct observed all = { 0 };

	contract_start(c, 10);
	create_named(c, "web", 2, 10);
	contract_ok(c, runtime_signal(c->rt, contract_start(c, 1), SIGKILL, &c->err));
	contract_start(c, 0);
	if (c->subject->pause)
		c->subject->pause(c, "test.web-rep-0.1");
	contract_create(c, 2);
	create_named(c, "api", 0, 1);
	contract_wait(c, "test.web-rep-1.1", INSTANCE_EXITED);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 6);
	assert_false(all.partial);
	for (size_t i = 0; i < 6; i++) {
		struct instance one = contract_inspect(c, ids[i]);

		assert_string_equal(all.instances[i].id, ids[i]);
		assert_same(&all.instances[i], &one);
		assert_true(i == 0 ||
			    observed_compare(&all.instances[i - 1], &all.instances[i]) < 0);
	}
	assert_int_equal(all.instances[1].state,
			 c->subject->pause ? INSTANCE_PAUSED : INSTANCE_RUNNING);
	assert_int_equal(all.instances[2].state, INSTANCE_EXITED);
	assert_int_equal(all.instances[3].state, INSTANCE_CREATED);
	assert_int_equal(all.instances[5].state, INSTANCE_RUNNING);
}

/* --- ids ----------------------------------------------------------------------------- */

static void generations_are_instances(void **state)
{
	struct contract *c = *state;
	struct instance first, second;

	create_named(c, "web", 0, 1);
	create_named(c, "web", 0, 2);
	first = contract_inspect(c, "test.web-rep-0.1");
	second = contract_inspect(c, "test.web-rep-0.2");
	assert_true(first.pid != second.pid || !contract_holds_process(c));
	contract_end(c, first.id);
	assert_int_equal(contract_inspect(c, second.id).state, INSTANCE_CREATED);
	assert_int_equal(contract_count_exits(c, second.id), 0);
}

/* Names as long as the format allows, and a slot and a generation as large as they get. */
static void longest_id(void **state)
{
	struct contract *c = *state;
	struct instance_spec spec = contract_spec(c, "web", LIMIT_SLOTS - 1, INT64_MAX);
	char deployment[LIMIT_DEPLOYMENT_NAME + 1], service[LIMIT_SERVICE_NAME + 1];
	struct instance seen;

	memset(deployment, 'd', sizeof(deployment) - 1);
	memset(service, 's', sizeof(service) - 1);
	deployment[sizeof(deployment) - 1] = service[sizeof(service) - 1] = '\0';
	spec.deployment = deployment;
	spec.service_name = service;
	spec.id = runtime_id_format(c->arena, deployment, service, spec.slot, spec.generation);
	contract_shell(c, "exit 5");
	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &seen, &c->err));
	assert_true(seen.generation == INT64_MAX);
	contract_ok(c, runtime_start(c->rt, spec.id, contract_soon(), &c->err));
	assert_int_equal(contract_exited(c, spec.id).code, 5);
	seen = contract_inspect(c, spec.id);
	assert_string_equal(seen.deployment, deployment);
	assert_string_equal(seen.service, service);
	assert_int_equal(seen.slot, LIMIT_SLOTS - 1);
	contract_ok(c, runtime_remove(c->rt, spec.id, contract_soon(), &c->err));
}

/* What is no runtime id never gets as far as a path or a command line. */
static void wrong_ids_are_refused(void **state)
{
	static const char *const wrong[] = { "",
					     "web",
					     "../../etc",
					     "/image/x",
					     "test.web-0",
					     "test.web-rep-0.0",
					     "test.web-rep-0.1 ",
					     "test.web-rep-0.1/../x" };
	struct contract *c = *state;
	struct instance_spec spec = contract_spec(c, "web", 0, 1);
	struct runtime_stats stats;
	struct instance seen;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *id = wrong[i];

		spec.id = id;
		contract_is(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err), -ERR_INVALID);
		contract_is(c,
			    runtime_create(c->rt, &spec, contract_soon(), c->arena, &seen, &c->err),
			    -ERR_INVALID);
		contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), -ERR_INVALID);
		contract_is(c, runtime_signal(c->rt, id, SIGKILL, &c->err), -ERR_INVALID);
		contract_is(c, runtime_remove(c->rt, id, contract_soon(), &c->err), -ERR_INVALID);
		contract_is(c, runtime_update(c->rt, &spec, &c->err), -ERR_INVALID);
		contract_is(c, runtime_read_stats(c->rt, id, &stats, &c->err), -ERR_INVALID);
	}
}

/* The id says who it is; a spec that says something else is somebody's mistake. */
static void spec_must_fit_its_id(void **state)
{
	struct contract *c = *state;
	struct instance_spec specs[4];
	struct instance seen;

	for (size_t i = 0; i < 4; i++)
		specs[i] = contract_spec(c, "web", 1, 2);
	specs[0].deployment = "other";
	specs[1].service_name = "api";
	specs[2].slot = 3;
	specs[3].generation = 1;
	for (size_t i = 0; i < 4; i++) {
		contract_is(
			c,
			runtime_create(c->rt, &specs[i], contract_soon(), c->arena, &seen, &c->err),
			-ERR_INVALID);
		contract_is(c, runtime_inspect(c->rt, specs[i].id, c->arena, &seen, &c->err),
			    RUNTIME_ABSENT);
	}
}

/* --- close and open again ------------------------------------------------------------ */

static void close_keeps_containers(void **state)
{
	struct contract *c = *state;
	const char *running = contract_start(c, 0), *created = contract_create(c, 1), *ended;
	struct instance before = contract_inspect(c, running), after;
	struct observed all = { 0 };

	contract_shell(c, "exit 9");
	ended = contract_start(c, 2);
	contract_exited(c, ended);
	c->subject->reopen(c);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 3);
	after = contract_inspect(c, running);
	assert_same(&after, &before);
	after = contract_inspect(c, ended);
	assert_int_equal(after.state, INSTANCE_EXITED);
	assert_true(after.has_exit_code);
	assert_int_equal(after.exit_code, 9);
	/* Whoever has it now starts it, ends it and hears of it. */
	contract_ok(c, runtime_start(c->rt, created, contract_soon(), &c->err));
	contract_ok(c, runtime_signal(c->rt, created, SIGKILL, &c->err));
	contract_ok(c, runtime_signal(c->rt, running, SIGKILL, &c->err));
	contract_exited(c, created);
	contract_exited(c, running);
	contract_wait(c, running, INSTANCE_EXITED);
	assert_int_equal(contract_count_exits(c, created), 1);
	assert_int_equal(contract_count_exits(c, running), 1);
	contract_ok(c, runtime_remove(c->rt, ended, contract_soon(), &c->err));
}

/* --- several at once ----------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 3 };

struct worker {
	pthread_t thread;
	struct contract *c;
	struct instance_spec spec; /* its id and generation are those of the life at hand */
	struct error err;
	const char *failed; /* NULL: all went well */
};

/* One life after the other; assertions belong to the test's own thread. */
static const char *live_once(struct worker *w, uint64_t generation)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct instance_spec spec = w->spec;
	struct instance seen;
	int r;

	spec.id = runtime_id_format(a, spec.deployment, spec.service_name, spec.slot, generation);
	spec.generation = generation;
	if (runtime_create(w->c->rt, &spec, contract_soon(), a, &seen, &w->err) != 0)
		return "create";
	if (runtime_start(w->c->rt, spec.id, contract_soon(), &w->err) != 0)
		return "start";
	if (runtime_signal(w->c->rt, spec.id, SIGKILL, &w->err) != 0)
		return "signal";
	for (r = -ERR_CONFLICT; r == -ERR_CONFLICT; clock_sleep(CLOCK_MS))
		r = runtime_remove(w->c->rt, spec.id, contract_soon(), &w->err);
	if (r != 0)
		return "remove";
	return runtime_inspect(w->c->rt, spec.id, a, &seen, &w->err) == RUNTIME_ABSENT ? NULL
										       : "inspect";
}

static void *live(void *arg)
{
	struct worker *w = arg;

	for (uint64_t i = 1; i <= ROUNDS && !w->failed; i++)
		w->failed = live_once(w, i);
	return NULL;
}

static void many_at_once(void **state)
{
	struct contract *c = *state;
	struct worker workers[THREADS];
	struct observed all = { 0 };

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .c = c, .spec = contract_spec(c, "web", i, 1) };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, live, &workers[i]), 0);
	}
	/* A list beside them fails no more than they do. */
	for (int i = 0; i < 10; i++)
		contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		if (workers[i].failed)
			fail_msg("%s: %s of slot %u: %s", c->subject->name, workers[i].failed, i,
				 workers[i].err.msg);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 0);
	/* Each end was told before the remove was done. */
	assert_int_equal(contract_count_exits(c, NULL), THREADS * ROUNDS);
}

const struct contract_case contract_look_cases[] = {
	{ "empty_list", empty_list },
	{ "inspect_absent", inspect_absent },
	{ "list_is_complete", list_is_complete },
	{ "generations_are_instances", generations_are_instances },
	{ "longest_id", longest_id },
	{ "wrong_ids_are_refused", wrong_ids_are_refused },
	{ "spec_must_fit_its_id", spec_must_fit_its_id },
	{ "close_keeps_containers", close_keeps_containers },
	{ "many_at_once", many_at_once },
	{ NULL, NULL },
};
