/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing in the right order: the store's lock before the claim, both before any
 * runtime. Touches no container.
 */
#include "controller/session.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "backends/hcs_look.h"
#include "backends/host_left.h"
#include "backends/runtime_memory.h"
#include "backends/runtime_remote.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/process.h"
#include "base/rand.h"
#include "store/claim.h"
#include "store/instance_store.h"
#include "store/node_store.h"
#include "store/place.h"
#include "store/store.h"

enum { HMAC_KEY_BYTES = 32 };

#define HOST_OS "linux" /* this program's, in the format's spelling */

/* The format's words for what uname says. */
static const char *arch_word(const char *machine)
{
	static const struct {
		const char *machine, *word;
	} words[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].machine, machine) == 0)
			return words[i].word;
	return machine;
}

static int know_host(struct session *s, struct error *err)
{
	char boot[PROCESS_BOOT_ID_SIZE];
	struct utsname name;
	int r = process_boot_id(boot, err);

	if (r < 0)
		return r;
	s->boot_id = arena_strdup(s->arena, boot);
	s->os = HOST_OS;
	s->arch = uname(&name) == 0 ? arena_strdup(s->arena, arch_word(name.machine)) : "unknown";
	return 0;
}

static int make_dirs(struct session *s, struct error *err)
{
	int r = fs_mkdirs(AT_FDCWD, s->opt.layout.state_dir, 0700, err);

	if (r == 0)
		r = fs_mkdirs(AT_FDCWD, s->opt.layout.run_dir, 0700, err);
	if (r == 0)
		r = place_check_writable(s->opt.layout.run_dir, "--run-dir", err);
	if (r < 0)
		error_hint(err, "choose writable directories with --state-dir and --run-dir");
	return r;
}

static int make_hmac_key(struct session *s, struct error *err)
{
	const char *path = layout_hmac_key(&s->opt.layout, s->arena);
	uint8_t key[HMAC_KEY_BYTES];
	int r = fs_exists(AT_FDCWD, path, err);

	fs_sweep(AT_FDCWD, path); /* the store's lock is ours */
	if (r != 0)
		return r < 0 ? r : 0;
	rand_bytes(key, sizeof(key));
	return fs_write_atomic(AT_FDCWD, path, key, sizeof(key), 0600, err);
}

static int open_store(struct session *s, struct error *err)
{
	struct store_options o = {
		.dir = s->opt.layout.state_dir,
		.mode = s->mode == SESSION_CHANGE ? STORE_WRITE : STORE_READ,
		.now = clock_wall(),
		.command = s->opt.command,
	};
	int r = store_open(&o, &s->store, err);

	return r < 0 ? r : 0;
}

/* Of the owner, from here and from the store that has the tag. HOST_LEFT also when nobody can tell
 * where that store is. */
static int look_for_rest(const struct session_options *o, const char *their_dir, struct error *err)
{
	const char *names[RUNTIME_COMPOSITE_MAX] = { NULL };
	struct layout theirs = o->layout;
	int r = *their_dir ? host_left(&o->layout, err) : HOST_LEFT;

	theirs.state_dir = their_dir;
	r = r == 0 ? host_left(&theirs, err) : r;
	if (r == 0)
		r = session_runtime_names(o, names, err);
	for (size_t i = 0; r == 0 && i < RUNTIME_COMPOSITE_MAX && names[i]; i++)
		if (strcmp(names[i], "hcs") == 0)
			r = host_left_hcs(&o->layout, o->hcs_library);
	return r;
}

/* Another store's tag is free when nothing of it is left on the host. */
static int enter_free(struct session *s, struct error *err)
{
	int r = look_for_rest(&s->opt, claim_state_dir(s->claim), err);

	if (r == HOST_LEFT)
		return claim_refuse(s->claim, s->store, err);
	return r < 0 ? r : claim_enter(s->claim, s->store, CLAIM_HOST_EMPTY, err);
}

static int enter_claim(struct session *s, struct error *err)
{
	const struct session_options *o = &s->opt;
	enum claim_way way = o->take_over ? CLAIM_TAKE_OVER : CLAIM_NORMAL;
	int r = claim_open(o->claims_dir, o->layout.owner, o->command, &s->claim, err);

	if (r == 0)
		r = claim_enter(s->claim, s->store, way, err);
	if (r == CLAIM_FOREIGN)
		r = enter_free(s, err);
	s->is_new_epoch = r == CLAIM_NEW_EPOCH;
	return r < 0 ? r : 0;
}

/* Where there is no claim the store alone counts sessions: what an earlier one left open is told
 * from what this one begins. */
static int begin_unclaimed(struct session *s, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct node_row node;
	int r = store_begin(s->store, ERROR_HERE, &txn, err);

	r = r < 0 ? r : node_store_load(s->store, &node, err);
	if (r < 0)
		return r;
	node.session++;
	r = node_store_save(s->store, &node, err);
	return r < 0 ? r : store_commit(&txn, err);
}

int session_claim(const struct session_options *opt, struct store *store, struct error *why,
		  struct error *err)
{
	char theirs[LIMIT_PATH] = "";
	const struct claim_place place = { opt->claims_dir, opt->layout.owner,
					   opt->layout.state_dir, theirs };
	int r = claim_look(&place, store, why, err);

	if (r != CLAIM_FOREIGN)
		return r;
	r = look_for_rest(opt, theirs, err);
	return r == HOST_LEFT ? CLAIM_FOREIGN : r;
}

/* A reader is let in always, also one that may not look at claims; it knows what would become of a
 * change. */
static void know_claim(struct session *s)
{
	struct error why = ERROR_INIT, unused = ERROR_INIT;
	int r = session_claim(&s->opt, s->store, &why, &unused);

	if (r == CLAIM_FOREIGN)
		s->refusal = why;
	if (r == CLAIM_NEW_EPOCH)
		s->must_accept = true;
}

static int know_node(struct session *s, struct error *err)
{
	struct node_row node;
	int r;

	s->node_id = "";
	if (!s->store)
		return 0;
	r = node_store_load(s->store, &node, err);
	if (r)
		return r < 0 ? r : 0;
	s->node_id = arena_strdup(s->arena, node.node_id);
	s->number = s->mode == SESSION_CHANGE ? node.session : 0;
	s->must_accept = node.accept != NODE_ACCEPTED;
	return 0;
}

/* The runtimes a node can have, each behind a shim of its own. The first one for the node's system
 * is its primary where nothing else is said. */
static const struct {
	const char *name, *os;
} runtimes[] = {
	{ "youki", "linux" },
	{ "hcs", "windows" },
};

static const char *own_runtime(void)
{
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strcmp(runtimes[i].os, HOST_OS) == 0)
			return runtimes[i].name;
	return ""; /* which no runtime is called */
}

const char *session_runtime_os(const char *name)
{
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strcmp(runtimes[i].name, name) == 0)
			return runtimes[i].os;
	return NULL;
}

static int check_runtime(const char *name, struct error *err)
{
	if (session_runtime_os(name))
		return 0;
	(void)error_set(err, ERR_INVALID, 0, "there is no runtime '%s'", name);
	error_hint(err, "see runtimes.primary and runtimes.delegate in the settings");
	return -ERR_INVALID;
}

static int refuse_twice(const struct session_options *opt, const char *name, struct error *err)
{
	(void)error_set(err, ERR_INVALID, 0,
			opt->primary ? "the settings name %s twice, as runtimes.primary and as "
				       "runtimes.delegate"
				     : "runtimes.delegate is %s, which is runtimes.primary already "
				       "where the settings do not say otherwise",
			name);
	error_hint(err, "leave runtimes.delegate out, or give it the runtime for the other system");
	return -ERR_INVALID;
}

int session_runtime_names(const struct session_options *opt, const char *ret[RUNTIME_COMPOSITE_MAX],
			  struct error *err)
{
	const char *primary = opt->primary ? opt->primary : own_runtime();
	const char *delegate = opt->delegate;
	int r;

	if (delegate && strcmp(delegate, primary) == 0)
		return refuse_twice(opt, primary, err);
	r = check_runtime(primary, err);
	if (r == 0 && delegate)
		r = check_runtime(delegate, err);
	if (r < 0)
		return r;
	ret[0] = primary;
	ret[1] = delegate;
	return 0;
}

static int open_remote(struct session *s, const char *name, const struct runtime_sink *sink,
		       struct runtime **ret, struct error *err)
{
	const struct runtime_remote_options remote = {
		.layout = s->opt.layout,
		.runtime_name = name,
		.node_id = s->node_id,
		.owner = s->opt.layout.owner,
		.program = s->opt.program,
		.oci_path = s->opt.oci_path,
		.shim_unit = s->opt.shim_unit,
		.hcs_library = s->opt.hcs_library,
		.may_start = true,
	};

	return runtime_remote_open(&remote, sink, ret, err);
}

/* Looked at here, since a shim that cannot start tells nobody in time. */
static void know_windows(struct session *s)
{
	(void)hcs_look(s->opt.hcs_library, s->arena, &s->windows, &s->no_hcs);
}

static int open_members(struct session *s, const struct runtime_sink *sink,
			struct runtime_composite_options *ret, struct error *err)
{
	const char *names[RUNTIME_COMPOSITE_MAX];
	int r;

	if (s->is_model)
		return runtime_memory_open(
			arena_printf(s->arena, "%s/world.json", s->opt.layout.state_dir), sink,
			&ret->primary, err);
	r = session_runtime_names(&s->opt, names, err);
	for (size_t i = 0; r == 0 && i < RUNTIME_COMPOSITE_MAX && names[i]; i++)
		if (strcmp(names[i], "hcs") == 0)
			know_windows(s);
	if (r == 0)
		r = open_remote(s, names[0], sink, &ret->primary, err);
	if (r == 0 && names[1])
		r = open_remote(s, names[1], sink, &ret->delegate, err);
	return r;
}

static int open_runtimes(struct session *s, const struct runtime_sink *sink, struct error *err)
{
	struct runtime_composite_options o = { .node = { .os = s->os, .arch = s->arch } };
	int r = open_members(s, sink, &o, err);

	o.node.os_version = s->windows;
	if (r == 0)
		s->runtimes = runtime_composite_new(&o);
	else
		runtime_close(o.primary);
	return r;
}

static int open_all(struct session *s, const struct runtime_sink *sink, struct error *err)
{
	const bool has_claim = s->opt.claims_dir && !s->is_model;
	int r = know_host(s, err);

	if (r == 0 && s->mode == SESSION_CHANGE)
		r = make_dirs(s, err);
	if (r == 0)
		r = open_store(s, err);
	if (r == 0 && s->mode == SESSION_CHANGE)
		r = make_hmac_key(s, err);
	if (r == 0 && s->mode == SESSION_CHANGE)
		r = has_claim ? enter_claim(s, err) : begin_unclaimed(s, err);
	if (r == 0)
		r = know_node(s, err);
	if (r == 0 && s->mode == SESSION_READ && has_claim)
		know_claim(s);
	return r < 0 ? r : open_runtimes(s, sink, err);
}

int session_open(const struct session_options *opt, enum session_mode mode,
		 const struct runtime_sink *sink, struct session **ret, struct error *err)
{
	struct session *s CLEAN(session) = xcalloc(1, sizeof(*s));
	int r;

	s->opt = *opt;
	s->mode = mode;
	s->is_model = opt->runtime && strcmp(opt->runtime, "memory") == 0;
	s->arena = arena_new();
	r = open_all(s, sink, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

const struct error *session_runtime_fault(const struct session *s, const struct runtime *rt)
{
	if (!s->no_hcs.code || strcmp(rt->name, "hcs") != 0 ||
	    runtime_remote_is_running(&s->opt.layout, rt->name))
		return NULL;
	return &s->no_hcs;
}

void session_hang_up(struct session *s)
{
	for (size_t i = 0; !s->is_model && i < runtime_composite_count(s->runtimes); i++)
		runtime_remote_hang_up(runtime_composite_member(s->runtimes, i));
}

void session_close(struct session *s)
{
	if (!s)
		return;
	runtime_close(s->runtimes);
	claim_close(s->claim);
	store_close(s->store);
	arena_free(s->arena);
	free(s);
}

void session_acts(struct session *s, int64_t intent)
{
	/* A claim that cannot be written lags behind: a store that is put back is known by it less
	 * surely, and nothing else. */
	if (s->claim)
		(void)claim_raise(s->claim, intent, NULL);
}

static int has_rows(struct session *s, const char *runtime, bool *ret, struct error *err)
{
	struct instance_rows rows = { 0 };
	int r = s->store ? instance_store_list(s->store, NULL, s->arena, &rows, err) : 0;

	for (size_t i = 0; r == 0 && i < rows.n; i++)
		*ret = *ret || strcmp(rows.items[i].runtime, runtime) == 0;
	return r;
}

/* A directory that is not there or has no entry of its own holds no instance. */
static int has_entries(const char *dir, bool *ret, struct error *err)
{
	int r = fs_is_empty(AT_FDCWD, dir, err);

	if (r == 0)
		*ret = true;
	return r < 0 ? r : 0;
}

/* Where the bundles of what lives are nobody need know. Another store's is not ours to look at. */
static bool has_living(const struct session *s)
{
	return !s->refusal.code && host_left(&s->opt.layout, NULL) != 0;
}

int session_may_know(struct session *s, const struct runtime *rt, bool *ret, struct error *err)
{
	bool may = s->is_model;
	int r = has_rows(s, rt->name, &may, err);

	if (r == 0 && !may)
		r = has_entries(strcmp(rt->name, "hcs") == 0
					? layout_silos(&s->opt.layout, s->arena)
					: layout_bundles(&s->opt.layout, s->arena),
				&may, err);
	if (r == 0)
		*ret = may || (strcmp(rt->name, "youki") == 0 && has_living(s));
	return r;
}
