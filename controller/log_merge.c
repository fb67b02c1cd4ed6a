/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds one line of each log and gives out the oldest. A log whose file is not there
 * yet is looked for again at every turn; a line without a time comes at once.
 */
#include "controller/log_merge.h"

#include <string.h>

#include "base/arena.h"

struct log {
	struct log_source source;
	const char *path;
	int64_t tail;
	struct log_reader *reader; /* NULL: there is no file yet */
	bool has_line;
	struct log_line line;
};

struct log_merge {
	struct arena *arena;
	const struct layout *layout;
	struct log **logs; /* each stays where it is */
	size_t n;
};

struct log_merge *log_merge_new(const struct layout *layout)
{
	struct log_merge *m = xcalloc(1, sizeof(*m));

	m->arena = arena_new();
	m->layout = layout;
	return m;
}

void log_merge_free(struct log_merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		log_reader_free(m->logs[i]->reader);
	arena_free(m->arena);
	free(m);
}

static bool same(const struct log_source *a, const struct log_source *b)
{
	return strcmp(a->deployment, b->deployment) == 0 && strcmp(a->service, b->service) == 0 &&
	       a->slot == b->slot;
}

void log_merge_add(struct log_merge *m, const struct log_source *source, int64_t tail)
{
	struct log *log;

	for (size_t i = 0; i < m->n; i++)
		if (same(&m->logs[i]->source, source))
			return;
	log = arena_alloc(m->arena, sizeof(*log));
	log->source = (struct log_source){
		.deployment = arena_strdup(m->arena, source->deployment),
		.service = arena_strdup(m->arena, source->service),
		.slot = source->slot,
		.name = arena_strdup(m->arena, source->name),
	};
	log->path =
		layout_log(m->layout, m->arena, source->deployment, source->service, source->slot);
	log->tail = tail;
	m->logs = arena_grow(m->arena, m->logs, m->n, sizeof(struct log *));
	m->logs[m->n++] = log;
}

int log_merge_width(const struct log_merge *m)
{
	size_t width = 0;

	for (size_t i = 0; i < m->n; i++)
		if (strlen(m->logs[i]->source.name) > width)
			width = strlen(m->logs[i]->source.name);
	return (int)width;
}

/* Have its next line at hand, if there is one. */
static int look(struct log *log, bool is_last, struct error *err)
{
	int r;

	if (log->has_line)
		return 0;
	if (!log->reader) {
		r = log_reader_open(log->path, log->tail, &log->reader, err);
		if (r != 0)
			return r == LOG_READER_ABSENT ? 0 : r;
	}
	r = log_reader_next(log->reader, is_last, &log->line, err);
	log->has_line = r == 0;
	return r < 0 ? r : 0;
}

int log_merge_next(struct log_merge *m, bool is_last, const struct log_source **ret_source,
		   struct log_line *ret, struct error *err)
{
	struct log *first = NULL;

	for (size_t i = 0; i < m->n; i++) {
		struct log *log = m->logs[i];
		int r = look(log, is_last, err);

		if (r < 0)
			return r;
		if (log->has_line && (!first || log->line.time.us < first->line.time.us))
			first = log;
	}
	if (!first)
		return LOG_READER_END;
	first->has_line = false;
	*ret_source = &first->source;
	*ret = first->line;
	return 0;
}
