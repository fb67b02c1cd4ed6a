/* SPDX-License-Identifier: Apache-2.0 */
/* The commands' moves without a command line. See the header. */
#include "tests/support/node_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "store/deployment_store.h"
#include "store/store.h"

void node_world_ok(struct node_world *w, int r)
{
	if (r < 0)
		fail_msg("result %d: %s", r, w->err.msg);
}

void node_world_open(struct node_world *w)
{
	const struct session_options options = {
		.layout = { "t-node", arena_printf(w->arena, "%s/state", w->dir),
			    arena_printf(w->arena, "%s/run", w->dir) },
		.runtime = "memory",
		.command = "test",
	};
	struct driver_options driver = { .arg = w };
	struct runtime_sink sink;

	node_world_ok(w, loop_new(&w->loop, &w->err));
	w->inbox = inbox_new(loop_bell(w->loop));
	sink = inbox_sink(w->inbox);
	node_world_ok(w, session_open(&options, SESSION_CHANGE, &sink, &w->session, &w->err));
	runtime_close(w->session->runtimes);
	w->session->runtimes = w->runtimes(w, &sink);
	driver.session = w->session;
	driver.loop = w->loop;
	driver.inbox = w->inbox;
	node_world_ok(w, driver_new(&driver, &w->driver, &w->err));
}

void node_world_close(struct node_world *w)
{
	driver_free(TAKE(w->driver));
	session_close(TAKE(w->session));
	inbox_free(TAKE(w->inbox));
	loop_free(TAKE(w->loop));
}

struct node_world *node_world_new(node_world_runtimes *runtimes, void *arg)
{
	struct node_world *w = xcalloc(1, sizeof(*w));

	/* Memory where there is some: the store syncs a lot. */
	snprintf(w->dir, sizeof(w->dir), "/dev/shm/tallyman-node-XXXXXX");
	if (!mkdtemp(w->dir)) {
		snprintf(w->dir, sizeof(w->dir), "/tmp/tallyman-node-XXXXXX");
		assert_non_null(mkdtemp(w->dir));
	}
	w->arena = arena_new();
	w->runtimes = runtimes;
	w->arg = arg;
	node_world_open(w);
	return w;
}

void node_world_free(struct node_world *w)
{
	node_world_close(w);
	node_world_ok(w, fs_remove_tree(AT_FDCWD, w->dir, &w->err));
	arena_free(w->arena);
	free(w);
}

static void put_revision(struct node_world *w, const char *name, const char *yaml, const char *env)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	const struct revision_row rev = { .bytes = yaml,
					  .n_bytes = strlen(yaml),
					  .env = env,
					  .source = "test.yaml",
					  .author = "test",
					  .created = clock_wall() };
	int64_t number;

	node_world_ok(w, store_begin(w->session->store, ERROR_HERE, &txn, &w->err));
	node_world_ok(w,
		      deployment_store_put(w->session->store, name, &rev, true, &number, &w->err));
	node_world_ok(w, store_commit(&txn, &w->err));
}

void node_world_apply(struct node_world *w, const char *yaml)
{
	struct arena *a = arena_new(); /* the wanted one's from the call on */
	struct wanted *wanted = NULL;
	struct deployment *d = NULL;
	struct findings findings;
	const char *env;

	findings_init(&findings, a, "test.yaml");
	if (parse_deployment(yaml, strlen(yaml), a, &findings, &d, &w->err) < 0)
		fail_msg("the test's own file: %s", findings.items[0].message);
	node_world_ok(w, wanted_from_deployment(w->session, &(struct wanted_file){ a, d, NULL },
						&wanted, &env, &w->err));
	put_revision(w, d->name, yaml, env);
	wanted->is_asked = true;
	driver_want(w->driver, wanted);
}

void node_world_again(struct node_world *w, const char *name)
{
	struct wanted *wanted = NULL;

	node_world_ok(w, wanted_from_store(w->session, name, &wanted, &w->err));
	wanted->is_asked = true;
	driver_want(w->driver, wanted);
}

void node_world_down(struct node_world *w, const char *name)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;

	node_world_ok(w, store_begin(w->session->store, ERROR_HERE, &txn, &w->err));
	node_world_ok(w, deployment_store_wish(w->session->store, name, DEPLOYMENT_NOTHING, true,
					       clock_wall(), &w->err));
	node_world_ok(w, store_commit(&txn, &w->err));
	node_world_again(w, name);
}

enum driver_end node_world_run(struct node_world *w, int64_t limit_us)
{
	enum driver_end end = DRIVER_TIMED_OUT;
	struct mono deadline = mono_add(clock_mono(), limit_us);

	node_world_ok(w, driver_run(w->driver, deadline, &end, &w->err));
	return end;
}
