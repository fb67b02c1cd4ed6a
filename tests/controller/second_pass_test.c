/* SPDX-License-Identifier: Apache-2.0 */
/*
 * T45: whatever the file, a second pass over an unchanged world plans nothing and does nothing.
 * Over all documents that the format's own tests accept, ours and upstream's where ../shared is
 * there.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "controller/plan_render.h"
#include "specs/parse.h"
#include "tests/controller/core_play.h"
#include "tests/controller/core_wish.h"

#define HOUR_US (3600 * CLOCK_SEC)

/* NULL: refused by one of our stricter rules (specs/FORMAT.md). */
static const struct deployment *parse(const char *bytes, size_t n, struct arena *a)
{
	struct findings findings;
	struct deployment *d = NULL;

	findings_init(&findings, a, "document");
	return parse_deployment(bytes, n, a, &findings, &d, NULL) < 0 ? NULL : d;
}

static void check_plans(const char *name, const struct deployment *d)
{
	const struct core_asker by = { .now = { { CLOCK_SEC }, { CLOCK_SEC }, "boot-1" },
				       .is_asked = true };
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .current = d };
	struct desired wanted = core_wish_expand(&w, a);
	struct core_world world;
	struct plan p;

	core_world_init(&world);
	p = core_world_plan(&world, &wanted, &by, a);
	core_world_carry_out(&world, &p, &wanted);
	for (unsigned i = 0; i < 2; i++) {
		p = core_world_plan(&world, &wanted, &by, a);
		if (p.n_steps)
			fail_msg("%s: %s", name, plan_render_change(&p.changes[0], a));
	}
	core_world_done(&world);
}

/* The loop: up, and from then on nothing; not for another look, not for another controller, not
 * for the same file again, not with time. */
static void check_loop(const char *name, const struct deployment *d)
{
	struct core_play p;

	core_play_init(&p);
	(void)core_play_wish_deployment(&p, d);
	core_play_run(&p, HOUR_US);
	if (p.up.overall != RECONCILE_CONVERGED && p.up.overall != RECONCILE_STUCK)
		fail_msg("%s: it neither converges nor gets stuck", name);
	for (unsigned i = 0; i < 4; i++) {
		unsigned n_looks = p.n_looks;
		if (i == 0)
			(void)core_play_lose(&p);
		else if (i == 1)
			(void)core_play_restart(&p);
		else if (i == 2)
			(void)core_play_wish_deployment(&p, d);
		if (i < 3)
			(void)core_play_look(&p);
		if (p.up.n_steps || p.up.n_slots || p.up.wake.us)
			fail_msg("%s: another pass does something: %s", name, p.said.data);
		(void)core_play_wait(&p, HOUR_US);
		assert_int_equal(p.up.flags, 0);
		assert_true(p.n_looks <= n_looks + 1);
	}
	core_play_done(&p);
}

static size_t check_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct arena *a CLEAN(arena) = arena_new();
		struct buf b CLEAN(buf) = BUF_INIT(2 * LIMIT_SPEC_BYTES);
		struct error err = ERROR_INIT;
		if (!strstr(e->d_name, ".yaml") && !strstr(e->d_name, ".json"))
			continue;
		if (fs_read(dirfd(dir), e->d_name, &b, &err) < 0)
			fail_msg("%s", err.msg);
		const struct deployment *d = parse(b.data, b.n, a);
		if (!d)
			continue;
		check_plans(e->d_name, d);
		check_loop(e->d_name, d);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static void test_own_documents(void **state)
{
	(void)state;
	assert_true(check_folder(TEST_SOURCE_DIR "/tests/specs/docs/accept") >= 25);
}

static void test_corpus(void **state)
{
	(void)state;
	size_t n = check_folder(TEST_SHARED_DIR "/corpus/zlayer/accept");
	if (n == 0)
		skip();
	assert_true(n >= 110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_documents),
		cmocka_unit_test(test_corpus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
