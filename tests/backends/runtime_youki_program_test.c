/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bad days of the program: not there, in the way, without an answer, cut off in the middle.
 * Whatever it does, the answer is an error that says so, nothing half made stays, and the same
 * thing works as soon as the program does.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/oci_cgroup.h"
#include "base/fs.h"
#include "tests/support/bad_program.h"

static struct mono soon(void)
{
	return mono_add(clock_mono(), 30 * CLOCK_SEC);
}

/* Long enough for a program that answers, on a busy machine or not: it is the stalled one that
 * waits for it. */
static struct mono shortly(void)
{
	return mono_add(clock_mono(), 700 * CLOCK_MS);
}

static struct instance_spec spec_by(const struct bad_program *b, uint64_t generation)
{
	struct instance_spec spec = youki_world_spec(b->w, "web", 0, generation);

	spec.oci_path = b->path;
	return spec;
}

static int create(struct youki_world *w, const struct instance_spec *spec, struct mono deadline)
{
	struct instance in;

	w->err = ERROR_INIT;
	return runtime_create(w->rt, spec, deadline, w->arena, &in, &w->err);
}

/* No instance, bundle, state directory, control group or FIFO. */
static void expect_nothing(struct youki_world *w, const char *id)
{
	const char *root = layout_oci_root(&w->layout, w->arena, w->program);
	struct observed seen;
	struct oci_cgroups c;
	struct instance in;

	youki_world_ok(w, runtime_list(w->rt, w->arena, &seen, &w->err));
	assert_int_equal(seen.n, 0);
	assert_int_equal(runtime_inspect(w->rt, id, w->arena, &in, &w->err), RUNTIME_ABSENT);
	assert_int_equal(fs_is_empty(AT_FDCWD, layout_bundles(&w->layout, w->arena), &w->err),
			 FS_EMPTY);
	assert_int_equal(fs_is_empty(AT_FDCWD, root, &w->err), FS_EMPTY);
	assert_int_equal(fs_is_empty(AT_FDCWD, layout_fifos(&w->layout, w->arena), &w->err),
			 FS_EMPTY);
	youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
	for (size_t i = 0; i < c.n; i++)
		assert_int_equal(
			fs_exists(AT_FDCWD,
				  arena_printf(w->arena, "%s%s", c.items[i].mount,
					       oci_cgroup_path(&c, w->arena, w->owner, id)),
				  &w->err),
			0);
}

static void expect_works(const struct bad_program *b, uint64_t generation)
{
	struct youki_world *w = b->w;
	const struct instance_spec spec = spec_by(b, generation);

	bad_program_set(b, "", NULL);
	youki_world_ok(w, create(w, &spec, soon()));
	youki_world_ok(w, runtime_start(w->rt, spec.id, soon(), &w->err));
	youki_world_wait(w, spec.id, INSTANCE_RUNNING);
	youki_world_end(w, spec.id);
	expect_nothing(w, spec.id);
}

/* --- before it has ever worked --- */

static void test_not_there(void **state)
{
	static const struct {
		const char *path, *why;
	} cases[] = {
		{ "/nowhere/youki", "/nowhere/youki: No such file" },
		{ "/etc/passwd", "/etc/passwd: Permission denied" },
		{ "/bin/true", "names neither youki, crun nor runc" },
	};
	struct youki_world *w = *state;
	struct instance_spec spec = youki_world_spec(w, "web", 0, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		spec.oci_path = cases[i].path;
		assert_int_equal(create(w, &spec, soon()), -ERR_UNSUPPORTED);
		if (!strstr(w->err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].path, w->err.msg);
		assert_non_null(strstr(w->err.hint, "runtime.oci.path"));
		expect_nothing(w, spec.id);
	}
	/* What is configured counts now, not what was when the runtime was opened. */
	spec.oci_path = w->program_path;
	youki_world_ok(w, create(w, &spec, soon()));
	youki_world_end(w, spec.id);
}

static const struct {
	const char *verb, *action, *why;
} refusals[] = {
	{ "--version", "rubbish", "--version printed" },
	{ "--version", "fail", "--version printed" },
	{ "create", "fail", "create" },
	{ "create", "rubbish", "state" },
	{ "state", "rubbish", "not a container's state" },
};

/* It does not pass the probe: no instance is begun, and the next try asks again once the file is
 * another one. */
static void test_refuses(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = bad_program_new(w);
	const struct instance_spec spec = spec_by(&b, 1);

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		bad_program_mend(&b);
		bad_program_set(&b, refusals[i].verb, refusals[i].action);
		assert_int_equal(create(w, &spec, soon()), -ERR_UNSUPPORTED);
		assert_int_equal(bad_program_hits(&b), 1);
		if (!strstr(w->err.msg, "no OCI runtime works") ||
		    !strstr(w->err.msg, refusals[i].why))
			fail_msg("%s %s: %s", refusals[i].verb, refusals[i].action, w->err.msg);
		expect_nothing(w, spec.id);
	}
	/* What a delete does not do, we do. */
	bad_program_mend(&b);
	bad_program_set(&b, "delete", "fail");
	youki_world_ok(w, create(w, &spec, soon()));
	youki_world_end(w, spec.id);
	expect_nothing(w, spec.id);
}

/* No answer is no refusal: the same may work the next time, and is asked again. */
static void test_probe_stalls(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = bad_program_new(w);
	const struct instance_spec spec = spec_by(&b, 1);

	bad_program_set(&b, "create", "stall");
	assert_int_equal(create(w, &spec, shortly()), -ERR_UNAVAILABLE);
	assert_int_equal(bad_program_hits(&b), 1);
	expect_nothing(w, spec.id);
	expect_works(&b, 1);
}

/* --- after it has worked --- */

/* The script has passed its probe; it misbehaves from now on. */
static struct bad_program passed(struct youki_world *w)
{
	struct bad_program b = bad_program_new(w);

	expect_works(&b, 1);
	return b;
}

/* Children of a program that was killed go on for a moment, and may make a group or a directory
 * anew after all was removed. That is found, as half an instance, and goes like one. */
static void clear_stragglers(struct youki_world *w)
{
	struct observed seen;

	for (int i = 0; i < 20; i++) {
		clock_sleep(5 * CLOCK_MS);
		youki_world_ok(w, runtime_list(w->rt, w->arena, &seen, &w->err));
		for (size_t k = 0; k < seen.n; k++) {
			assert_int_equal(seen.instances[k].state, INSTANCE_BROKEN);
			youki_world_end(w, seen.instances[k].id);
		}
	}
}

static void test_create(void **state)
{
	static const struct {
		const char *action;
		int result;
	} cases[] = {
		{ "stall", -ERR_TIMEOUT },
		{ "fail", -ERR_IO },
		{ "die", -ERR_IO },
		/* It says that all went well, and made nothing. */
		{ "rubbish", -ERR_NOT_FOUND },
	};
	struct youki_world *w = *state;
	struct bad_program b = passed(w);
	const struct instance_spec spec = spec_by(&b, 2);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bad_program_set(&b, "create", cases[i].action);
		if (create(w, &spec, shortly()) != cases[i].result)
			fail_msg("%s: %s", cases[i].action, w->err.msg);
		assert_int_equal(bad_program_hits(&b), 1);
		if (strcmp(cases[i].action, "die") == 0)
			clear_stragglers(w);
		expect_nothing(w, spec.id);
	}
	expect_works(&b, 2);
}

static const char *made(const struct bad_program *b, uint64_t generation)
{
	const struct instance_spec spec = spec_by(b, generation);

	bad_program_set(b, "", NULL);
	youki_world_ok(b->w, create(b->w, &spec, soon()));
	return spec.id;
}

static struct instance look(struct youki_world *w, const char *id)
{
	struct instance in = { .state = INSTANCE_UNKNOWN };

	youki_world_ok(w, runtime_inspect(w->rt, id, w->arena, &in, &w->err));
	return in;
}

/* A start without an answer may be tried again; one that was refused leaves half an instance with
 * its process, to be ended and removed. */
static void test_start(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = passed(w);
	const char *id = made(&b, 2);
	struct instance in;

	bad_program_set(&b, "start", "stall");
	assert_int_equal(runtime_start(w->rt, id, shortly(), &w->err), -ERR_TIMEOUT);
	assert_int_equal(look(w, id).state, INSTANCE_CREATED);
	bad_program_set(&b, "", NULL);
	youki_world_ok(w, runtime_start(w->rt, id, soon(), &w->err));
	youki_world_wait(w, id, INSTANCE_RUNNING);
	youki_world_end(w, id);

	id = made(&b, 3);
	bad_program_set(&b, "start", "fail");
	assert_int_equal(runtime_start(w->rt, id, soon(), &w->err), -ERR_IO);
	assert_non_null(strstr(w->err.msg, "rubbish"));
	in = look(w, id);
	assert_int_equal(in.state, INSTANCE_BROKEN);
	assert_true(in.pid > 0);
	assert_int_equal(runtime_start(w->rt, id, soon(), &w->err), -ERR_CONFLICT);
	bad_program_set(&b, "", NULL);
	youki_world_end(w, id);
	expect_nothing(w, id);
}

/* The container runs, and its program does not know it. */
static void test_start_cut_off(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = passed(w);
	const char *id = made(&b, 2);
	struct instance in;
	int r;

	bad_program_set(&b, "start", "cut");
	r = runtime_start(w->rt, id, soon(), &w->err);
	assert_int_equal(bad_program_hits(&b), 1);
	in = look(w, id);
	assert_true(in.pid > 0);
	if (r == RUNTIME_ALREADY) { /* it found out */
		assert_int_equal(in.state, INSTANCE_RUNNING);
	} else {
		assert_int_equal(r, -ERR_IO);
		assert_int_equal(in.state, INSTANCE_BROKEN);
	}
	bad_program_set(&b, "", NULL);
	youki_world_end(w, id);
	expect_works(&b, 3);
}

/* Only a delete that never ends holds up a removal: what one refuses is removed all the same. */
static void test_delete(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = passed(w);
	const char *id = made(&b, 2);

	youki_world_ok(w, runtime_signal(w->rt, id, SIGKILL, &w->err));
	youki_world_wait(w, id, INSTANCE_EXITED);
	bad_program_set(&b, "delete", "stall");
	assert_int_equal(runtime_remove(w->rt, id, shortly(), &w->err), -ERR_TIMEOUT);
	assert_int_equal(look(w, id).state, INSTANCE_EXITED);
	bad_program_set(&b, "delete", "fail");
	youki_world_ok(w, runtime_remove(w->rt, id, soon(), &w->err));
	assert_int_equal(bad_program_hits(&b), 1);
	expect_nothing(w, id);
}

/* Gone after it made containers: the view fails, it never says that they are absent, and another
 * program makes new ones. */
static void test_disappears(void **state)
{
	struct youki_world *w = *state;
	struct bad_program b = passed(w);
	const char *id = made(&b, 2);
	struct instance_spec other = youki_world_spec(w, "db", 0, 1);
	struct observed seen;

	youki_world_ok(w, runtime_start(w->rt, id, soon(), &w->err));
	bad_program_move(&b, true);
	assert_int_equal(runtime_list(w->rt, w->arena, &seen, &w->err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(w->err.msg, b.path));
	assert_int_equal(look(w, id).state, INSTANCE_RUNNING);
	assert_int_equal(runtime_remove(w->rt, id, soon(), &w->err), -ERR_CONFLICT);
	other.oci_path = w->program_path;
	youki_world_ok(w, create(w, &other, soon()));
	/* Ending it needs nobody; taking its state away does. */
	youki_world_ok(w, runtime_signal(w->rt, id, SIGKILL, &w->err));
	youki_world_wait(w, id, INSTANCE_EXITED);
	w->err = ERROR_INIT;
	assert_int_equal(runtime_remove(w->rt, id, soon(), &w->err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(w->err.hint, "install"));
	youki_world_reopen(w);
	assert_int_equal(runtime_list(w->rt, w->arena, &seen, &w->err), -ERR_UNAVAILABLE);

	bad_program_move(&b, false);
	youki_world_ok(w, runtime_list(w->rt, w->arena, &seen, &w->err));
	assert_int_equal(seen.n, 2);
	youki_world_ok(w, runtime_remove(w->rt, id, soon(), &w->err));
	youki_world_end(w, other.id);
	expect_nothing(w, id);
}

/* How many programs a create started. */
static uint64_t started_by_create(const struct bad_program *b, uint64_t generation, int result)
{
	const struct instance_spec spec = spec_by(b, generation);
	uint64_t before = process_count();

	assert_int_equal(create(b->w, &spec, soon()), result);
	before = process_count() - before;
	if (result == 0)
		youki_world_end(b->w, spec.id);
	return before;
}

/* What was proved once is true for the next shim, until the file is another one or it fails. */
static void test_verdict_lasts(void **state)
{
	enum { ALONE = 1, PROVED = 1 + 4 }; /* the version, and the probe's create, state, delete */
	struct youki_world *w = *state;
	struct bad_program b = bad_program_new(w);
	struct runtime_info info;
	uint64_t before;

	bad_program_set(&b, "", NULL);
	assert_int_equal(started_by_create(&b, 1, 0), PROVED);
	assert_int_equal(started_by_create(&b, 2, 0), ALONE);
	youki_world_reopen(w);
	assert_int_equal(started_by_create(&b, 3, 0), ALONE);

	bad_program_mend(&b);
	bad_program_set(&b, "", NULL);
	youki_world_reopen(w);
	assert_int_equal(started_by_create(&b, 4, 0), PROVED);

	youki_world_reopen(w);
	bad_program_set(&b, "create", "fail");
	assert_int_equal(started_by_create(&b, 5, -ERR_IO), ALONE);
	bad_program_set(&b, "", NULL);
	assert_int_equal(started_by_create(&b, 5, 0), PROVED);

	/* Who asks which programs work wants to know, not to be told. */
	youki_world_end(w, youki_world_run(w, "db"));
	youki_world_reopen(w);
	before = process_count();
	youki_world_ok(w, runtime_probe(w->rt, w->arena, &info, &w->err));
	assert_int_equal(process_count() - before, PROVED - ALONE);
}

static char current[16];

static int setup(void **state)
{
	*state = youki_world_new(current);
	return 0;
}

static int teardown(void **state)
{
	youki_world_free(*state);
	return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_not_there), CASE(test_refuses),    CASE(test_probe_stalls),
		CASE(test_create),    CASE(test_start),      CASE(test_start_cut_off),
		CASE(test_delete),    CASE(test_disappears), CASE(test_verdict_lasts),
	};
	static const char *const programs[] = { "crun", "runc", "youki" };
	int failed = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *missing = youki_world_missing(programs[i]);

		if (missing) {
			printf("SKIP %s %s\n", programs[i], missing);
			continue;
		}
		snprintf(current, sizeof(current), "%s", programs[i]);
		failed += cmocka_run_group_tests_name(programs[i], tests, NULL, NULL);
		printf("RAN %s %zu\n", programs[i], sizeof(tests) / sizeof(tests[0]));
	}
	return failed;
}
