/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: from the create over start, signals and exits to the removal. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/fs.h"
#include "tests/backends/runtime_contract.h"

#define ABSENT "test.web-rep-7.3" /* an id that nobody ever made */

/* Ends with 143 on SIGTERM, as a first process does only when it says so itself. */
#define POLITE "trap \"exit 143\" TERM; sleep 1000 & wait"

/* --- create -------------------------------------------------------------------------- */

static void create_makes_one_that_waits(void **state)
{
	struct contract *c = *state;
	const struct instance_spec spec = contract_spec(c, "web", 2, 5);
	struct instance made;

	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
	assert_string_equal(made.id, "test.web-rep-2.5");
	assert_string_equal(made.deployment, "test");
	assert_string_equal(made.service, "web");
	assert_int_equal(made.slot, 2);
	assert_int_equal(made.generation, 5);
	assert_string_equal(made.runtime, c->runtime_name);
	assert_int_equal(made.state, INSTANCE_CREATED);
	assert_true((made.pid > 0) == contract_holds_process(c));
	assert_true((made.start_time > 0) == contract_holds_process(c));
	assert_non_null(made.boot_id);
	assert_string_equal(made.config_hash, "h1:x");
	assert_string_equal(made.image, c->image);
	assert_string_equal(made.digest, c->digest);
	assert_null(made.address);
	assert_false(made.has_exit_code);
	assert_true(made.created.us > 0);
	assert_int_equal(made.started.us, 0);
	assert_int_equal(made.finished.us, 0);
}

static void create_keeps_the_address(void **state)
{
	struct contract *c = *state;
	struct instance_spec spec = contract_spec(c, "web", 0, 1);
	struct instance made;

	spec.address = "10.1.2.3";
	spec.slice = "10.1.2.0/24";
	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
	assert_string_equal(made.address, "10.1.2.3");
	assert_string_equal(contract_inspect(c, spec.id).address, "10.1.2.3");
}

static void create_again_is_already(void **state)
{
	struct contract *c = *state;
	struct instance_spec spec = contract_spec(c, "web", 0, 1);
	struct instance made, again = { 0 };
	struct observed all = { 0 };

	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
	spec.config_hash = "h1:other";
	contract_is(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &again, &c->err),
		    RUNTIME_ALREADY);
	assert_string_equal(again.id, made.id);
	assert_int_equal(again.pid, made.pid);
	assert_int_equal(again.state, INSTANCE_CREATED);
	assert_string_equal(again.config_hash, "h1:x");
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 1);
	/* Also when it has long been running. */
	contract_ok(c, runtime_start(c->rt, spec.id, contract_soon(), &c->err));
	contract_is(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &again, &c->err),
		    RUNTIME_ALREADY);
	assert_int_equal(again.state, INSTANCE_RUNNING);
}

static void create_without_image_leaves_nothing(void **state)
{
	struct contract *c = *state;
	struct instance_spec spec = contract_spec(c, "web", 0, 1);
	struct instance made;
	struct observed all = { 0 };

	spec.digest = c->subject->missing_image(c);
	contract_is(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err),
		    -ERR_NOT_FOUND);
	assert_non_null(strstr(c->err.msg, spec.id));
	contract_is(c, runtime_inspect(c->rt, spec.id, c->arena, &made, &c->err), RUNTIME_ABSENT);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 0);
	/* And nothing that would be in the way of a second try. */
	spec.digest = c->digest;
	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
}

/* --- start --------------------------------------------------------------------------- */

static void start_lets_it_run(void **state)
{
	struct contract *c = *state;
	const char *id = contract_create(c, 0);
	struct instance before = contract_inspect(c, id), after;

	contract_ok(c, runtime_start(c->rt, id, contract_soon(), &c->err));
	after = contract_inspect(c, id);
	assert_int_equal(after.state, INSTANCE_RUNNING);
	assert_true(after.pid > 0);
	assert_true(after.pid == before.pid || !contract_holds_process(c));
	assert_true(after.start_time == before.start_time);
	assert_true(after.started.us >= after.created.us);
	assert_int_equal(contract_count_exits(c, NULL), 0);
}

static void start_again_is_already(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);

	contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), RUNTIME_ALREADY);
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	contract_wait(c, id, INSTANCE_EXITED);
	contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), RUNTIME_ALREADY);
}

static void start_needs_an_instance(void **state)
{
	struct contract *c = *state;

	contract_is(c, runtime_start(c->rt, ABSENT, contract_soon(), &c->err), -ERR_NOT_FOUND);
	assert_non_null(strstr(c->err.msg, ABSENT));
}

/* One that ended before its start cannot run any more, and that is no failure of the start. */
static void killed_before_its_start(void **state)
{
	struct contract *c = *state;
	const char *id = contract_create(c, 0);
	struct instance seen;

	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	seen = contract_wait(c, id, INSTANCE_EXITED);
	assert_true(seen.has_exit_code);
	assert_int_equal(seen.exit_code, 128 + SIGKILL);
	assert_int_equal(contract_exited(c, id).code, 128 + SIGKILL);
	contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), RUNTIME_ALREADY);
	contract_ok(c, runtime_remove(c->rt, id, contract_soon(), &c->err));
}

/* --- half made ----------------------------------------------------------------------- */

static void half_one_can_only_be_removed(void **state)
{
	struct contract *c = *state;
	const char *id = contract_create(c, 0);
	struct observed all = { 0 };
	struct instance seen;

	c->subject->halve(c, id);
	contract_wait(c, id, INSTANCE_BROKEN);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 1);
	assert_int_equal(all.instances[0].state, INSTANCE_BROKEN);
	contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), -ERR_CONFLICT);
	contract_end(c, id);
	contract_is(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err), RUNTIME_ABSENT);
}

/* --- ends ---------------------------------------------------------------------------- */

static void exit_code_is_told_once(void **state)
{
	struct contract *c = *state;
	struct contract_exit heard;
	struct instance seen;
	const char *id;

	contract_shell(c, "exit 7");
	id = contract_start(c, 0);
	heard = contract_exited(c, id);
	assert_true(heard.has_code);
	assert_int_equal(heard.code, 7);
	assert_true(heard.at.us > 0);
	/* What was told can be seen, and says the same. */
	seen = contract_inspect(c, id);
	assert_int_equal(seen.state, INSTANCE_EXITED);
	assert_true(seen.has_exit_code);
	assert_int_equal(seen.exit_code, 7);
	assert_int_equal(seen.pid, 0);
	assert_true(seen.finished.us >= seen.started.us);
	contract_ok(c, runtime_remove(c->rt, id, contract_soon(), &c->err));
	assert_int_equal(contract_count_exits(c, NULL), 1);
}

static void exits_are_told_apart(void **state)
{
	static const char *const texts[] = { "exit 0", "exit 1", "exit 255" };
	static const int codes[] = { 0, 1, 255 };
	struct contract *c = *state;
	const char *ids[3];

	for (unsigned i = 0; i < 3; i++) {
		contract_shell(c, texts[i]);
		ids[i] = contract_start(c, i);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(contract_exited(c, ids[i]).code, codes[i]);
		assert_int_equal(contract_wait(c, ids[i], INSTANCE_EXITED).exit_code, codes[i]);
		assert_int_equal(contract_count_exits(c, ids[i]), 1);
	}
}

/* --- signals ------------------------------------------------------------------------- */

/* Is it the program itself by now? Until then it is what made the container, which may have its own
 * mind about signals (runc ends with 2). A model's process is nothing else from the start. */
static bool is_polite(const struct contract *c, int32_t pid)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	const char *path = arena_printf(c->arena, "/proc/%d/cmdline", (int)pid);

	if (fs_read(AT_FDCWD, path, &text, NULL) < 0)
		return true;
	return memmem(text.data, text.n, POLITE, strlen(POLITE)) != NULL;
}

/* Its trap says 143. A process without one that is no init ends at once, as Windows calls it by
 * Ctrl-C. */
static bool heard_it(const struct contract *c, int code)
{
	return code == 143 ||
	       (!contract_holds_process(c) && (uint32_t)code == UINT32_C(0xC000013A));
}

static void signal_is_delivered(void **state)
{
	struct contract *c = *state;
	struct contract_exit end;
	const char *id;
	int32_t pid;

	contract_shell(c, POLITE);
	id = contract_start(c, 0);
	pid = contract_inspect(c, id).pid;
	while (contract_holds_process(c) && !is_polite(c, pid))
		clock_sleep(CLOCK_MS);
	/* It may not have come to the trap yet; then the signal does nothing to an init. */
	for (int i = 0; i < 1000 && contract_count_exits(c, id) == 0; i++) {
		int r = i % 50 ? 0 : runtime_signal(c->rt, id, SIGTERM, &c->err);

		if (r != RUNTIME_GONE)
			contract_ok(c, r);
		clock_sleep(10 * CLOCK_MS);
	}
	end = contract_exited(c, id);
	assert_true(end.has_code && heard_it(c, end.code));
	assert_int_equal(contract_inspect(c, id).exit_code, end.code);
}

static void kill_ends_it(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);

	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	assert_int_equal(contract_exited(c, id).code, 128 + SIGKILL);
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_EXITED);
	assert_int_equal(contract_count_exits(c, id), 1);
}

static void harmless_signal_changes_nothing(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);

	contract_ok(c, runtime_signal(c->rt, id, SIGCONT, &c->err));
	contract_ok(c, runtime_signal(c->rt, id, SIGWINCH, &c->err));
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
	assert_int_equal(contract_count_exits(c, NULL), 0);
}

static void signal_says_who_is_gone(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);

	contract_is(c, runtime_signal(c->rt, ABSENT, SIGTERM, &c->err), RUNTIME_ABSENT);
	contract_is(c, runtime_signal(c->rt, ABSENT, SIGKILL, &c->err), RUNTIME_ABSENT);
	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	contract_wait(c, id, INSTANCE_EXITED);
	contract_is(c, runtime_signal(c->rt, id, SIGTERM, &c->err), RUNTIME_GONE);
	contract_is(c, runtime_signal(c->rt, id, SIGKILL, &c->err), RUNTIME_GONE);
	contract_exited(c, id);
	assert_int_equal(contract_count_exits(c, id), 1);
}

static void signal_thaws_first(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);

	if (!c->subject->pause)
		return;
	c->subject->pause(c, id);
	assert_true(contract_wait(c, id, INSTANCE_PAUSED).pid > 0);
	contract_ok(c, runtime_signal(c->rt, id, SIGCONT, &c->err));
	contract_wait(c, id, INSTANCE_RUNNING);
	c->subject->pause(c, id);
	contract_wait(c, id, INSTANCE_PAUSED);
	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	assert_int_equal(contract_exited(c, id).code, 128 + SIGKILL);
}

/* --- remove -------------------------------------------------------------------------- */

static void remove_refuses_the_living(void **state)
{
	struct contract *c = *state;
	const char *created = contract_create(c, 0), *running = contract_start(c, 1);
	const char *paused = contract_start(c, 2);
	enum instance_state frozen = c->subject->pause ? INSTANCE_PAUSED : INSTANCE_RUNNING;

	if (c->subject->pause)
		c->subject->pause(c, paused);
	contract_wait(c, paused, frozen);
	contract_is(c, runtime_remove(c->rt, created, contract_soon(), &c->err), -ERR_CONFLICT);
	contract_is(c, runtime_remove(c->rt, running, contract_soon(), &c->err), -ERR_CONFLICT);
	contract_is(c, runtime_remove(c->rt, paused, contract_soon(), &c->err), -ERR_CONFLICT);
	assert_int_equal(contract_inspect(c, created).state, INSTANCE_CREATED);
	assert_int_equal(contract_inspect(c, running).state, INSTANCE_RUNNING);
	assert_int_equal(contract_inspect(c, paused).state, frozen);
	contract_ok(c, runtime_start(c->rt, created, contract_soon(), &c->err));
}

static void remove_takes_all_away(void **state)
{
	struct contract *c = *state;
	const char *id = contract_start(c, 0);
	struct observed all = { 0 };
	struct instance seen;

	contract_ok(c, runtime_signal(c->rt, id, SIGKILL, &c->err));
	contract_wait(c, id, INSTANCE_EXITED);
	contract_ok(c, runtime_remove(c->rt, id, contract_soon(), &c->err));
	contract_is(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err), RUNTIME_ABSENT);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 0);
	contract_is(c, runtime_remove(c->rt, id, contract_soon(), &c->err), RUNTIME_ABSENT);
	contract_is(c, runtime_remove(c->rt, ABSENT, contract_soon(), &c->err), RUNTIME_ABSENT);
	contract_is(c, runtime_start(c->rt, id, contract_soon(), &c->err), -ERR_NOT_FOUND);
}

/* Nothing of the first one shows in the second. */
static void removed_id_begins_anew(void **state)
{
	struct contract *c = *state;
	struct instance seen;
	const char *id;

	contract_shell(c, "exit 3");
	id = contract_start(c, 0);
	contract_exited(c, id);
	contract_ok(c, runtime_remove(c->rt, id, contract_soon(), &c->err));
	contract_shell(c, "exec sleep 1000");
	seen = contract_inspect(c, contract_create(c, 0));
	assert_int_equal(seen.state, INSTANCE_CREATED);
	assert_false(seen.has_exit_code);
	assert_int_equal(seen.started.us, 0);
	contract_ok(c, runtime_start(c->rt, id, contract_soon(), &c->err));
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
	assert_int_equal(contract_count_exits(c, id), 1);
}

const struct contract_case contract_life_cases[] = {
	{ "create_makes_one_that_waits", create_makes_one_that_waits },
	{ "create_keeps_the_address", create_keeps_the_address },
	{ "create_again_is_already", create_again_is_already },
	{ "create_without_image_leaves_nothing", create_without_image_leaves_nothing },
	{ "start_lets_it_run", start_lets_it_run },
	{ "start_again_is_already", start_again_is_already },
	{ "start_needs_an_instance", start_needs_an_instance },
	{ "killed_before_its_start", killed_before_its_start },
	{ "half_one_can_only_be_removed", half_one_can_only_be_removed },
	{ "exit_code_is_told_once", exit_code_is_told_once },
	{ "exits_are_told_apart", exits_are_told_apart },
	{ "signal_is_delivered", signal_is_delivered },
	{ "kill_ends_it", kill_ends_it },
	{ "harmless_signal_changes_nothing", harmless_signal_changes_nothing },
	{ "signal_says_who_is_gone", signal_says_who_is_gone },
	{ "signal_thaws_first", signal_thaws_first },
	{ "remove_refuses_the_living", remove_refuses_the_living },
	{ "remove_takes_all_away", remove_takes_all_away },
	{ "removed_id_begins_anew", removed_id_begins_anew },
	{ NULL, NULL },
};
