/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is there: the table, the directories, the systems, endpoints and namespaces with the owner's
 * name, which after a crash need not agree. Each gets a box; each box is then judged by what the
 * service says of its system. Makes and ends nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backends/hcs.h"
#include "backends/hcs_exit.h"
#include "backends/hcs_machine.h"
#include "backends/hcs_mend.h"
#include "base/fs.h"
#include "specs/runtime_id.h"

static bool is_known(struct hcs *h, const char *id)
{
	bool known;

	pthread_mutex_lock(&h->lock);
	known = hcs_box_find(h, id) != NULL;
	pthread_mutex_unlock(&h->lock);
	return known;
}

static void take_in(struct hcs *h, const char *id)
{
	struct runtime_id parsed;

	if (runtime_id_parse(id, &parsed) && !is_known(h, id))
		hcs_adopt_leftover(h, id);
}

/* --- judging one --------------------------------------------------------------------- */

static void fill(const struct hcs_box *copy, struct arena *a, struct instance *in)
{
	const struct hcs_record *rec = &copy->rec;
	struct runtime_id id = { .generation = 0 };

	(void)runtime_id_parse(copy->id, &id); /* only such ids come here */
	*in = (struct instance){
		.id = arena_strdup(a, copy->id),
		.deployment = arena_strdup(a, id.deployment),
		.service = arena_strdup(a, id.service),
		.slot = id.slot,
		.generation = id.generation,
		.runtime = "hcs",
		.state = INSTANCE_BROKEN,
		.boot_id = rec->boot_id,
		.config_hash = rec->config_hash,
		.image = rec->image,
		.digest = rec->digest,
		.address = rec->address,
		.own_end = rec->own_end,
		.created = rec->created,
		.started = copy->note.started,
	};
}

static void view_ended(const struct hcs_box *copy, struct instance *in)
{
	in->state = INSTANCE_EXITED;
	in->has_exit_code = copy->exit.has_code;
	in->exit_code = copy->exit.has_code ? (int)copy->exit.code : 0;
	in->finished = copy->exit.at;
}

/* By what the service says of its system. The end of its process was asked for before. */
static enum instance_state state_of(const struct hcs_box *copy, enum hcs_state seen)
{
	switch (seen) {
	case HCS_STATE_CREATED:
		return copy->process_spec.command_line ? INSTANCE_CREATED : INSTANCE_BROKEN;
	case HCS_STATE_RUNNING:
		if (copy->note.pid)
			return INSTANCE_RUNNING;
		/* Started without its process: the start can be repeated, unless one was made. */
		return copy->has_note || !copy->process_spec.command_line ? INSTANCE_BROKEN
									  : INSTANCE_CREATED;
	case HCS_STATE_PAUSED:
		return copy->note.pid ? INSTANCE_PAUSED : INSTANCE_BROKEN;
	case HCS_STATE_STOPPED:
	case HCS_STATE_TEMPLATE:
		return INSTANCE_BROKEN;
	case HCS_STATE_UNKNOWN:
	case HCS_N_STATES:
		break;
	}
	return INSTANCE_UNKNOWN;
}

/* @seen: HCS_N_STATES: there is no such system. */
static void view(const struct hcs_box *copy, enum hcs_state seen, struct arena *a,
		 struct instance *ret)
{
	fill(copy, a, ret);
	if (copy->busy)
		ret->state = INSTANCE_UNKNOWN;
	else if (!copy->rec.id)
		ret->state = INSTANCE_BROKEN;
	else if (copy->ended)
		view_ended(copy, ret);
	else if (seen != HCS_N_STATES)
		ret->state = state_of(copy, seen);
	if (ret->state == INSTANCE_RUNNING || ret->state == INSTANCE_PAUSED)
		ret->pid = (int32_t)copy->note.pid;
}

/* A process whose system is gone or stopped has ended: how, the service is asked once. */
static int settle(struct hcs *h, const struct hcs_box *copy, enum hcs_state seen, struct error *err)
{
	bool lives = seen == HCS_STATE_RUNNING || seen == HCS_STATE_PAUSED;

	if (copy->busy || copy->ended || !copy->note.pid || lives)
		return 0;
	return hcs_exit_check(h, copy->id, err);
}

/* What is known of one from elsewhere. */
struct seen {
	enum hcs_state state;              /* of its system */
	const struct hcs_mend_seen *links; /* the endpoints there are; NULL: nobody asked */
};

static int judge(struct hcs *h, const char *id, const struct seen *seen, struct arena *a,
		 struct instance *ret, struct error *err)
{
	struct hcs_box copy;
	int r;

	if (!hcs_box_copy(h, id, a, &copy))
		return RUNTIME_ABSENT;
	r = settle(h, &copy, seen->state, err);
	if (r < 0)
		return r;
	if (!hcs_box_copy(h, id, a, &copy))
		return RUNTIME_ABSENT;
	view(&copy, seen->state, a, ret);
	return seen->links ? hcs_mend_look(h, &copy.rec, seen->links, ret, err) : 0;
}

/* --- list ---------------------------------------------------------------------------- */

static int walk_directories(struct hcs *h, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = layout_silos(&h->layout, a);
	DIR *d = opendir(path);
	struct runtime_id id;
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", path);
	for (errno = 0; r == 0 && (e = readdir(d)); errno = 0)
		if (runtime_id_parse(e->d_name, &id) && !is_known(h, e->d_name))
			r = hcs_adopt_directory(h, e->d_name, err);
	if (r == 0 && errno)
		r = error_sys(err, errno, "read %s", path);
	closedir(d);
	return r;
}

struct states {
	const char *id; /* key of the map */
	enum hcs_state state;
	UT_hash_handle hh;
};

static struct states *map_states(const struct hcs_system *all, size_t n, struct arena *a)
{
	struct states *map = NULL;

	for (size_t i = 0; i < n; i++) {
		struct states *s = arena_alloc(a, sizeof(*s));

		*s = (struct states){ .id = all[i].id, .state = all[i].state };
		HASH_ADD_KEYPTR(hh, map, s->id, strlen(s->id), s);
	}
	return map;
}

/* Everything that has our name anywhere gets a box. */
static int look_everywhere(struct hcs *h, struct arena *a, struct hcs_system **ret, size_t *ret_n,
			   struct hcs_mend_seen *ret_links, struct error *err)
{
	struct network_hcn_list links;
	int r = walk_directories(h, err);

	r = r < 0 ? r : hcs_system_list(h, a, ret, ret_n, err);
	r = r < 0 ? r : network_hcn_list(h->network, a, &links, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < *ret_n; i++)
		take_in(h, hcs_machine_instance((*ret)[i].id, a));
	for (size_t i = 0; i < links.n; i++)
		take_in(h, links.ids[i]);
	hcs_mend_endpoints(&links, a, ret_links);
	return 0;
}

static size_t box_ids(struct hcs *h, struct arena *a, const char ***ret)
{
	struct hcs_box *box, *tmp;
	const char **ids;
	size_t n = 0;

	pthread_mutex_lock(&h->lock);
	ids = arena_array(a, HASH_COUNT(h->boxes) + 1, sizeof(*ids));
	HASH_ITER (hh, h->boxes, box, tmp)
		ids[n++] = arena_strdup(a, box->id);
	pthread_mutex_unlock(&h->lock);
	*ret = ids;
	return n;
}

int hcs_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct observed o = { 0 };
	struct hcs_system *all = NULL;
	struct hcs_mend_seen links;
	struct states *map, *found;
	const char **ids;
	size_t n = 0;
	int r = look_everywhere(h, a, &all, &n, &links, err);

	if (r < 0)
		return r;
	map = map_states(all, n, a);
	n = box_ids(h, a, &ids);
	o.instances = arena_array(a, n, sizeof(*o.instances));
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct seen seen = { HCS_N_STATES, &links };

		HASH_FIND_STR(map, ids[i], found);
		if (found)
			seen.state = found->state;
		r = judge(h, ids[i], &seen, a, &o.instances[o.n], err);
		o.n += r == 0;
	}
	HASH_CLEAR(hh, map);
	if (r < 0)
		return r;
	observed_sort(&o);
	*ret = o;
	return 0;
}

/* --- inspect ------------------------------------------------------------------------- */

/* Nothing in memory: look at each place where something of that name could be. */
static int look_for(struct hcs *h, const char *id, enum hcs_state seen, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int r = fs_exists(AT_FDCWD, layout_silo(&h->layout, a, id), err);

	if (r != 0)
		return r < 0 ? r : hcs_adopt_directory(h, id, err);
	if (seen == HCS_N_STATES) {
		r = network_hcn_has(h->network, id, err);
		if (r == 0)
			r = hcs_machine_has(h, id, err);
		if (r <= 0)
			return r;
	}
	hcs_adopt_leftover(h, id);
	return 0;
}

int hcs_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct seen known = { HCS_N_STATES, NULL };
	struct hcs_properties seen;
	struct runtime_id parsed;
	bool is_ours = false;
	int r;

	if (!runtime_id_parse(id, &parsed))
		return error_set(err, ERR_INVALID, 0, "%s is no runtime id", id);
	r = hcs_system_look(h, id, 0, a, &seen, err);
	/* Somebody else's system of that id is not our instance. */
	if (r == 0)
		r = hcs_system_is_ours(h, id, &is_ours, err);
	if (r == 0 && is_ours)
		known.state = seen.basics.state;
	if (r >= 0 && !is_known(h, id))
		r = look_for(h, id, known.state, err);
	return r < 0 ? r : judge(h, id, &known, a, ret, err);
}
