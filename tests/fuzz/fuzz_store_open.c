/* SPDX-License-Identifier: Apache-2.0 */
/* links: store */
/* Any bytes as a database file: a reader and a writer open it or fail, and what opened can be
 * read to its end. The first byte chooses how much of a sound store stands around the bytes. */
#include <assert.h>
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

static struct arena *arena;
static char dir[64];

/* The bytes of a small sound store, made once. */
static struct buf sound = { 0 };

static void read_everything(struct store *s)
{
	struct deployment_rows deployments;
	struct revision_rows revisions;
	struct instance_rows instances;
	struct intent_rows intents;
	struct event_filter all = { 0 };
	struct event_rows events;
	struct slot_rows slots;
	struct node_row node;

	if (node_store_load(s, &node, NULL) == 0 &&
	    deployment_store_list(s, arena, &deployments, NULL) == 0 &&
	    deployment_store_history(s, "shop", arena, &revisions, NULL) == 0 &&
	    instance_store_list(s, NULL, arena, &instances, NULL) == 0 &&
	    slot_store_list(s, NULL, arena, &slots, NULL) == 0 &&
	    intent_store_list(s, arena, &intents, NULL) == 0)
		(void)event_store_list(s, &all, arena, &events, NULL);
}

static void open_one(enum store_mode mode)
{
	struct store_options opts = { .dir = dir, .mode = mode };
	struct store *s = NULL;
	struct error err = ERROR_INIT;
	int r = store_open(&opts, &s, &err);

	assert(r >= 0 || err.msg[0]);
	assert((r == 0) == (s != NULL));
	if (s)
		read_everything(s);
	store_close(s);
}

static void init(void)
{
	char path[96];

	/* In memory where that can be: a disk would be waited for some twenty times a file. */
	const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	arena = arena_new();
	snprintf(dir, sizeof(dir), "%s/fuzz-store-%ld", where, (long)getpid());
	snprintf(path, sizeof(path), "%s/tallyman.db", dir);
	(void)fs_remove_tree(AT_FDCWD, dir, NULL);
	open_one(STORE_WRITE);
	buf_init(&sound, 1 << 20);
	int r = fs_read(AT_FDCWD, path, &sound, NULL);
	assert(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[96];

	if (!arena)
		init();
	if (size < 3 || size > sound.n)
		return 0;
	(void)fs_remove_tree(AT_FDCWD, dir, NULL);
	if (fs_mkdirs(AT_FDCWD, dir, 0700, NULL) < 0)
		return 0;
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);
	if (data[0] & 1) { /* over a sound store, somewhere */
		size_t at = (size_t)(data[1] << 8 | data[2]) * 2 % (sound.n - size + 3);

		buf_add(&bytes, sound.data, sound.n);
		memcpy(bytes.data + at, data + 3, size - 3);
	} else {
		buf_add(&bytes, data + 1, size - 1);
	}
	snprintf(path, sizeof(path), "%s/tallyman.db", dir);
	if (fs_write_atomic(AT_FDCWD, path, bytes.data, bytes.n, 0600, NULL) == 0) {
		open_one(STORE_READ);
		open_one(STORE_WRITE);
		open_one(STORE_READ);
	}
	arena_reset(arena);
	(void)fs_remove_tree(AT_FDCWD, dir, NULL);
	return 0;
}
