/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: images, limits in place, programs inside, figures, and what a runtime says it is. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/backends/runtime_contract.h"

#define ABSENT "test.web-rep-7.3" /* an id that nobody ever made */

static bool can(const struct contract *c, enum runtime_caps cap)
{
	return (c->rt->caps & cap) != 0;
}

static const char *ended(struct contract *c, unsigned slot)
{
	const char *id = contract_start(c, slot);

	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	contract_wait(c, id, INSTANCE_EXITED);
	return id;
}

/* --- what it is ---------------------------------------------------------------------- */

static void probe_says_what_there_is(void **state)
{
	struct contract *c = *state;
	struct runtime_info info = { 0 };
	bool found = false;

	contract_ok(c, runtime_probe(c->rt, c->arena, &info, &c->err));
	assert_true(info.available);
	assert_null(info.why);
	assert_true(strcmp(info.os, "linux") == 0 || strcmp(info.os, "windows") == 0);
	assert_non_null(info.arch);
	assert_non_null(info.chosen);
	for (size_t i = 0; i < info.n_candidates; i++) {
		const struct runtime_candidate *w = &info.candidates[i];

		assert_non_null(w->name);
		assert_int_equal(w->usable, w->why == NULL);
		found = found || (w->usable && strcmp(w->name, info.chosen) == 0);
	}
	assert_true(found);
	assert_true(can(c, RUNTIME_CAP_LINUX) || can(c, RUNTIME_CAP_WINDOWS));
}

/* --- images -------------------------------------------------------------------------- */

static void stage_twice_is_already(void **state)
{
	struct contract *c = *state;
	int r = runtime_stage(c->rt, c->digest, contract_soon(), &c->err);

	if (r != RUNTIME_ALREADY)
		contract_ok(c, r);
	contract_is(c, runtime_stage(c->rt, c->digest, contract_soon(), &c->err), RUNTIME_ALREADY);
}

static void stage_needs_an_image(void **state)
{
	struct contract *c = *state;
	const char *missing = c->subject->missing_image(c);

	contract_is(c, runtime_stage(c->rt, missing, contract_soon(), &c->err), -ERR_NOT_FOUND);
}

/* --- limits in place ----------------------------------------------------------------- */

static struct instance_spec smaller(struct contract *c, unsigned slot)
{
	struct instance_spec spec = contract_spec(c, "web", slot, 1);

	c->service.resources.memory = "64Mi";
	c->service.resources.pids_limit = (struct opt_int){ true, 30 };
	spec.config_hash = "h1:y";
	return spec;
}

static void update_changes_a_living_one(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	struct instance before = contract_inspect(c, id), after;
	const struct instance_spec spec = smaller(c, 0);

	if (!can(c, RUNTIME_CAP_UPDATE)) {
		contract_is(c, runtime_update(c->rt, &spec, &c->err), -ERR_UNSUPPORTED);
		return;
	}
	contract_ok(c, runtime_update(c->rt, &spec, &c->err));
	contract_ok(c, runtime_update(c->rt, &spec, &c->err));
	after = contract_inspect(c, id);
	assert_int_equal(after.state, INSTANCE_RUNNING);
	assert_int_equal(after.pid, before.pid);
	/* What it was made with stays what it was made with. */
	assert_string_equal(after.config_hash, "h1:x");
}

static void update_thaws(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	const struct instance_spec spec = smaller(c, 0);

	if (!can(c, RUNTIME_CAP_UPDATE) || !c->subject->pause)
		return;
	c->subject->pause(c, id);
	contract_wait(c, id, INSTANCE_PAUSED);
	contract_ok(c, runtime_update(c->rt, &spec, &c->err));
	contract_wait(c, id, INSTANCE_RUNNING);
	assert_int_equal(contract_count_exits(c, NULL), 0);
}

static void update_needs_a_living_one(void **state)
{
	struct contract *c = *state;
	struct instance_spec spec;

	if (!can(c, RUNTIME_CAP_UPDATE))
		return;
	ended(c, 0);
	spec = smaller(c, 0);
	contract_is(c, runtime_update(c->rt, &spec, &c->err), -ERR_NOT_FOUND);
	spec = smaller(c, 7);
	contract_is(c, runtime_update(c->rt, &spec, &c->err), -ERR_NOT_FOUND);
}

/* --- programs inside ----------------------------------------------------------------- */

static int run_in(struct contract *c, const char *id, const char *const *argv, int out,
		  int *ret_code)
{
	const struct runtime_exec x = { .id = id, .argv = argv, .fds = { -1, out, -1 } };

	return runtime_run_exec(c->rt, &x, ret_code, &c->err);
}

static void exec_gives_the_code(void **state)
{
	static const char *const yes[] = { "true", NULL }, *const no[] = { "false", NULL };
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	int code = 99;

	if (!can(c, RUNTIME_CAP_EXEC)) {
		contract_is(c, run_in(c, id, yes, -1, &code), -ERR_UNSUPPORTED);
		return;
	}
	contract_ok(c, run_in(c, id, yes, -1, &code));
	assert_int_equal(code, 0);
	contract_ok(c, run_in(c, id, no, -1, &code));
	assert_int_equal(code, 1);
	/* It is not the container's own program: its end is nobody's exit. */
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
	assert_int_equal(contract_count_exits(c, NULL), 0);
}

static void exec_gives_the_output(void **state)
{
	static const char *const echo[] = { "echo", "two", "words", NULL };
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	char text[64] = "";
	int fds[2], code = 99;

	if (!can(c, RUNTIME_CAP_EXEC))
		return;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	contract_ok(c, run_in(c, id, echo, fds[1], &code));
	close(fds[1]);
	assert_int_equal(code, 0);
	assert_int_equal(read(fds[0], text, sizeof(text) - 1), 10);
	assert_string_equal(text, "two words\n");
	assert_int_equal(read(fds[0], text, 1), 0);
	close(fds[0]);
}

static void exec_needs_a_running_one(void **state)
{
	static const char *const yes[] = { "true", NULL };
	static const char *const nothing[] = { "nothing-of-that-name", NULL };
	struct contract *c = *state;
	const char *id = contract_create(c, 0);
	int code = 99;

	if (!can(c, RUNTIME_CAP_EXEC))
		return;
	contract_is(c, run_in(c, id, yes, -1, &code), -ERR_NOT_FOUND);
	contract_is(c, run_in(c, ABSENT, yes, -1, &code), -ERR_NOT_FOUND);
	contract_is(c, run_in(c, ended(c, 1), yes, -1, &code), -ERR_NOT_FOUND);
	contract_ok(c, runtime_start(c->rt, id, contract_soon(), &c->err));
	contract_is(c, run_in(c, id, nothing, -1, &code), -ERR_NOT_FOUND);
	assert_int_equal(code, 99);
}

/* --- figures ------------------------------------------------------------------------- */

static void stats_of_the_living(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	struct runtime_stats stats = { 0 };

	if (!can(c, RUNTIME_CAP_STATS)) {
		contract_is(c, runtime_read_stats(c->rt, id, &stats, &c->err), -ERR_UNSUPPORTED);
		return;
	}
	contract_ok(c, runtime_read_stats(c->rt, id, &stats, &c->err));
	assert_true(stats.n_processes >= 1);
}

static void stats_of_the_dead(void **state)
{
	struct contract *c = *state;
	struct runtime_stats stats = { .n_processes = 99 };

	if (!can(c, RUNTIME_CAP_STATS))
		return;
	contract_is(c, runtime_read_stats(c->rt, ABSENT, &stats, &c->err), RUNTIME_ABSENT);
	assert_int_equal(stats.n_processes, 99);
	contract_ok(c, runtime_read_stats(c->rt, ended(c, 0), &stats, &c->err));
	assert_int_equal(stats.n_processes, 0);
}

const struct contract_case contract_use_cases[] = {
	{ "probe_says_what_there_is", probe_says_what_there_is },
	{ "stage_twice_is_already", stage_twice_is_already },
	{ "stage_needs_an_image", stage_needs_an_image },
	{ "update_changes_a_living_one", update_changes_a_living_one },
	{ "update_thaws", update_thaws },
	{ "update_needs_a_living_one", update_needs_a_living_one },
	{ "exec_gives_the_code", exec_gives_the_code },
	{ "exec_gives_the_output", exec_gives_the_output },
	{ "exec_needs_a_running_one", exec_needs_a_running_one },
	{ "stats_of_the_living", stats_of_the_living },
	{ "stats_of_the_dead", stats_of_the_dead },
	{ NULL, NULL },
};
