/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lives of the controller, one after the other. A crash takes everything that is in memory; what
 * the store's files hold at that moment is copied, as after a loss of power, and opened by the next
 * life. What a worker still does then goes on without it, so an ended life stays until that is
 * over.
 */
#include <fcntl.h>
#include <string.h>

#include "backends/runtime_fault.h"
#include "base/fs.h"
#include "store/deployment_store.h"
#include "store/store.h"
#include "tests/sim/models.h"

/* --- open and close --- */

static void open_session(struct models *m, struct models_life *life)
{
	static const struct runtime_slice slices[MODELS_RUNTIMES] = {
		{ "youki", { 0x0a630000, 27 } }, /* ten more than can be wished for */
		{ "hcs", { 0x0a630040, 27 } },
	};
	struct node_world *w = &life->node;
	const struct session_options o = {
		.layout = { "sim", arena_printf(w->arena, "%s/state", life->dir),
			    arena_printf(w->arena, "%s/run", life->dir) },
		.runtime = "memory",
		.command = "sim",
		.slices = slices,
		.n_slices = MODELS_RUNTIMES,
	};
	struct runtime_composite_options node = { .node = { .os = "linux", .arch = "amd64" } };
	struct runtime_sink sink = inbox_sink(w->inbox);

	models_must(m, session_open(&o, SESSION_CHANGE, &sink, &w->session, &w->err), &w->err);
	runtime_close(w->session->runtimes);
	node.primary = models_runtime_open(m, life, 0);
	node.delegate = models_runtime_open(m, life, 1);
	w->session->runtimes = runtime_composite_new(&node);
}

/* As the daemon does: everything that the store has is wanted. */
static void want_all(struct models *m, struct node_world *w)
{
	struct deployment_rows rows;

	models_must(m, deployment_store_list(w->session->store, w->arena, &rows, &w->err), &w->err);
	for (size_t i = 0; i < rows.n; i++) {
		struct wanted *wanted = NULL;

		models_must(m, wanted_from_store(w->session, rows.items[i].name, &wanted, &w->err),
			    &w->err);
		driver_want(w->driver, wanted);
	}
}

static void on_note(void *arg, const char *deployment, const struct reconcile_note *n)
{
	if (n->service)
		models_trace(arg, "%s/%s-rep-%u %s: %s", deployment, n->service, n->slot, n->what,
			     n->text);
	else
		models_trace(arg, "%s %s: %s", deployment, n->what, n->text);
}

static void begin_life(struct models *m, const char *dir)
{
	struct models_life *life = xcalloc(1, sizeof(*life));
	struct driver_options o = {
		.loop = m->loop, .resync_us = m->resync_us, .note = on_note, .arg = m
	};
	struct node_world *w = &life->node;

	snprintf(life->dir, sizeof(life->dir), "%s", dir);
	m->life = life;
	w->arena = arena_new();
	w->inbox = inbox_new(loop_bell(m->loop));
	open_session(m, life);
	o.session = w->session;
	o.inbox = w->inbox;
	models_must(m, driver_new(&o, &w->driver, &w->err), &w->err);
	want_all(m, w);
	models_node_arm(m);
	m->crash_due = MODELS_CRASH_NOT;
	m->fed = m->law.n_all;
	m->has_news = true;
}

static void free_life(struct models *m, struct models_life *life)
{
	struct error err = ERROR_INIT;

	driver_free(life->node.driver);
	session_close(life->node.session);
	inbox_free(life->node.inbox);
	arena_free(life->node.arena);
	models_must(m, fs_remove_tree(AT_FDCWD, life->dir, &err), &err);
	free(life);
}

void models_node_bury(struct models *m)
{
	for (struct models_life **at = &m->ended; *at;) {
		struct models_life *life = *at;

		if (life->n_late) {
			at = &life->next;
			continue;
		}
		*at = life->next;
		free_life(m, life);
	}
}

void models_node_open(struct models *m)
{
	char dir[SIM_PLACE_PATH];
	struct error err = ERROR_INIT;

	models_must(m, sim_place_make(m->dir, &err), &err);
	models_must(m, sim_place_make(dir, &err), &err);
	models_must(m, loop_new(&m->loop, &err), &err);
	if (m->kind->has_hcs)
		models_hcs_new(m);
	begin_life(m, dir);
	models_runtime_add_strangers(m);
}

void models_node_close(struct models *m)
{
	struct error err = ERROR_INIT;

	models_node_bury(m);
	if (m->ended)
		models_die(m, "an ended life has something under way for ever");
	models_rest_store(m);
	m->life->is_dead = true;
	free_life(m, m->life);
	if (m->hcs)
		models_hcs_free(m);
	loop_free(m->loop);
	models_must(m, fs_remove_tree(AT_FDCWD, m->dir, &err), &err);
}

/* --- weather --- */

/* The first rule that fits a call counts. */
void models_node_arm(struct models *m)
{
	const unsigned half = m->percent / 2, third = m->percent / 3;
	const struct fault_rule rules[] = {
		{ .kind = FAULT_PARTIAL, .op = FAULT_OP_LIST, .percent = m->fog },
		{ .kind = FAULT_SHORT, .op = FAULT_OP_LIST, .percent = m->fog / 2 },
		{ .kind = FAULT_HANG, .op = FAULT_OP_ANY, .percent = m->percent / 10 },
		{ .kind = FAULT_ERROR, .op = FAULT_OP_ANY, .percent = half },
		{ .kind = FAULT_LATE, .op = FAULT_OP_ANY, .percent = third, .code = ERR_IO },
		{ .kind = FAULT_ERROR,
		  .op = FAULT_OP_CREATE,
		  .percent = m->has_lasting ? half / 2 : 0,
		  .code = ERR_INVALID },
	};
	struct fault_rule armed[sizeof(rules) / sizeof(rules[0])];

	for (unsigned i = 0; i < MODELS_RUNTIMES; i++) {
		size_t n = 0;

		/* No percentage would mean each of them. */
		for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++)
			if (rules[k].percent)
				armed[n++] = rules[k];
		m->n_faults += (unsigned)runtime_fault_hits(m->life->fault[i]);
		runtime_fault_arm(m->life->fault[i], armed, n);
	}
}

/* --- turns --- */

static void copy_store(struct models *m)
{
	struct models_life *life = m->life;
	struct buf from CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	struct buf to CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	struct error err = ERROR_INIT;

	models_must(m, sim_place_make(m->next, &err), &err);
	buf_printf(&from, "%s/state", life->dir);
	buf_printf(&to, "%s/state", m->next);
	models_must(m, fs_mkdirs(AT_FDCWD, to.data, 0700, &err), &err);
	models_must(m, sim_place_copy(from.data, to.data, &err), &err);
	life->is_dead = true;
}

int __real_store_commit(struct store_txn **txn, struct error *err);
int __wrap_store_commit(struct store_txn **txn, struct error *err);
int __wrap_store_commit(struct store_txn **txn, struct error *err)
{
	struct models *m = models_time_now();
	int r;

	if (m->is_in_turn && m->n_submitted)
		models_die(m, "begins what is not on disk");
	if (!m->is_in_turn || m->crash_due == MODELS_CRASH_NOT)
		return __real_store_commit(txn, err);
	if (m->crash_due == MODELS_CRASH_BEFORE_WRITE) {
		copy_store(m);
		return error_set(err, ERR_IO, 0, "the controller has crashed");
	}
	r = __real_store_commit(txn, err);
	copy_store(m);
	m->life->n_alive = models_below(m, 6);
	return r;
}

void models_node_turn(struct models *m)
{
	struct node_world *w = &m->life->node;
	int r;

	m->has_news = false;
	m->is_in_turn = true;
	m->n_submitted = 0;
	m->n_turns++;
	r = driver_turn(w->driver, (struct mono){ m->now_us }, &w->err);
	m->is_in_turn = false;
	if (m->life->is_dead) {
		models_trace(m, "# at the write:");
		models_node_crash(m, false);
		return;
	}
	models_must(m, r, &w->err);
	m->fed = m->law.n_all;
}

void models_node_crash(struct models *m, bool is_reboot)
{
	struct models_life *life = m->life;
	char next[SIM_PLACE_PATH];

	models_trace(m, is_reboot ? "# reboot" : "# crash and restart");
	if (!life->is_dead)
		copy_store(m);
	models_pool_cut(m, life, is_reboot);
	m->n_crashes++;
	life->next = m->ended;
	m->ended = life;
	if (is_reboot) {
		m->n_boots++;
		m->boot_us = m->now_us;
		models_law_rebooted(m);
		if (m->hcs)
			models_hcs_reboot(m);
	}
	models_node_bury(m);
	memcpy(next, m->next, sizeof(next));
	m->next[0] = '\0';
	begin_life(m, next);
}

/* --- wishes --- */

void models_node_wish(struct models *m, unsigned deployment, const struct wish *w)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);

	models_law_wish(m, deployment, w);
	models_trace(m, "# a new wish for %s", models_wish_deployments[deployment]);
	if (models_wish_is_empty(w)) {
		node_world_down(&m->life->node, models_wish_deployments[deployment]);
	} else {
		models_wish_file(w, deployment, &text);
		node_world_apply(&m->life->node, text.data);
	}
	m->has_news = true;
}

void models_node_ask(struct models *m, unsigned deployment)
{
	models_trace(m, "# %s: try again", models_wish_deployments[deployment]);
	node_world_again(&m->life->node, models_wish_deployments[deployment]);
	m->has_news = true;
}
