/* SPDX-License-Identifier: Apache-2.0 */
/* When to look. One worker: a look that hangs in a file system keeps only other looks waiting. */
#include "controller/sources.h"

#include <assert.h>

#include "base/log.h"
#include "base/watch.h"

#define SETTLE_US (300 * CLOCK_MS) /* events come in bursts: one look for all of a burst */
#define RETRY_US  (10 * CLOCK_SEC) /* after the store failed */

struct sources {
	struct sources_options o;
	struct watch *watch;
	struct pool *pool;
	bool is_looking;
	bool is_due_again; /* something happened during the look */
	struct mono due;   /* of the next look; 0: none */
};

int sources_new(const struct sources_options *o, struct sources **ret, struct error *err)
{
	struct sources *s CLEAN(sources) = xcalloc(1, sizeof(*s));
	int r = 0;

	s->o = *o;
	if (o->n)
		r = watch_new(WATCH_CONTENT, &s->watch, err);
	if (r == 0 && o->n)
		r = pool_new(1, 1, o->bell, &s->pool, err);
	if (r < 0)
		return r;
	sources_look(s);
	*ret = TAKE(s);
	return 0;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	if (s->pool)
		pool_free(s->pool);
	watch_free(s->watch);
	free(s);
}

int sources_fd(const struct sources *s)
{
	return s->watch ? watch_fd(s->watch) : -1;
}

struct mono sources_wake(const struct sources *s)
{
	return s->is_looking ? (struct mono){ 0 } : s->due;
}

static void make_due(struct sources *s, struct mono at)
{
	if (!s->due.us || mono_cmp(at, s->due) < 0)
		s->due = at;
}

void sources_look(struct sources *s)
{
	if (!s->o.n)
		return;
	s->due = (struct mono){ 1 };
	s->is_due_again = s->is_looking;
}

/* Before the look: what happens from here on is told. */
static void watch_paths(struct sources *s)
{
	struct error err = ERROR_INIT;
	bool is_whole = true;

	for (size_t i = 0; i < s->o.n; i++) {
		if (watch_path(s->watch, s->o.paths[i].path, &err) == 0)
			continue;
		log_error(LOG_WARN, &err, "source=%s", s->o.paths[i].path);
		is_whole = false;
	}
	/* Where not all could be watched, the old ones are better than none. */
	if (is_whole)
		watch_prune(s->watch);
}

static void begin(struct sources *s, struct mono now)
{
	struct source_scan *scan;

	watch_paths(s);
	scan = source_scan_new(s->o.paths, s->o.n, now);
	s->is_looking = pool_submit(s->pool, &scan->job);
	assert(s->is_looking); /* there is one at most */
	s->is_due_again = false;
	s->due = (struct mono){ 0 };
}

static int judge(struct sources *s, const struct source_scan *scan, struct mono now,
		 struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct source_verdict v = { .arena = a };
	int r = source_judge(s->o.session, scan, &v, err);

	if (r < 0) {
		make_due(s, mono_add(now, RETRY_US));
		return r;
	}
	for (size_t i = 0; i < v.n_wanted; i++)
		s->o.want(s->o.arg, TAKE(v.wanted[i]));
	for (size_t i = 0; i < v.n_warnings; i++)
		log_line(LOG_WARN, "step=source msg=%s", v.warnings[i]);
	source_verdict_done(&v);
	if (v.is_unsettled)
		make_due(s, mono_add(now, SOURCE_SETTLE_US));
	return 0;
}

static int take(struct sources *s, struct mono now, struct error *err)
{
	struct job *j = pool_take_done(s->pool);
	int r;

	if (!j)
		return 0;
	s->is_looking = false;
	if (s->o.resync_us)
		make_due(s, mono_add(now, s->o.resync_us));
	if (s->is_due_again)
		make_due(s, mono_add(now, SETTLE_US));
	r = judge(s, (struct source_scan *)j, now, err);
	j->drop(j);
	return r;
}

int sources_turn(struct sources *s, struct mono now, struct error *err)
{
	int r;

	if (!s->o.n)
		return 0;
	if (watch_take(s->watch)) {
		make_due(s, mono_add(now, SETTLE_US));
		s->is_due_again = s->is_looking;
	}
	r = take(s, now, err);
	if (!s->is_looking && s->due.us && mono_cmp(s->due, now) <= 0)
		begin(s, now);
	return r;
}
