/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A directory of its own for each test, a store in it, and rows to put there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/node_store.h"
#include "store/slot_store.h"
#include "store/store.h"

struct fixture {
	char dir[64];
	struct arena *arena;
	struct store *store;
	struct error err;
	struct wall now;
};

static inline int fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	/* Memory where there is some: the tests sync a lot. */
	snprintf(f->dir, sizeof(f->dir), "/dev/shm/tallyman-store-XXXXXX");
	if (!mkdtemp(f->dir)) {
		snprintf(f->dir, sizeof(f->dir), "/tmp/tallyman-store-XXXXXX");
		assert_non_null(mkdtemp(f->dir));
	}
	f->arena = arena_new();
	f->now.us = INT64_C(1700000000000000);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* 0 or an outcome; a failure fails the test with its message. */
#define ok(f, call)                                                                                \
	({                                                                                         \
		int ok_ = (call);                                                                  \
		if (ok_ < 0)                                                                       \
			fail_msg("%s: %s", #call, (f)->err.msg);                                   \
		ok_;                                                                               \
	})

static inline int fixture_open(struct fixture *f, enum store_mode mode)
{
	struct store_options opts = { .dir = f->dir, .mode = mode, .now = f->now };

	opts.command = "store test";
	return store_open(&opts, &f->store, &f->err);
}

static inline void fixture_close(struct fixture *f)
{
	store_close(TAKE(f->store));
}

static inline struct store_txn *fixture_begin(struct fixture *f)
{
	struct store_txn *txn = NULL;

	ok(f, store_begin(f->store, ERROR_HERE, &txn, &f->err));
	return txn;
}

static inline const char *fixture_path(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->dir, name);
}

static inline struct revision_row fixture_revision(const char *text, struct wall now)
{
	return (struct revision_row){
		.bytes = text,
		.n_bytes = strlen(text),
		.env = "{}",
		.source = "/srv/shop.yaml",
		.author = "root",
		.created = now,
	};
}

static inline void fixture_put(struct fixture *f, const char *name, const char *text)
{
	struct revision_row rev = fixture_revision(text, f->now);
	int64_t number;

	ok(f, deployment_store_put(f->store, name, &rev, true, &number, &f->err));
}

static inline struct instance fixture_instance(struct fixture *f, const char *deployment,
					       const char *service, unsigned slot,
					       unsigned generation)
{
	return (struct instance){
		.id = arena_printf(f->arena, "%s.%s-rep-%u.%u", deployment, service, slot,
				   generation),
		.deployment = deployment,
		.service = service,
		.slot = slot,
		.generation = generation,
		.runtime = "youki",
		.state = INSTANCE_RUNNING,
		.pid = 4711,
		.start_time = 99,
		.boot_id = "b00t",
		.config_hash = "h1:0",
		.image = "busybox:1",
	};
}
