/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden stories: tests/golden/NAME.yaml is what somebody does, NAME.txt what the plan says about
 * it and what the loop then does, with virtual times. UPDATE_GOLDEN=1 rewrites the texts; read the
 * difference before you commit it.
 *
 * A story is a list of moves, one after the other:
 *   apply: FILE    a deployment file as text, or `again` for the one before
 *   down:          nothing is wanted any more
 *   wait: SECONDS  time passes
 *   exit: WHO CODE   an instance ends, and we hear of it       (WHO: web-rep-0.1)
 *   kill: WHO CODE   it ends, and nobody tells us
 *   delete: WHO      it is taken away behind our back
 *   pause: WHO       it is frozen behind our back
 *   alter: WHO WHAT  its limits are changed behind our back
 *   stop: WHAT       by hand, as the command does it            (WHAT: web-rep-0, web, all)
 *   start: WHAT
 *   restart: WHAT
 *   fail: N CODE STEP  the next N steps that begin with STEP fail; N ends with `!` for steps that
 *                    take effect all the same               (3 io create web-rep-0)
 *   hide: RUNTIME    it cannot be listed; `nothing` for all can
 *   workers: N       of each runtime
 *   reboot:          the node does
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "controller/plan_render.h"
#include "specs/runtime_id.h"
#include "specs/yaml.h"
#include "tests/controller/core_play.h"
#include "tests/controller/core_wish.h"

#define GOLDEN    TEST_SOURCE_DIR "/tests/golden/"
#define APPLY_US  (300 * CLOCK_SEC) /* an apply command waits so long */
#define MAX_STORY (1 << 20)

struct story {
	const char *name;
	struct core_play play;
	struct buf text;
};

/* --- words of a move --- */

static const char *next_word(struct story *s, const char **text)
{
	const char *word = *text + strspn(*text, " ");
	size_t n = strcspn(word, " ");
	*text = word + n;
	return arena_strndup(s->play.arena, word, n);
}

static int64_t next_number(struct story *s, const char **text)
{
	const char *word = next_word(s, text);
	uint64_t n;

	if (!number_u64(word, INT32_MAX, &n))
		fail_msg("%s: '%s' is no number", s->name, word);
	return (int64_t)n;
}

/* --- moves --- */

/* As the command does it: a plan for people, then a controller of its own until it has converged
 * or has had its time. */
static void apply(struct story *s, const struct deployment *d)
{
	struct core_play *p = &s->play;
	const struct core_asker by = { core_play_diff_now(p), true };
	struct arena *a CLEAN(arena) = arena_new();
	struct observed there = core_world_view(&p->world, a);
	struct core_wish w = { .observed = &there };
	struct desired wanted;
	struct plan plan;

	if (p->current && d != p->current)
		p->previous = p->current;
	p->current = d;
	w.current = p->current;
	w.previous = p->previous;
	wanted = core_wish_expand(&w, a);
	plan = core_world_plan(&p->world, &wanted, &by, a);
	plan_render_text(&plan, &s->text);
	(void)core_play_restart(p);
	(void)core_play_ask(p);
	core_play_run(p, APPLY_US);
}

static void move_apply(struct story *s, const char *text)
{
	struct core_play *p = &s->play;
	apply(s, strcmp(text, "again") == 0 ? p->current : core_wish_parse(text, p->arena));
}

static void move_down(struct story *s, const char *text)
{
	(void)text;
	apply(s, NULL);
}

static void move_wait(struct story *s, const char *text)
{
	core_play_pass(&s->play, next_number(s, &text) * CLOCK_SEC);
}

static void move_exit(struct story *s, const char *text)
{
	const char *who = next_word(s, &text);
	(void)core_play_exit(&s->play, who, (int)next_number(s, &text));
}

static void move_kill(struct story *s, const char *text)
{
	const struct instance *is = core_world_get(&s->play.world, next_word(s, &text));
	core_world_exit(&s->play.world, is->id, (int)next_number(s, &text));
}

static void move_delete(struct story *s, const char *text)
{
	core_play_take(&s->play, text);
}

static void move_alter(struct story *s, const char *text)
{
	const char *who = next_word(s, &text);
	core_world_get(&s->play.world, who)->altered = text + strspn(text, " ");
}

static void move_pause(struct story *s, const char *text)
{
	core_world_get(&s->play.world, text)->state = INSTANCE_PAUSED;
}

/* As the command does it: a controller of its own that works on what it was asked for. */
static void by_hand(struct story *s, enum reconcile_event_type type, const char *text)
{
	struct core_play *p = &s->play;
	const char *what = strcmp(text, "all") == 0 ? "" : text;

	p->scope = core_play_scope(p, what);
	(void)core_play_restart(p);
	(void)core_play_ask(p);
	(void)core_play_by_hand(p, type, what);
	core_play_run(p, APPLY_US);
	p->scope = NULL;
}

static void move_stop(struct story *s, const char *text)
{
	by_hand(s, RECONCILE_HOLD, text);
}

static void move_start(struct story *s, const char *text)
{
	by_hand(s, RECONCILE_RELEASE, text);
}

static void move_restart(struct story *s, const char *text)
{
	by_hand(s, RECONCILE_RESTART, text);
}

static void move_fail(struct story *s, const char *text)
{
	struct core_fault *f = &s->play.faults[0];
	const char *times = next_word(s, &text);
	size_t n = strcspn(times, "!");
	uint64_t count;

	if (!number_u64(arena_strndup(s->play.arena, times, n), UINT32_MAX, &count))
		fail_msg("%s: '%s' is no number", s->name, times);
	f->has_effect = times[n] == '!';
	f->times = (unsigned)count;
	f->code = error_from_name(next_word(s, &text));
	f->step = text + strspn(text, " ");
}

static void move_hide(struct story *s, const char *text)
{
	s->play.hidden = strcmp(text, "nothing") == 0 ? NULL : text;
}

static void move_workers(struct story *s, const char *text)
{
	s->play.n_workers = (unsigned)next_number(s, &text);
}

static void move_reboot(struct story *s, const char *text)
{
	(void)text;
	(void)core_play_reboot(&s->play);
	core_play_run(&s->play, APPLY_US);
}

static const struct {
	const char *name;
	void (*move)(struct story *s, const char *text);
} moves[] = {
	{ "apply", move_apply }, { "down", move_down },       { "wait", move_wait },
	{ "exit", move_exit },   { "kill", move_kill },       { "delete", move_delete },
	{ "pause", move_pause }, { "alter", move_alter },     { "stop", move_stop },
	{ "start", move_start }, { "restart", move_restart }, { "fail", move_fail },
	{ "hide", move_hide },   { "workers", move_workers }, { "reboot", move_reboot },
};

/* --- what is said of a move --- */

/* The slots that do not simply run, and why. */
static void tell_slots(struct story *s)
{
	struct core_play *p = &s->play;

	for (size_t i = 0; i < reconcile_count(p->r); i++) {
		struct reconcile_view v;
		reconcile_view(p->r, i, &v);
		if (!v.is_other && v.state != RECONCILE_STATE_RUNNING &&
		    v.state != RECONCILE_STATE_GONE)
			buf_printf(&s->text, "  %s-rep-%u %s: %s\n", v.service, v.number,
				   reconcile_state_to_string(v.state), v.cause);
	}
}

static void tell_world(struct story *s)
{
	struct observed seen = core_world_view(&s->play.world, s->play.arena);

	buf_puts(&s->text, "there:");
	for (size_t i = 0; i < seen.n; i++) {
		const struct instance *is = &seen.instances[i];
		buf_printf(&s->text, " %s", strchr(is->id, '.') + 1);
		if (is->state != INSTANCE_RUNNING)
			buf_printf(&s->text, " (%s)", instance_state_to_string(is->state));
	}
	buf_puts(&s->text, seen.n ? "\n" : " nothing\n");
}

static void play_move(struct story *s, const char *name, const char *text)
{
	bool is_file = strcmp(name, "apply") == 0 && strcmp(text, "again") != 0;

	buf_printf(&s->text, "%s## %s%s%s\n", s->text.n ? "\n" : "", name,
		   is_file || !*text ? "" : " ", is_file ? "" : text);
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (strcmp(moves[i].name, name) != 0)
			continue;
		moves[i].move(s, text);
		tell_slots(s);
		tell_world(s);
		return;
	}
	fail_msg("%s: there is no move '%s'", s->name, name);
}

static void play(struct story *s, const struct node *moves_node)
{
	if (moves_node->kind != NODE_LIST)
		fail_msg("%s: a story is a list of moves", s->name);
	for (size_t i = 0; i < moves_node->n; i++) {
		const struct node *move = moves_node->items[i];
		if (move->kind != NODE_MAP || move->n != 1 ||
		    move->entries[0].value->kind != NODE_SCALAR)
			fail_msg("%s: a move is one word with one text", s->name);
		play_move(s, move->entries[0].key->text, move->entries[0].value->text);
	}
}

/* --- texts --- */

static void compare(const struct story *s, const char *path)
{
	struct buf golden CLEAN(buf) = BUF_INIT(MAX_STORY);
	struct error err = ERROR_INIT;

	assert_false(s->text.overflow);
	if (getenv("UPDATE_GOLDEN")) {
		if (fs_write_atomic(AT_FDCWD, path, s->text.data, s->text.n, 0644, &err) < 0)
			fail_msg("%s", err.msg);
		return;
	}
	if (fs_read(AT_FDCWD, path, &golden, &err) < 0)
		fail_msg("%s; UPDATE_GOLDEN=1 makes it", err.msg);
	if (strcmp(s->text.data, golden.data) == 0)
		return;
	print_error("%s tells now:\n", s->name);
	fputs(s->text.data, stderr);
	fail_msg("%s tells another story than %s", s->name, path);
}

static void check_story(const char *file)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct story s = { .name = file, .text = BUF_INIT(MAX_STORY) };
	struct buf yaml CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	const char *stem = arena_strndup(a, file, strlen(file) - strlen(".yaml"));
	struct findings findings;
	struct error err = ERROR_INIT;
	const struct node *root;

	if (fs_read(AT_FDCWD, arena_printf(a, GOLDEN "%s", file), &yaml, &err) < 0)
		fail_msg("%s", err.msg);
	findings_init(&findings, a, file);
	root = yaml_read(yaml.data, yaml.n, a, &findings);
	if (!root)
		fail_msg("%s: %s", file, findings.items[0].message);
	core_play_init(&s.play);
	s.play.story = &s.text;
	play(&s, root);
	compare(&s, arena_printf(a, GOLDEN "%s.txt", stem));
	core_play_done(&s.play);
	buf_done(&s.text);
}

static void test_stories(void **state)
{
	(void)state;
	DIR *dir = opendir(GOLDEN);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (!strstr(e->d_name, ".yaml"))
			continue;
		check_story(e->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
