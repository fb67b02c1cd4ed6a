/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watched sources: what is taken over from files on disk, and that no fault of a source takes
 * anything away. Scans are run in this thread; the store is a real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/runtime_memory.h"
#include "base/fs.h"
#include "controller/accept.h"
#include "controller/sources.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/source_store.h"
#include "store/store.h"
#include "tests/support/node_world.h"

struct world {
	struct node_world *node;
	struct arena *a;
	const char *dir;           /* watched */
	struct source_path path;   /* the one that is scanned */
	struct source_path second; /* another; without a path: none */
	struct source_verdict out; /* of the last scan */
};

static struct runtime *runtimes(struct node_world *w, const struct runtime_sink *sink)
{
	struct runtime_composite_options node = { .node = { .os = "linux", .arch = "amd64" } };

	node_world_ok(w, runtime_memory_open(NULL, sink, &node.primary, &w->err));
	return runtime_composite_new(&node);
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->node = node_world_new(runtimes, NULL);
	w->a = arena_new();
	w->dir = arena_printf(w->a, "%s/watched", w->node->dir);
	w->path = (struct source_path){ .path = w->dir };
	node_world_ok(w->node, fs_mkdirs(AT_FDCWD, w->dir, 0755, &w->node->err));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	source_verdict_done(&w->out);
	node_world_free(w->node);
	arena_free(w->a);
	free(w);
	return 0;
}

static const char *in_dir(struct world *w, const char *name)
{
	return arena_printf(w->a, "%s/%s", w->dir, name);
}

/* Old enough to be nobody's work any more. */
static void age(const char *path)
{
	const struct timespec old[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };

	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static void put(struct world *w, const char *name, const char *text)
{
	node_world_ok(w->node, fs_write_atomic(AT_FDCWD, in_dir(w, name), text, strlen(text), 0644,
					       &w->node->err));
	age(in_dir(w, name));
}

/* A deployment with services s0 to s<n-1>. */
static const char *yaml(struct world *w, const char *name, int n)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);

	buf_printf(&text, "version: v1\ndeployment: %s\nservices:\n", name);
	for (int i = 0; i < n; i++)
		buf_printf(&text, "  s%d: {image: {name: \"busybox:1\"}}\n", i);
	return arena_strdup(w->a, text.data);
}

/* One look; how many deployments shall be other than before. What it wants is handed on and done.
 */
static size_t look(struct world *w)
{
	const struct source_path paths[] = { w->path, w->second };
	struct source_scan *scan = source_scan_new(paths, w->second.path ? 2 : 1, clock_mono());
	size_t n;

	source_verdict_done(&w->out);
	w->out = (struct source_verdict){ .arena = w->a };
	scan->job.run(&scan->job);
	node_world_ok(w->node, source_judge(w->node->session, scan, &w->out, &w->node->err));
	scan->job.drop(&scan->job);
	n = w->out.n_wanted;
	for (size_t i = 0; i < n; i++)
		driver_want(w->node->driver, TAKE(w->out.wanted[i]));
	assert_int_equal(node_world_run(w->node, 20 * CLOCK_SEC), DRIVER_CONVERGED);
	return n;
}

static struct source_row row(struct world *w, const char *path)
{
	struct source_rows rows;

	node_world_ok(w->node,
		      source_store_list(w->node->session->store, w->a, &rows, &w->node->err));
	for (size_t i = 0; i < rows.n; i++)
		if (strcmp(rows.items[i].path, path) == 0)
			return rows.items[i];
	return (struct source_row){ 0 };
}

static size_t n_running(struct world *w)
{
	struct observed seen;

	node_world_ok(w->node,
		      runtime_list(w->node->session->runtimes, w->a, &seen, &w->node->err));
	return seen.n;
}

static size_t n_events(struct world *w, const char *kind)
{
	struct event_rows rows;
	size_t n = 0;

	node_world_ok(w->node,
		      event_store_list(w->node->session->store, &(struct event_filter){ 0 }, w->a,
				       &rows, &w->node->err));
	for (size_t i = 0; i < rows.n; i++)
		n += strcmp(rows.items[i].kind, kind) == 0;
	return n;
}

static void has_problem(struct world *w, const char *path, const char *part)
{
	struct source_row r = row(w, path);

	if (!r.problem || !strstr(r.problem, part))
		fail_msg("%s: problem is '%s', not '%s'", path, r.problem ? r.problem : "(none)",
			 part);
}

static void test_a_file_is_taken_over_once(void **state)
{
	struct world *w = *state;

	put(w, "shop.yaml", yaml(w, "shop", 2));
	put(w, ".hidden.yaml", yaml(w, "hidden", 1));
	put(w, "notes.txt", "no deployment");
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 2);
	assert_int_equal(look(w), 0);
	assert_int_equal(n_events(w, "apply"), 1);
	put(w, "shop.yaml", yaml(w, "shop", 3));
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 3);
}

static void test_what_cannot_be_read_takes_nothing_away(void **state)
{
	struct world *w = *state;
	const char *shop = in_dir(w, "shop.yaml");

	put(w, "shop.yaml", yaml(w, "shop", 2));
	assert_int_equal(look(w), 1);
	put(w, "shop.yaml", "version: v1\ndeployment: shop\nservices: {s0: {image: 1, 2}}\n");
	assert_int_equal(look(w), 0);
	has_problem(w, shop, "line 3: ");
	put(w, "shop.yaml", "version: v1\ndeployment: shop\nservices: {}\n");
	assert_int_equal(look(w), 0);
	has_problem(w, shop, "no services");
	put(w, "shop.yaml", "");
	assert_int_equal(look(w), 0);
	assert_int_equal(unlink(shop), 0);
	assert_int_equal(look(w), 0); /* and the directory is empty now */
	has_problem(w, w->dir, "no deployment file");
	assert_int_equal(rmdir(w->dir), 0);
	assert_int_equal(look(w), 0);
	has_problem(w, w->dir, "No such file");
	assert_int_equal(n_running(w), 2);
	assert_int_equal(n_events(w, "source"), 5); /* each told once */
	assert_int_equal(look(w), 0);
	assert_int_equal(n_events(w, "source"), 5);
}

/* It would break lines of logs, and documents, which are UTF-8. */
static void test_a_name_that_is_no_text(void **state)
{
	struct world *w = *state;

	put(w, "shop.yaml", yaml(w, "shop", 2));
	put(w, "new\nline.yaml", yaml(w, "line", 1));
	put(w, "half\xc3.yaml", yaml(w, "half", 1));
	assert_int_equal(look(w), 1);
	has_problem(w, in_dir(w, "new\xef\xbf\xbdline.yaml"), "no plain text; rename it");
	has_problem(w, in_dir(w, "half\xef\xbf\xbd.yaml"), "no plain text; rename it");
}

static void test_a_file_being_written_is_left_alone(void **state)
{
	struct world *w = *state;
	int fd;

	put(w, "shop.yaml", yaml(w, "shop", 2));
	assert_int_equal(look(w), 1);
	/* Cut in the middle, valid by chance, and the writer is not done. */
	fd = open(in_dir(w, "shop.yaml"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	node_world_ok(w->node, fs_write_all(fd, yaml(w, "shop", 1), strlen(yaml(w, "shop", 1)),
					    &w->node->err));
	assert_int_equal(look(w), 0);
	assert_true(w->out.is_unsettled);
	age(in_dir(w, "shop.yaml"));
	assert_int_equal(look(w), 0); /* old by its time, but still open */
	assert_true(w->out.is_unsettled);
	assert_int_equal(n_running(w), 2);
	close(fd);
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 1);
}

static void test_a_file_that_vanished(void **state)
{
	struct world *w = *state;

	put(w, "other.yaml", yaml(w, "other", 1));
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 2);
	assert_int_equal(unlink(in_dir(w, "shop.yaml")), 0);
	assert_int_equal(look(w), 0);
	assert_int_equal(n_running(w), 2);
	assert_true(row(w, in_dir(w, "shop.yaml")).gone.us > 0);
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 0);
	assert_true(row(w, in_dir(w, "shop.yaml")).gone.us == 0);

	/* Under another name it has not vanished, prune or not. */
	w->path.prune = true;
	assert_int_equal(rename(in_dir(w, "shop.yaml"), in_dir(w, "store.yaml")), 0);
	(void)look(w);
	assert_int_equal(n_running(w), 2);
	assert_null(row(w, in_dir(w, "shop.yaml")).path);
	assert_int_equal(unlink(in_dir(w, "store.yaml")), 0);
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 1);
	/* And it may come back. */
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 2);
}

/* Which deployment a new file gives is not known while somebody writes it, or when it does not
 * parse: it may be the one that has just vanished. */
static void test_nothing_vanishes_beside_what_is_not_known(void **state)
{
	struct world *w = *state;
	const char *new = in_dir(w, "store.yaml");
	int fd;

	w->path.prune = true;
	put(w, "other.yaml", yaml(w, "other", 1));
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 2);
	assert_int_equal(rename(in_dir(w, "shop.yaml"), new), 0);
	fd = open(new, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(look(w), 0);
	assert_true(w->out.is_unsettled);
	close(fd);
	put(w, "store.yaml", "version: v1\ndeployment: sho");
	assert_int_equal(look(w), 0);
	assert_int_equal(n_running(w), 2);
	has_problem(w, in_dir(w, "shop.yaml"), "kept for as long as");
	has_problem(w, in_dir(w, "shop.yaml"), "store.yaml cannot be understood");
	put(w, "store.yaml", yaml(w, "shop", 1));
	(void)look(w);
	assert_int_equal(n_running(w), 2);
	assert_int_equal(n_events(w, "exited"), 0); /* and it is the one that ran before */
}

/* The name inside a file changes: the deployment before is none of the file's any more. */
static void test_a_file_gives_another_deployment(void **state)
{
	struct world *w = *state;
	const char *old = arena_printf(w->a, "%s:web", in_dir(w, "web.yaml"));

	put(w, "web.yaml", yaml(w, "web", 1));
	assert_int_equal(look(w), 1);
	put(w, "web.yaml", yaml(w, "web2", 1));
	assert_int_equal(look(w), 1);
	assert_true(w->out.is_unsettled);
	assert_int_equal(look(w), 0);
	assert_int_equal(n_running(w), 2);
	assert_true(row(w, old).gone.us > 0);
	w->path.prune = true;
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 1);
	assert_null(row(w, old).path);
}

static void test_a_watched_file_that_is_gone(void **state)
{
	struct world *w = *state;

	w->path = (struct source_path){ in_dir(w, "shop.yaml"), true };
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 1);
	assert_int_equal(unlink(w->path.path), 0);
	assert_int_equal(look(w), 0);
	has_problem(w, w->path.path, "No such file");
	assert_int_equal(n_running(w), 1);
}

static void test_two_files_of_one_deployment(void **state)
{
	struct world *w = *state;

	put(w, "b.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 1);
	put(w, "a.yaml", yaml(w, "Shop", 2));
	assert_int_equal(look(w), 0);
	has_problem(w, in_dir(w, "a.yaml"), "b.yaml already");
	assert_int_equal(n_running(w), 1);
}

static void swap(struct world *w, const char *a, const char *b)
{
	assert_int_equal(renameat2(AT_FDCWD, in_dir(w, a), AT_FDCWD, in_dir(w, b), RENAME_EXCHANGE),
			 0);
}

/* What files give is exchanged between them: nothing vanishes, nothing is refused. */
static void test_files_exchange_deployments(void **state)
{
	struct world *w = *state;

	w->path.prune = true;
	put(w, "a.yaml", yaml(w, "one", 1));
	put(w, "b.yaml", yaml(w, "two", 2));
	put(w, "c.yaml", yaml(w, "three", 3));
	assert_int_equal(look(w), 3);
	swap(w, "a.yaml", "b.yaml");
	swap(w, "b.yaml", "c.yaml"); /* two, three, one */
	assert_int_equal(look(w), 3);
	assert_string_equal(row(w, in_dir(w, "a.yaml")).deployment, "two");
	assert_string_equal(row(w, in_dir(w, "b.yaml")).deployment, "three");
	assert_string_equal(row(w, in_dir(w, "c.yaml")).deployment, "one");
	assert_int_equal(look(w), 0);
	assert_int_equal(n_events(w, "source"), 0);

	/* In the middle of it: one stays, so the one that wants its name keeps its own, too. */
	put(w, "a.yaml", yaml(w, "three", 3));
	put(w, "b.yaml", yaml(w, "one", 1));
	assert_int_equal(look(w), 0);
	has_problem(w, in_dir(w, "a.yaml"), "b.yaml already");
	has_problem(w, in_dir(w, "b.yaml"), "c.yaml already");
	put(w, "c.yaml", yaml(w, "two", 2));
	assert_int_equal(look(w), 3);
	assert_null(row(w, in_dir(w, "a.yaml")).problem);
	assert_int_equal(n_running(w), 6);
	assert_int_equal(n_events(w, "exited"), 0);
}

/* One source cannot be reached while another is edited: there are never two that give one. */
static void test_an_unreachable_source_keeps_its_own(void **state)
{
	struct world *w = *state;
	const char *away = arena_printf(w->a, "%s/away", w->node->dir);

	w->second.path = arena_printf(w->a, "%s/second", w->node->dir);
	node_world_ok(w->node, fs_mkdirs(AT_FDCWD, w->second.path, 0755, &w->node->err));
	put(w, "../second/shop.yaml", yaml(w, "shop", 2));
	put(w, "other.yaml", yaml(w, "other", 1));
	assert_int_equal(look(w), 2);
	assert_int_equal(rename(w->second.path, away), 0);
	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 0);
	has_problem(w, in_dir(w, "shop.yaml"), "second/shop.yaml already");
	assert_int_equal(n_running(w), 3);
	assert_int_equal(rename(away, w->second.path), 0);
	assert_int_equal(look(w), 0);
	assert_int_equal(n_running(w), 3);
}

static void test_too_much_waits_for_a_person(void **state)
{
	struct world *w = *state;
	struct store_txn *txn CLEAN(store_txn) = NULL;
	const char *plan;

	put(w, "big.yaml", yaml(w, "big", 9));
	put(w, "small.yaml", yaml(w, "small", 1));
	assert_int_equal(look(w), 2);
	put(w, "big.yaml", yaml(w, "big", 7)); /* two may always go */
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 8);
	put(w, "big.yaml", yaml(w, "big", 4));
	put(w, "small.yaml", yaml(w, "small", 2)); /* takes nothing away, and goes on */
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 9);
	plan = row(w, in_dir(w, "big.yaml")).waits;
	assert_non_null(plan);
	has_problem(w, in_dir(w, "big.yaml"),
		    "removing 3 of 8 services waits for 'tallyman approve");
	assert_int_equal(look(w), 0);
	assert_string_equal(row(w, in_dir(w, "big.yaml")).waits, plan);

	node_world_ok(w->node,
		      store_begin(w->node->session->store, ERROR_HERE, &txn, &w->node->err));
	node_world_ok(w->node, source_store_approve(w->node->session->store, plan, clock_wall(),
						    &w->node->err));
	node_world_ok(w->node, store_commit(&txn, &w->node->err));
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 6);
	assert_null(row(w, in_dir(w, "big.yaml")).waits);
}

static void test_nobodys_environment(void **state)
{
	struct world *w = *state;

	put(w, "shop.yaml",
	    "version: v1\ndeployment: shop\n"
	    "services: {s0: {image: {name: \"busybox:1\"}, env: {HOME: \"$E:HOME\"}}}\n");
	assert_int_equal(look(w), 0);
	has_problem(w, in_dir(w, "shop.yaml"), "HOME is not set");
}

static void test_what_a_person_took_down_stays_down(void **state)
{
	struct world *w = *state;
	const struct accept_from person = { NULL, "test", .by_person = true };
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct deployment_row deployment;

	put(w, "shop.yaml", yaml(w, "shop", 1));
	assert_int_equal(look(w), 1);
	node_world_ok(w->node,
		      store_begin(w->node->session->store, ERROR_HERE, &txn, &w->node->err));
	node_world_ok(w->node,
		      accept_down(w->node->session->store, "shop", &person, &w->node->err));
	node_world_ok(w->node, store_commit(&txn, &w->node->err));
	put(w, "shop.yaml", yaml(w, "shop", 2));
	assert_int_equal(look(w), 1);
	assert_int_equal(n_running(w), 0);
	node_world_ok(w->node, deployment_store_find(w->node->session->store, "shop", w->a,
						     &deployment, &w->node->err));
	assert_int_equal(deployment.wish, DEPLOYMENT_NOTHING);
	assert_int_equal(deployment.revision, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_is_taken_over_once),
		TEST(test_what_cannot_be_read_takes_nothing_away),
		TEST(test_a_name_that_is_no_text),
		TEST(test_a_file_being_written_is_left_alone),
		TEST(test_a_file_that_vanished),
		TEST(test_nothing_vanishes_beside_what_is_not_known),
		TEST(test_a_file_gives_another_deployment),
		TEST(test_a_watched_file_that_is_gone),
		TEST(test_two_files_of_one_deployment),
		TEST(test_files_exchange_deployments),
		TEST(test_an_unreachable_source_keeps_its_own),
		TEST(test_too_much_waits_for_a_person),
		TEST(test_nobodys_environment),
		TEST(test_what_a_person_took_down_stays_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
