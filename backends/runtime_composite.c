/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two maps under one lock: who made an instance, and what an image is for. A record of the first
 * is written before the create and goes when a member has proved that nothing of the id is left:
 * a create that failed may have left something. The lock is never held over a member's call.
 */
#include "backends/runtime_composite.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "specs/spec_enum.h"
#include "specs/spec_service.h"

struct maker {
	UT_hash_handle hh;
	char *runtime;
	char id[];
};

struct known_image {
	UT_hash_handle hh;
	struct composite_platform platform;
	const char *digest;
};

struct composite {
	struct runtime rt;
	struct runtime *members[RUNTIME_COMPOSITE_MAX];
	size_t n;
	struct composite_platform node;
	pthread_mutex_t lock;
	struct arena *arena; /* node, images; under the lock */
	struct maker *makers;
	struct known_image *images;
};

static struct composite *of(const struct runtime *rt)
{
	return (struct composite *)(uintptr_t)rt;
}

/* --- who made it --------------------------------------------------------------------- */

static struct maker *find_maker(struct composite *c, const char *id)
{
	struct maker *m;

	HASH_FIND_STR(c->makers, id, m);
	return m;
}

/* The name of who made it, in @a; NULL when nobody has said. */
static const char *maker_of(struct composite *c, const char *id, struct arena *a)
{
	struct maker *m;
	const char *runtime;

	pthread_mutex_lock(&c->lock);
	m = find_maker(c, id);
	runtime = m ? arena_strdup(a, m->runtime) : NULL;
	pthread_mutex_unlock(&c->lock);
	return runtime;
}

static void forget(struct composite *c, const char *id)
{
	struct maker *m;

	pthread_mutex_lock(&c->lock);
	m = find_maker(c, id);
	if (m) {
		HASH_DEL(c->makers, m);
		free(m->runtime);
		free(m);
	}
	pthread_mutex_unlock(&c->lock);
}

int runtime_composite_learn(struct runtime *rt, const char *id, const char *runtime,
			    struct error *err)
{
	struct composite *c = of(rt);
	struct maker *m;
	int r = 0;

	pthread_mutex_lock(&c->lock);
	m = find_maker(c, id);
	if (!m) {
		m = xcalloc(1, sizeof(*m) + strlen(id) + 1);
		memcpy(m->id, id, strlen(id) + 1);
		m->runtime = xstrdup(runtime);
		HASH_ADD_STR(c->makers, id, m);
	} else if (strcmp(m->runtime, runtime) != 0) {
		r = error_set(err, ERR_CONFLICT, 0, "%s was made by %s and is on %s too", id,
			      m->runtime, runtime);
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

/* Nobody has said who made it: each member is asked for exactly that one. One that cannot answer
 * might have it. */
static int ask_all(struct composite *c, const char *id, struct runtime **ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct error why = ERROR_INIT;
	struct runtime *found = NULL;
	int failed = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct runtime *member = c->members[i];
		struct instance seen;
		int r = runtime_inspect(member, id, a, &seen, failed ? NULL : &why);

		if (r == 0 && found)
			return error_set(err, ERR_CONFLICT, 0, "%s is on %s and on %s", id,
					 found->name, member->name);
		if (r == 0)
			found = member;
		failed = r < 0 && !failed ? r : failed;
	}
	if (found) {
		*ret = found;
		return runtime_composite_learn(&c->rt, id, found->name, err);
	}
	if (failed && err)
		*err = why;
	return failed ? failed : RUNTIME_ABSENT;
}

/* Where a call by id goes. RUNTIME_ABSENT: to nobody, and *ret is one that says what an operation
 * says then. */
static int dispatch(struct composite *c, const char *id, struct runtime **ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *runtime = maker_of(c, id, a);

	*ret = c->members[0];
	if (!runtime)
		return ask_all(c, id, ret, err);
	*ret = runtime_composite_find(&c->rt, runtime);
	if (*ret)
		return 0;
	(void)error_set(err, ERR_UNAVAILABLE, 0, "%s was made by %s, which this node does not have",
			id, runtime);
	error_hint(err, "give the node its runtime %s back, or remove what it left there", runtime);
	return -ERR_UNAVAILABLE;
}

static int name_member(const struct runtime *member, int r, struct error *err)
{
	return r < 0 ? error_wrap(err, r, "%s", member->name) : r;
}

/* --- operations by id ---------------------------------------------------------------- */

static int composite_inspect(struct runtime *rt, const char *id, struct arena *a,
			     struct instance *ret, struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), id, &m, err);

	if (r == 0)
		r = name_member(m, m->ops->inspect(m, id, a, ret, err), err);
	if (r == RUNTIME_ABSENT)
		forget(of(rt), id);
	return r;
}

static int composite_start(struct runtime *rt, const char *id, struct mono deadline,
			   struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), id, &m, err);

	return r < 0 ? r : name_member(m, m->ops->start(m, id, deadline, err), err);
}

static int composite_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), id, &m, err);

	return r < 0 ? r : name_member(m, m->ops->signal(m, id, sig, err), err);
}

static int composite_remove(struct runtime *rt, const char *id, struct mono deadline,
			    struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), id, &m, err);

	if (r < 0)
		return r;
	r = name_member(m, m->ops->remove(m, id, deadline, err), err);
	if (r >= 0)
		forget(of(rt), id);
	return r;
}

static int composite_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
			  struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), x->id, &m, err);

	return r < 0 ? r : name_member(m, m->ops->exec(m, x, ret_code, err), err);
}

static int composite_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), spec->id, &m, err);

	return r < 0 ? r : name_member(m, m->ops->update(m, spec, err), err);
}

static int composite_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
			   struct error *err)
{
	struct runtime *m;
	int r = dispatch(of(rt), id, &m, err);

	return r < 0 ? r : name_member(m, m->ops->stats(m, id, ret, err), err);
}

/* --- routing ------------------------------------------------------------------------- */

static struct composite_platform copy_platform(const struct composite_platform *p, struct arena *a)
{
	return (struct composite_platform){ .os = arena_strdup(a, p->os),
					    .arch = arena_strdup(a, p->arch),
					    .os_version = arena_strdup(a, p->os_version) };
}

void runtime_composite_learn_image(struct runtime *rt, const char *digest,
				   const struct composite_platform *platform)
{
	struct composite *c = of(rt);
	struct known_image *image;

	pthread_mutex_lock(&c->lock);
	HASH_FIND_STR(c->images, digest, image);
	if (!image) {
		image = arena_alloc(c->arena, sizeof(*image));
		image->platform = copy_platform(platform, c->arena);
		image->digest = arena_strdup(c->arena, digest);
		HASH_ADD_KEYPTR(hh, c->images, image->digest, strlen(image->digest), image);
	}
	pthread_mutex_unlock(&c->lock);
}

/* What is known of an image; its texts stay as long as the composite. */
static struct composite_platform image_platform(struct composite *c, const char *digest)
{
	struct composite_platform platform = { 0 };
	struct known_image *image = NULL;

	pthread_mutex_lock(&c->lock);
	if (digest)
		HASH_FIND_STR(c->images, digest, image);
	if (image)
		platform = image->platform;
	pthread_mutex_unlock(&c->lock);
	return platform;
}

/* The first member with one of @caps; NULL. */
static struct runtime *member_with(const struct composite *c, unsigned caps)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->members[i]->caps & caps)
			return c->members[i];
	return NULL;
}

struct runtime *runtime_composite_route(struct runtime *rt, const struct platform_spec *want,
					const char *digest, struct arena *a,
					struct composite_answer *ret)
{
	struct composite *c = of(rt);
	struct runtime *model = member_with(c, RUNTIME_CAP_MODEL);
	struct runtime *linux_one = member_with(c, RUNTIME_CAP_LINUX);
	struct runtime *windows_one = member_with(c, RUNTIME_CAP_WINDOWS);
	struct composite_query q = { .image = image_platform(c, digest),
				     .node = c->node,
				     .has_linux = linux_one != NULL,
				     .has_windows = windows_one != NULL,
				     .has_model = model != NULL };

	if (want) {
		q.want.os = spec_enum_name(&spec_enum_os, (int)want->os);
		q.want.arch = spec_enum_name(&spec_enum_arch, (int)want->arch);
		q.want.os_version = want->osVersion;
	}
	composite_route(&q, a, ret);
	if (ret->kind != COMPOSITE_RUN)
		return NULL;
	if (strcmp(ret->os, "linux") == 0 && linux_one)
		return linux_one;
	return strcmp(ret->os, "windows") == 0 && windows_one ? windows_one : model;
}

static int refuse(const struct composite_answer *answer, struct error *err)
{
	(void)error_set(err, ERR_UNSUPPORTED, 0, "%s", answer->reason);
	if (answer->kind == COMPOSITE_PEER)
		error_hint(err, "it needs a node with a runtime for %s", answer->os);
	return -ERR_UNSUPPORTED;
}

/* Again the same id: where it went before. Else what the table says, written down first. */
static int choose(struct composite *c, const struct instance_spec *spec, struct arena *a,
		  struct runtime **ret, struct error *err)
{
	struct composite_answer answer;
	struct runtime *member;

	if (maker_of(c, spec->id, a))
		return dispatch(c, spec->id, ret, err);
	member = runtime_composite_route(&c->rt, spec->service->platform, spec->digest, a, &answer);
	if (!member)
		return refuse(&answer, err);
	*ret = member;
	return runtime_composite_learn(&c->rt, spec->id, member->name, err);
}

static int composite_create(struct runtime *rt, const struct instance_spec *spec,
			    struct mono deadline, struct arena *a, struct instance *ret,
			    struct error *err)
{
	struct runtime *m;
	int r = choose(of(rt), spec, a, &m, err);

	return r < 0 ? r : name_member(m, m->ops->create(m, spec, deadline, a, ret, err), err);
}

/* --- of all members ------------------------------------------------------------------ */

/* An image for nobody knows which system: whoever can have it, has it. */
static int stage_everywhere(struct composite *c, const char *digest, struct mono deadline,
			    struct error *err)
{
	struct error why = ERROR_INIT;
	int best = 0, failed = 0;
	bool has = false;

	for (size_t i = 0; i < c->n; i++) {
		struct runtime *m = c->members[i];
		int r = m->ops->stage(m, digest, deadline, failed ? NULL : &why);

		if (r >= 0) {
			best = has && best == 0 ? 0 : r;
			has = true;
		} else if (!failed) {
			failed = name_member(m, r, &why);
		}
	}
	if (!has && err)
		*err = why;
	return has ? best : failed;
}

static int composite_stage(struct runtime *rt, const char *digest, struct mono deadline,
			   struct error *err)
{
	struct composite *c = of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct composite_answer answer;
	struct runtime *m;

	if (!image_platform(c, digest).os)
		return stage_everywhere(c, digest, deadline, err);
	m = runtime_composite_route(rt, NULL, digest, a, &answer);
	if (!m)
		return refuse(&answer, err);
	return name_member(m, m->ops->stage(m, digest, deadline, err), err);
}

static void add_candidates(struct runtime_info *all, const struct runtime_info *one,
			   struct arena *a)
{
	for (size_t i = 0; i < one->n_candidates; i++) {
		all->candidates =
			arena_grow(a, all->candidates, all->n_candidates, sizeof(*all->candidates));
		all->candidates[all->n_candidates++] = one->candidates[i];
	}
}

static void add_notes(struct runtime_info *all, const struct runtime_info *one)
{
	const size_t max = sizeof(all->notes) / sizeof(all->notes[0]) - 1;
	size_t n = 0;

	while (n < max && all->notes[n])
		n++;
	for (size_t i = 0; n < max && i < max && one->notes[i]; i++)
		all->notes[n++] = one->notes[i];
}

/* The primary's words, everybody's candidates. */
static int composite_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			   struct error *err)
{
	struct composite *c = of(rt);
	struct runtime_info all = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		struct runtime *m = c->members[i];
		struct runtime_info one = { 0 };
		int r = name_member(m, m->ops->probe(m, a, &one, err), err);

		if (r < 0)
			return r;
		if (i == 0 || (!all.available && one.available)) {
			all.os = one.os;
			all.arch = one.arch;
			all.chosen = one.chosen;
			all.why = one.why;
			all.available = one.available;
		}
		add_candidates(&all, &one, a);
		add_notes(&all, &one);
		all.stays = all.stays ? all.stays : one.stays;
	}
	*ret = all;
	return 0;
}

static int add_instances(struct composite *c, const struct observed *part, struct arena *a,
			 struct observed *all, struct error *err)
{
	for (size_t i = 0; i < part->n; i++) {
		const struct instance *in = &part->instances[i];
		int r = runtime_composite_learn(&c->rt, in->id, in->runtime, err);

		if (r < 0)
			return r;
		all->instances = arena_grow(a, all->instances, all->n, sizeof(*all->instances));
		all->instances[all->n++] = *in;
	}
	return 0;
}

static void note_partial(struct observed *all, const char *missing)
{
	if (!all->partial)
		all->missing = missing;
	all->partial = true;
}

static int composite_list(struct runtime *rt, struct arena *a, struct observed *ret,
			  struct error *err)
{
	struct composite *c = of(rt);
	struct observed all = { 0 };
	struct error why = ERROR_INIT;
	size_t n_failed = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct runtime *m = c->members[i];
		struct observed part = { 0 };

		if (runtime_list(m, a, &part, &why) < 0) {
			note_partial(&all, arena_strdup(a, why.msg));
			n_failed++;
			continue;
		}
		if (part.partial)
			note_partial(&all, part.missing);
		r = add_instances(c, &part, a, &all, err);
	}
	if (r < 0)
		return r;
	if (n_failed == c->n) {
		if (err)
			*err = why;
		return -(int)why.code;
	}
	observed_sort(&all);
	*ret = all;
	return 0;
}

static void composite_close(struct runtime *rt)
{
	struct composite *c = of(rt);
	struct maker *m, *next;

	for (size_t i = 0; i < c->n; i++)
		runtime_close(c->members[i]);
	HASH_ITER (hh, c->makers, m, next) {
		HASH_DEL(c->makers, m);
		free(m->runtime);
		free(m);
	}
	HASH_CLEAR(hh, c->images); /* the images themselves are in the arena */
	pthread_mutex_destroy(&c->lock);
	arena_free(c->arena);
	free(c);
}

static const struct runtime_ops composite_ops = {
	.name = "composite",
	.probe = composite_probe,
	.stage = composite_stage,
	.list = composite_list,
	.inspect = composite_inspect,
	.create = composite_create,
	.start = composite_start,
	.signal = composite_signal,
	.remove = composite_remove,
	.exec = composite_exec,
	.update = composite_update,
	.stats = composite_stats,
	.close = composite_close,
};

/* --- members ------------------------------------------------------------------------- */

size_t runtime_composite_count(const struct runtime *rt)
{
	return of(rt)->n;
}

struct runtime *runtime_composite_member(const struct runtime *rt, size_t i)
{
	assert(i < of(rt)->n);
	return of(rt)->members[i];
}

struct runtime *runtime_composite_find(const struct runtime *rt, const char *name)
{
	const struct composite *c = of(rt);

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->members[i]->name, name) == 0)
			return c->members[i];
	return NULL;
}

/* Systems: what any of them can; the rest: what all can, since one does not know whom one gets. */
static unsigned merge_caps(unsigned a, unsigned b)
{
	const unsigned systems = RUNTIME_CAP_LINUX | RUNTIME_CAP_WINDOWS | RUNTIME_CAP_MODEL;

	return (a & b & ~systems) | ((a | b) & systems);
}

struct runtime *runtime_composite_new(const struct runtime_composite_options *o)
{
	struct composite *c = xcalloc(1, sizeof(*c));

	assert(o->primary && o->node.os && o->node.arch);
	assert(!o->delegate || strcmp(o->primary->name, o->delegate->name) != 0);
	c->members[c->n++] = o->primary;
	c->rt = (struct runtime){ .ops = &composite_ops, .name = "node", .caps = o->primary->caps };
	if (o->delegate) {
		c->members[c->n++] = o->delegate;
		c->rt.caps = merge_caps(o->primary->caps, o->delegate->caps);
	}
	c->arena = arena_new();
	c->node = copy_platform(&o->node, c->arena);
	pthread_mutex_init(&c->lock, NULL);
	return &c->rt;
}
