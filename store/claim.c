/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a store against its owner's claim and begins sessions. The lock is a file of its own
 * beside the claim, because the claim is replaced by rename. Whether something of the owner is
 * left on the host is the caller's to find out.
 */
#include "store/claim.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "specs/runtime_id.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/node_store.h"
#include "store/place.h"
#include "store/store.h"

enum kind { NONE, READABLE, DAMAGED };

struct claim {
	char path[LIMIT_PATH];
	int lock_fd;
	enum kind kind;
	char node_id[NODE_ID_SIZE];
	char state_dir[LIMIT_PATH];
	int64_t epoch;
	int64_t session;
	int64_t step; /* 0 in one that was written before there was this number */
};

/* What is compared with a claim. */
struct standing {
	struct node_row node;
	int64_t step;
};

/* False when a member is missing or absurd. */
static bool read_members(struct json_object *o, struct claim *c)
{
	const char *node_id;
	const char *dir;

	if (json_need_str(o, "node_id", &node_id, NULL) < 0 ||
	    json_need_str(o, "state_dir", &dir, NULL) < 0 ||
	    json_need_i64(o, "epoch", &c->epoch, NULL) < 0 ||
	    json_need_i64(o, "session", &c->session, NULL) < 0 ||
	    json_get_i64(o, "step", &c->step, NULL) < 0)
		return false;
	if (strlen(node_id) != NODE_ID_SIZE - 1 || strlen(dir) >= sizeof(c->state_dir) ||
	    c->epoch < 1 || c->session < 0 || c->epoch == INT64_MAX || c->session == INT64_MAX ||
	    c->step < 0)
		return false;
	memcpy(c->node_id, node_id, sizeof(c->node_id));
	memcpy(c->state_dir, dir, strlen(dir) + 1);
	return true;
}

static int read_claim(struct claim *c, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	struct json_object *o CLEAN(json) = NULL;
	int r = fs_read(AT_FDCWD, c->path, &text, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0 && r != -ERR_LIMIT)
		return r;
	c->kind = r == 0 && json_parse(text.data, text.n, &o, NULL) == 0 && read_members(o, c)
			  ? READABLE
			  : DAMAGED;
	return 0;
}

static int set_path(struct claim *c, const char *base, const char *owner, struct error *err)
{
	assert(runtime_id_is_owner(owner));
	c->lock_fd = -1;
	if (snprintf(c->path, sizeof(c->path), "%s/%s", base, owner) >= (int)sizeof(c->path))
		return error_set(err, ERR_LIMIT, 0, "path of the claim is too long");
	return 0;
}

int claim_open(const char *base, const char *owner, const char *command, struct claim **ret,
	       struct error *err)
{
	struct claim *c CLEAN(claim) = xcalloc(1, sizeof(*c));
	char lock[LIMIT_PATH + 8];
	int r = set_path(c, base, owner, err);

	if (r < 0)
		return r;
	snprintf(lock, sizeof(lock), "%s.lock", c->path);
	r = fs_mkdirs(AT_FDCWD, base, 0700, err);
	if (r == 0)
		r = place_lock(lock, command, &c->lock_fd, err);
	if (r == 0) {
		fs_sweep(AT_FDCWD, c->path);
		r = read_claim(c, err);
	}
	if (r < 0)
		return error_wrap(err, r, "claim of owner %s", owner);
	*ret = TAKE(c);
	return 0;
}

void claim_close(struct claim *c)
{
	if (!c)
		return;
	place_unlock(c->lock_fd);
	free(c);
}

/* As long with every step, so that it can be written over its last one. */
static void render(const struct claim *c, struct buf *text)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	char digits[24];

	json_put_str(o, "node_id", c->node_id);
	json_put_str(o, "state_dir", c->state_dir);
	json_put_i64(o, "epoch", c->epoch);
	json_put_i64(o, "session", c->session);
	json_put_i64(o, "step", c->step);
	json_canonical(o, text);
	buf_printf(text, "%*s\n", 20 - snprintf(digits, sizeof(digits), "%lld", (long long)c->step),
		   "");
}

static int write_claim(struct claim *c, const struct standing *st, const char *dir,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int r;

	if (strlen(dir) >= sizeof(c->state_dir))
		return error_set(err, ERR_LIMIT, 0, "path of the store is too long");
	c->kind = READABLE;
	memcpy(c->node_id, st->node.node_id, sizeof(c->node_id));
	memcpy(c->state_dir, dir, strlen(dir) + 1);
	c->epoch = st->node.epoch;
	c->session = st->node.session;
	c->step = st->step;
	render(c, &text);
	r = fs_write_atomic(AT_FDCWD, c->path, text.data, text.n, 0600, err);
	return r < 0 ? error_wrap(err, r, "write the claim") : 0;
}

int claim_raise(struct claim *c, int64_t step, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int fd CLEAN(fd) = -1;
	int r;

	if (step <= c->step)
		return 0;
	c->step = step;
	render(c, &text);
	fd = open(c->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_sys(err, errno, "open %s", c->path);
	r = fs_write_all(fd, text.data, text.n, err);
	return r < 0 ? error_wrap(err, r, "write the claim") : 0;
}

static int has_instances(struct store *store, bool *ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct instance_rows rows;
	int r = instance_store_list(store, NULL, a, &rows, err);

	if (r == 0)
		*ret = rows.n > 0;
	return r;
}

/* The store goes on where the claim's store was: nothing is deleted before somebody accepts. */
static void begin_epoch(const struct claim *c, struct node_row *node, enum node_accept why)
{
	node->epoch = 1 + (c->epoch > node->epoch ? c->epoch : node->epoch);
	node->session = c->session > node->session ? c->session : node->session;
	node->accept = why;
}

static bool is_behind(const struct claim *c, const struct standing *st)
{
	if (c->session != st->node.session)
		return c->session > st->node.session;
	return c->step > st->step;
}

/* What the claim makes of the store's row: 0, CLAIM_NEW_EPOCH or CLAIM_FOREIGN. */
static int judge(const struct claim *c, struct standing *st, const char *dir)
{
	bool is_dir = strcmp(c->state_dir, dir) == 0;
	struct node_row *node = &st->node;

	if (c->kind == NONE)
		return 0;
	if (c->kind == DAMAGED)
		return CLAIM_FOREIGN;
	if (strcmp(c->node_id, node->node_id) == 0) {
		if (!is_behind(c, st))
			return 0; /* also when the directory was moved */
		if (!is_dir)
			return CLAIM_FOREIGN; /* a copy of this store acts elsewhere, or took over
					       */
		begin_epoch(c, node, NODE_RESTORED);
		return CLAIM_NEW_EPOCH;
	}
	if (!is_dir || node->accept != NODE_REBUILT || node->session != 0)
		return CLAIM_FOREIGN;
	memcpy(node->node_id, c->node_id, sizeof(node->node_id));
	begin_epoch(c, node, NODE_REBUILT);
	return CLAIM_NEW_EPOCH;
}

static int take_over(const struct claim *c, struct store *store, struct node_row *node,
		     struct error *err)
{
	bool is_own = false;
	int r = has_instances(store, &is_own, err);

	if (r < 0)
		return r;
	if (c->kind == READABLE && !is_own)
		memcpy(node->node_id, c->node_id, sizeof(node->node_id));
	begin_epoch(c, node, NODE_RESTORED);
	return CLAIM_NEW_EPOCH;
}

static int save(struct store *store, const struct node_row *node, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(store, ERROR_HERE, &txn, err);

	if (r == 0)
		r = node_store_save(store, node, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int stand(struct store *store, struct standing *ret, struct error *err)
{
	int r = node_store_load(store, &ret->node, err);

	return r ? r : intent_store_newest(store, &ret->step, err);
}

int claim_enter(struct claim *c, struct store *store, enum claim_way way, struct error *err)
{
	struct standing st;
	int verdict;
	int r = stand(store, &st, err);

	assert(r <= 0);
	if (r < 0)
		return r;
	verdict = judge(c, &st, store_dir(store));
	if (verdict == CLAIM_FOREIGN) {
		switch (way) {
		case CLAIM_NORMAL:
			return CLAIM_FOREIGN;
		case CLAIM_HOST_EMPTY:
			if (c->session > st.node.session)
				st.node.session = c->session;
			verdict = 0;
			break;
		case CLAIM_TAKE_OVER:
			verdict = take_over(c, store, &st.node, err);
			break;
		}
	}
	if (verdict < 0)
		return verdict;
	st.node.session++;
	r = save(store, &st.node, err);
	if (r == 0)
		r = write_claim(c, &st, store_dir(store), err);
	return r < 0 ? r : verdict;
}

/* Why the claim lets no session of that node in @dir begin; @node NULL: there is no store. */
static int refuse(const struct claim *c, const struct node_row *node, const char *dir,
		  struct error *err)
{
	int r;

	if (c->kind == DAMAGED)
		r = error_set(err, ERR_LOCKED, 0, "the claim %s cannot be read", c->path);
	else if (strcmp(c->state_dir, dir) == 0)
		r = error_set(err, ERR_LOCKED, 0,
			      "the owner belongs to node %.8s, whose store in %s is gone%s%.8s",
			      c->node_id, dir, node ? "; there is node " : "",
			      node ? node->node_id : "");
	else if (node)
		r = error_set(err, ERR_LOCKED, 0,
			      "the owner belongs to node %.8s in %s, this is node %.8s in %s",
			      c->node_id, c->state_dir, node->node_id, dir);
	else
		r = error_set(err, ERR_LOCKED, 0, "the owner belongs to node %.8s in %s, not to %s",
			      c->node_id, c->state_dir, dir);
	error_hint(err,
		   "use that state directory, another --owner, or give the owner to this store "
		   "with 'tallyman recover --take-over'");
	return r;
}

int claim_refuse(const struct claim *c, struct store *store, struct error *err)
{
	struct node_row node;
	int r = node_store_load(store, &node, err);

	return r < 0 ? r : refuse(c, &node, store_dir(store), err);
}

const char *claim_state_dir(const struct claim *c)
{
	return c->state_dir;
}

static int look_once(struct claim *c, const char *dir, struct store *store, struct standing *st,
		     struct error *err)
{
	int r = read_claim(c, err);

	*st = (struct standing){ .node = { .accept = NODE_ACCEPTED } };
	if (r == 0 && store)
		r = stand(store, st, err);
	return r < 0 ? r : judge(c, st, dir);
}

int claim_look(const struct claim_place *place, struct store *store, struct error *why,
	       struct error *err)
{
	struct claim *c CLEAN(claim) = xcalloc(1, sizeof(*c));
	struct standing st;
	int r = set_path(c, place->base, place->owner, err);

	r = r < 0 ? r : look_once(c, place->dir, store, &st, err);
	/* Nobody holds still: what is written over meanwhile may be read half. */
	if (r == CLAIM_NEW_EPOCH || (r == CLAIM_FOREIGN && c->kind == DAMAGED))
		r = look_once(c, place->dir, store, &st, err);
	if (r < 0)
		return r;
	if (place->ret_state_dir)
		memcpy(place->ret_state_dir, c->state_dir, sizeof(c->state_dir));
	if (r == CLAIM_FOREIGN)
		(void)refuse(c, store ? &st.node : NULL, place->dir, why);
	return r;
}
