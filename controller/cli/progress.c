/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what happens; what is news is found in news.c, here or in a daemon. */
#include "controller/cli/progress.h"

#include <string.h>

#include "base/clock.h"

enum { LINE_BYTES = 4096 };

#define MODES(X)                                                                                   \
	X(PLAIN, "plain")                                                                          \
	X(TTY, "tty")                                                                              \
	X(JSON, "json")                                                                            \
	X(QUIET, "quiet")

enum mode {
#define X(id, name) MODE_##id,
	MODES(X)
#undef X
		N_MODES,
};

static const char *const mode_names[] = {
#define X(id, name) name,
	MODES(X)
#undef X
};

struct progress {
	struct output *out;
	enum mode mode;
	struct news *news;
};

static void on_news(void *arg, const struct news_item *n);

int progress_new(struct output *out, const char *word, struct progress **ret, struct error *err)
{
	enum mode mode = output_is_terminal(out) ? MODE_TTY : MODE_PLAIN;
	struct progress *p;

	if (word && strcmp(word, "auto") != 0) {
		for (mode = 0; mode < N_MODES && strcmp(mode_names[mode], word) != 0;)
			mode++;
		if (mode == N_MODES)
			return error_set(err, ERR_INVALID, 0,
					 "--progress is auto, tty, plain, json or quiet, not '%s'",
					 word);
	}
	p = xcalloc(1, sizeof(*p));
	p->out = out;
	p->mode = mode;
	p->news = news_new(&(struct news_options){ .tell = on_news, .arg = p });
	*ret = p;
	return 0;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	output_live(p->out, NULL);
	news_free(p->news);
	free(p);
}

/* --- telling --- */

static void put_line(struct progress *p, struct json_object *take)
{
	struct buf line CLEAN(buf) = BUF_INIT(LINE_BYTES * 4);

	buf_puts(&line, json_object_to_json_string_ext(take, JSON_C_TO_STRING_NOSLASHESCAPE));
	buf_putc(&line, '\n');
	output_raw(p->out, line.data);
	json_object_put(take);
}

static struct json_object *new_line(const char *what, const char *deployment)
{
	struct json_object *o = output_schema("progress");

	json_put_str(o, "what", what);
	json_put_str(o, "deployment", deployment);
	return o;
}

static void put_slot(struct json_object *o, const char *service, uint32_t number)
{
	json_put_str(o, "service", service);
	json_put_i64(o, "replica", number);
}

static void tell_json(struct progress *p, const char *deployment, const struct reconcile_note *n)
{
	struct json_object *o = new_line(n->what, deployment);

	if (n->service)
		put_slot(o, n->service, n->slot);
	json_put_bool(o, "problem", n->is_problem);
	json_put_str(o, "text", n->text);
	json_put_str(o, "hint", n->hint);
	put_line(p, o);
}

void progress_note(struct progress *p, const char *deployment, const struct reconcile_note *n)
{
	if (p->mode == MODE_JSON) {
		tell_json(p, deployment, n);
	} else if (n->is_problem) {
		output_warn(p->out, "%s: %s", deployment, n->text);
		if (n->hint)
			output_note(p->out, "hint: %s", n->hint);
	} else if (p->mode != MODE_QUIET) {
		output_note(p->out, "%s: %s", deployment, n->text);
	}
}

void progress_say(struct progress *p, const char *what, const char *text)
{
	struct json_object *o;

	if (p->mode != MODE_JSON) {
		output_note(p->out, "%s: %s", what, text);
		return;
	}
	o = new_line(what, NULL);
	json_put_str(o, "text", text);
	put_line(p, o);
}

/* --- looking --- */

void progress_news(struct progress *p, const struct news_item *n)
{
	const char *state = reconcile_state_to_string(n->state);
	bool is_waiting = n->state == RECONCILE_STATE_WAITING;
	struct json_object *o;

	if (p->mode == MODE_QUIET)
		return;
	if (p->mode != MODE_JSON) {
		output_note(p->out, "%s: %s-rep-%u %s%s%s", n->deployment, n->service, n->number,
			    state, is_waiting ? ": " : "", is_waiting ? n->cause : "");
		return;
	}
	o = new_line("state", n->deployment);
	put_slot(o, n->service, n->number);
	json_put_str(o, "state", state);
	json_put_str(o, "text", n->cause);
	put_line(p, o);
}

/* "3 running, 1 working" */
void progress_counts(struct progress *p, const size_t *counts)
{
	struct buf line CLEAN(buf) = BUF_INIT(LINE_BYTES);

	if (p->mode != MODE_TTY)
		return;
	for (int s = 0; counts && s < RECONCILE_N_STATES; s++)
		if (counts[s] && s != RECONCILE_STATE_GONE)
			buf_printf(&line, "%s%zu %s", line.n ? ", " : "", counts[s],
				   reconcile_state_to_string((enum reconcile_state)s));
	output_live(p->out, line.n ? line.data : NULL);
}

static void on_news(void *arg, const struct news_item *n)
{
	progress_news(arg, n);
}

void progress_look(struct progress *p, const struct driver *d, bool is_last)
{
	if (p->mode == MODE_QUIET || !news_look(p->news, d, is_last))
		return;
	progress_counts(p, is_last ? NULL : news_counts(p->news));
}
