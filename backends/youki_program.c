/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that could make new instances, and the choice among them. What works is believed for
 * as long as the shim lives; what does not is asked again when its file is another one, and now and
 * then: whoever mends it shall not have to end the shim.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_reaper.h"
#include "backends/youki.h"

/* A program that did not work is tried again that long after: the host may be mended, or have been
 * short of something for a moment. Many instances at once ask it once. */
#define ASK_AGAIN_US (2 * CLOCK_SEC)

struct youki_candidate {
	struct youki_candidate *next;
	const char *given; /* runtime.oci.path; NULL: looked for by name */
	struct oci_program program;
	struct runtime_candidate seen;
	struct stat file;     /* when it was tried */
	struct mono tried_at; /* 0: not yet, or without an answer */
	bool is_passing;      /* the failure was not the program's: the same may work later */
	bool is_hearsay;      /* usable, as an earlier shim has proved and we have not */
};

static bool is_wanted(const struct youki_candidate *c, const char *given, const char *name)
{
	if (given)
		return c->given && strcmp(c->given, given) == 0;
	return !c->given && strcmp(c->program.name, name) == 0;
}

/* Under probe_lock. The list is short: three names, and paths that somebody has configured. */
static struct youki_candidate *candidate_of(struct youki *y, const char *given, const char *name)
{
	struct youki_candidate **at = &y->candidates, *c;

	while (*at && !is_wanted(*at, given, name))
		at = &(*at)->next;
	if (*at)
		return *at;
	c = arena_alloc(y->arena, sizeof(*c));
	*c = (struct youki_candidate){ .given = arena_strdup(y->arena, given) };
	c->program.name = name ? name : "oci";
	c->program.root = layout_oci_root(&y->layout, y->arena, c->program.name);
	c->program.waiter = shim_reaper_waiter(y->reaper);
	c->seen.name = c->program.name;
	*at = c;
	return c;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void say(struct youki *y, struct youki_candidate *c, const char *why)
{
	if (!c->seen.why || strcmp(c->seen.why, why) != 0)
		c->seen.why = arena_strdup(y->arena, why);
}

/* Where it is now. False when it is nowhere, or cannot be used whatever it does. */
static bool find(struct youki *y, struct youki_candidate *c)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = c->given ? c->given : oci_program_find(c->program.name, a);

	if (c->given && access(path, X_OK) < 0) {
		say(y, c, arena_printf(a, "%s: %s", path, strerrordesc_np(errno)));
		path = NULL;
	} else if (c->given && strcmp(c->program.name, "oci") == 0) {
		say(y, c, "runtime.oci.path names neither youki, crun nor runc");
		path = NULL;
	} else if (!path) {
		say(y, c, "not installed");
	}
	if (!path)
		c->program.path = NULL;
	else if (!c->program.path || strcmp(c->program.path, path) != 0)
		c->program.path = arena_strdup(y->arena, path);
	c->seen.path = c->program.path;
	return path != NULL;
}

static bool must_try(struct youki_candidate *c, const struct stat *file)
{
	return !c->tried_at.us || !is_same_file(&c->file, file) ||
	       mono_cmp(clock_mono(), mono_add(c->tried_at, ASK_AGAIN_US)) >= 0;
}

/* crun refuses a hybrid host while v2 holds a controller; mounted as v1, v1 holds it. */
static const char *remedy_of(const struct youki *y, const char *why)
{
	const char *controllers = "";

	for (size_t i = 0; i < y->cgroups.n; i++)
		if (y->cgroups.items[i].is_v2)
			controllers = y->cgroups.items[i].controllers;
	if (!strstr(why, "hybrid") || !*controllers)
		return NULL;
	if (strchr(controllers, ' '))
		return arena_printf(y->arena,
				    "for c in %s; do mkdir -p /sys/fs/cgroup/$c; "
				    "mount -t cgroup -o $c cgroup /sys/fs/cgroup/$c; done",
				    controllers);
	return arena_printf(y->arena,
			    "mkdir -p /sys/fs/cgroup/%s && mount -t cgroup -o %s cgroup "
			    "/sys/fs/cgroup/%s",
			    controllers, controllers, controllers);
}

static bool believe(struct youki *y, struct youki_candidate *c, const struct stat *file)
{
	if (!youki_verdict_recall(y, &c->program, file, y->arena, &c->program.version))
		return false;
	c->file = *file;
	c->seen.usable = c->is_hearsay = true;
	c->seen.version = c->program.version;
	c->seen.why = c->seen.remedy = NULL;
	return true;
}

/* Under probe_lock. @must_prove: what others have seen does not count. */
static void try_candidate(struct youki *y, struct youki_candidate *c, struct mono deadline,
			  bool must_prove)
{
	struct error why = ERROR_INIT;
	struct stat file = { 0 };
	int r;

	if ((c->seen.usable && !(must_prove && c->is_hearsay)) || !find(y, c))
		return;
	(void)stat(c->program.path, &file); /* what cannot be seen is tried as it is */
	if (!must_try(c, &file) || (!must_prove && believe(y, c, &file)))
		return;
	r = oci_program_version(&c->program, deadline, y->arena, &c->program.version, &why);
	if (r < 0 && r != -ERR_TIMEOUT)
		r = YOUKI_REFUSES;
	if (r == 0)
		r = youki_probe(y, &c->program, deadline, &why);
	c->file = file;
	c->is_passing = r < 0;
	c->is_hearsay = false;
	c->tried_at = r < 0 ? (struct mono){ 0 } : clock_mono(); /* no answer: ask again */
	c->seen.usable = r == 0;
	c->seen.version = c->program.version;
	c->seen.remedy = r == 0 ? NULL : remedy_of(y, why.msg);
	if (r != 0) {
		say(y, c, why.msg);
		youki_verdict_forget(y, &c->program);
		return;
	}
	c->seen.why = NULL;
	youki_verdict_save(y, &c->program, &file);
}

void youki_program_doubt(struct youki *y, const struct oci_program *p)
{
	pthread_mutex_lock(&y->probe_lock);
	for (struct youki_candidate *c = y->candidates; c; c = c->next) {
		if (&c->program != p || !c->is_hearsay)
			continue;
		c->is_hearsay = c->seen.usable = false;
		c->tried_at = (struct mono){ 0 };
		youki_verdict_forget(y, p);
	}
	pthread_mutex_unlock(&y->probe_lock);
}

/* Leaves half of the time for what comes after. */
static struct mono probe_deadline(struct mono deadline)
{
	struct mono most = mono_add(clock_mono(), 10 * CLOCK_SEC);

	return deadline.us && mono_cmp(deadline, most) < 0 ? deadline : most;
}

/* The candidates of a configured path, or of the names in their order. */
struct choice {
	struct youki_candidate *items[YOUKI_MAX_NAMES];
	size_t n;
};

static struct choice choices(struct youki *y, const char *given)
{
	const char *const *names = oci_program_names();
	struct choice ch = { .n = 0 };

	if (given)
		ch.items[ch.n++] = candidate_of(y, given, oci_program_name(given));
	for (size_t i = 0; !given && names[i] && i < YOUKI_MAX_NAMES; i++)
		ch.items[ch.n++] = candidate_of(y, NULL, names[i]);
	return ch;
}

/* The one that is there, or else the first, has the word. Only where the machine was at fault does
 * trying again help. */
static int none_works(const struct choice *ch, struct error *err)
{
	const struct youki_candidate *said = ch->items[0];
	enum error_code code = ERR_UNSUPPORTED;

	for (size_t i = ch->n; i-- > 0;) {
		if (ch->items[i]->seen.path)
			said = ch->items[i];
		if (ch->items[i]->is_passing)
			code = ERR_UNAVAILABLE;
	}
	(void)error_set(err, code, 0, "no OCI runtime works: %s: %s", said->seen.name,
			said->seen.why);
	if (said->seen.remedy)
		error_hint(err, "%s", said->seen.remedy);
	else if (said->given)
		error_hint(err, "mend it, or set runtime.oci.path to another youki, crun or runc");
	else
		error_hint(err, "install youki, crun or runc; 'tallyman doctor' tells more");
	return -(int)code;
}

int youki_program_choose(struct youki *y, const char *given, struct mono deadline,
			 const struct oci_program **ret, struct error *err)
{
	struct choice ch;
	int r = -ERR_UNSUPPORTED;

	pthread_mutex_lock(&y->probe_lock);
	ch = choices(y, given);
	for (size_t i = 0; i < ch.n && r < 0; i++) {
		try_candidate(y, ch.items[i], probe_deadline(deadline), false);
		if (!ch.items[i]->seen.usable)
			continue;
		*ret = &ch.items[i]->program;
		r = 0;
	}
	if (r < 0)
		r = none_works(&ch, err);
	pthread_mutex_unlock(&y->probe_lock);
	return r;
}

static struct runtime_candidate copy_candidate(const struct runtime_candidate *c, struct arena *a)
{
	return (struct runtime_candidate){ .name = c->name,
					   .path = arena_strdup(a, c->path),
					   .version = arena_strdup(a, c->version),
					   .usable = c->usable,
					   .why = arena_strdup(a, c->why),
					   .remedy = arena_strdup(a, c->remedy) };
}

int youki_program_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			struct error *err)
{
	struct youki *y = youki_of(rt);
	struct runtime_info info = { .os = "linux", .arch = y->facts.arch };
	struct error why = ERROR_INIT;
	struct choice ch;

	(void)err;
	pthread_mutex_lock(&y->probe_lock);
	ch = choices(y, y->given_path);
	info.candidates = arena_array(a, ch.n, sizeof(*info.candidates));
	for (size_t i = 0; i < ch.n; i++) {
		try_candidate(y, ch.items[i], probe_deadline((struct mono){ 0 }), true);
		info.candidates[info.n_candidates++] = copy_candidate(&ch.items[i]->seen, a);
		if (ch.items[i]->seen.usable && !info.chosen)
			info.chosen = ch.items[i]->seen.name;
	}
	info.available = info.chosen != NULL;
	if (!info.available) {
		(void)none_works(&ch, &why);
		info.why = arena_strdup(a, why.msg);
	}
	pthread_mutex_unlock(&y->probe_lock);
	info.notes[0] = oci_cgroup_mode_name(y->cgroups.mode);
	*ret = info;
	return 0;
}

int youki_program_of(struct youki *y, const struct oci_record *rec, struct arena *a,
		     struct oci_program *ret, struct error *err)
{
	if (access(rec->program_path, X_OK) < 0) {
		error_set(err, ERR_UNAVAILABLE, errno, "%s, which made %s, is gone",
			  rec->program_path, rec->id);
		error_hint(err, "install %s again", rec->program);
		return -ERR_UNAVAILABLE;
	}
	*ret = (struct oci_program){ .name = rec->program,
				     .path = rec->program_path,
				     .version = rec->program_version,
				     .root = layout_oci_root(&y->layout, a, rec->program),
				     .waiter = shim_reaper_waiter(y->reaper) };
	return 0;
}
