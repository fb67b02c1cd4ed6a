/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconciler's slots, and the one place where they are made: a merge of what we knew,
 * what is wanted, what is recorded and what a look has shown. Decides nothing but whom to
 * believe: about a slot that was touched since a look began, ourselves; else the look.
 */
#include "controller/reconcile_table.h"

#include <string.h>

#include "controller/match.h"
#include "specs/runtime_id.h"

struct key {
	const char *service;
	uint32_t number;
};

/* Four sorted lists and how far each has been read. */
struct build {
	struct reconciler *r;
	const struct rslot *old;
	size_t i_old, n_old;
	size_t i_want;
	const struct slot *records; /* NULL: those of `old` */
	size_t i_record, n_records;
	const struct observed *look; /* NULL: the instances of `old` */
	size_t i_look, n_look;
	size_t *moved; /* index in `old` to index in the new table */
};

static int compare_keys(const struct key *a, const struct key *b)
{
	int order = a->service == b->service ? 0 : strcmp(a->service, b->service);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static bool is_ours(const struct build *b, size_t i)
{
	return strcmp(b->look->instances[i].deployment, b->r->desired->deployment) == 0;
}

/* The heads of the four lists; false when all are empty. */
static bool next_key(const struct build *b, struct key *ret)
{
	struct key heads[4];
	size_t n = 0;
	const struct desired *d = b->r->desired;

	if (b->i_old < b->n_old)
		heads[n++] = (struct key){ b->old[b->i_old].service, b->old[b->i_old].number };
	if (b->i_want < d->n)
		heads[n++] =
			(struct key){ d->slots[b->i_want].service, d->slots[b->i_want].number };
	if (b->i_record < b->n_records)
		heads[n++] = (struct key){ b->records[b->i_record].service,
					   b->records[b->i_record].number };
	if (b->i_look < b->n_look)
		heads[n++] = (struct key){ b->look->instances[b->i_look].service,
					   b->look->instances[b->i_look].slot };
	if (n == 0)
		return false;
	*ret = heads[0];
	for (size_t i = 1; i < n; i++)
		if (compare_keys(&heads[i], ret) < 0)
			*ret = heads[i];
	return true;
}

/* --- copies: a pass owns its texts --- */

static void copy_instance(struct instance *to, const struct instance *from, const struct rslot *s,
			  struct reconciler *r)
{
	struct arena *a = r->pass;
	*to = *from;
	to->service = s->service;
	to->deployment = s->record.deployment;
	to->id = arena_strdup(a, from->id);
	to->runtime = arena_strdup(a, from->runtime);
	to->program = arena_strdup(a, from->program);
	to->program_path = arena_strdup(a, from->program_path);
	to->program_version = arena_strdup(a, from->program_version);
	to->boot_id = arena_strdup(a, from->boot_id);
	to->config_hash = arena_strdup(a, from->config_hash);
	to->image = arena_strdup(a, from->image);
	to->digest = arena_strdup(a, from->digest);
	to->address = arena_strdup(a, from->address);
	to->altered = arena_strdup(a, from->altered);
}

static void copy_record(struct rslot *s, const struct slot *from, struct arena *a)
{
	const char *deployment = s->record.deployment;
	s->record = *from;
	s->record.deployment = deployment;
	s->record.service = s->service;
	s->record.boot_id = arena_strdup(a, from->boot_id);
	s->record.done_hash = arena_strdup(a, from->done_hash);
	s->record.reason = arena_strdup(a, from->reason);
	s->record.hint = arena_strdup(a, from->hint);
}

struct rinstance *reconcile_table_instance(struct rslot *s, uint64_t generation)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->instances[i].is.generation == generation)
			return &s->instances[i];
	return NULL;
}

static struct rinstance *add_room(struct reconciler *r, struct rslot *s)
{
	if (s->n == s->n_max) {
		struct rinstance *more = arena_array(r->pass, s->n_max + 2, sizeof(*more));
		for (size_t i = 0; i < s->n; i++)
			more[i] = s->instances[i];
		s->instances = more;
		s->n_max += 2;
	}
	struct rinstance *ri = &s->instances[s->n++];
	*ri = (struct rinstance){ 0 };
	return ri;
}

struct rinstance *reconcile_table_add(struct reconciler *r, struct rslot *s,
				      const struct instance *is)
{
	struct rinstance *ri = add_room(r, s);
	copy_instance(&ri->is, is, s, r);
	return ri;
}

void reconcile_table_drop(struct rslot *s, uint64_t generation)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->instances[i].is.generation != generation)
			s->instances[n++] = s->instances[i];
	s->n = n;
}

/* --- one slot --- */

static void copy_stop(struct rinstance *to, const struct rinstance *from)
{
	to->is_stopped = from->is_stopped;
	to->is_signaled = from->is_signaled;
	to->is_killed = from->is_killed;
	to->deadline = from->deadline;
}

/* What the look does not tell: how far we are with ending it, and a code only we heard of. */
static void carry_over(struct rinstance *ri, const struct rslot *old)
{
	for (size_t i = 0; old && i < old->n; i++) {
		const struct rinstance *was = &old->instances[i];
		if (was->is.generation != ri->is.generation)
			continue;
		copy_stop(ri, was);
		if (ri->is.state == INSTANCE_EXITED && !ri->is.has_exit_code) {
			ri->is.has_exit_code = was->is.has_exit_code;
			ri->is.exit_code = was->is.exit_code;
		}
	}
}

/* Is what the look shows of a slot, from @first on, what we know of it? */
static bool is_as_known(const struct build *b, size_t first, const struct rslot *old)
{
	if (b->i_look - first != old->n)
		return false;
	for (size_t i = 0; i < old->n; i++) {
		const struct instance *is = &b->look->instances[first + i];
		const struct instance *was = &old->instances[i].is;
		if (is->generation != was->generation || is->state != was->state)
			return false;
	}
	return true;
}

/* A number that was seen is never given again, whatever the store remembers. */
static void see_generation(struct rslot *s, uint64_t generation)
{
	if (s->record.generation >= generation)
		return;
	s->record.generation = generation;
	s->is_record_dirty = true;
}

/* A runtime that does not answer holds up its own slots, not those of the others: what they had
 * elsewhere has a row, and that is UNKNOWN. Only a store that knows too little needs to see all. */
static bool proves_absence(const struct build *b, const struct rslot *s)
{
	const char *runtime = s->want ? s->want->group->route.runtime : NULL;

	return observed_proves_absence(b->look, b->r->keeps_all ? NULL : runtime);
}

/* What happened to a slot while a look was under way, the look may not know. */
static bool is_believed(const struct build *b, const struct rslot *old)
{
	return b->look && !(old && (old->ticket || old->touched >= b->r->look));
}

static void take_instances(struct build *b, struct rslot *s, const struct key *key,
			   const struct rslot *old)
{
	struct reconciler *r = b->r;
	size_t first = b->i_look;
	bool believes_look = is_believed(b, old);
	for (; b->look && b->i_look < b->n_look; b->i_look++) {
		const struct instance *is = &b->look->instances[b->i_look];
		struct key k = { is->service, is->slot };
		if (compare_keys(&k, key) != 0)
			break;
		see_generation(s, is->generation);
		if (believes_look)
			carry_over(reconcile_table_add(r, s, is), old);
	}
	for (size_t i = 0; !believes_look && old && i < old->n; i++) {
		const struct rinstance *was = &old->instances[i];
		struct rinstance *ri = reconcile_table_add(r, s, &was->is);
		copy_stop(ri, was);
	}
	if (b->look)
		s->is_doubted = !believes_look && !is_as_known(b, first, old);
	if (b->look && believes_look &&
	    observed_has_lost(b->look, r->desired->deployment, s->service, s->number))
		s->is_taken = true;
	if (s->n)
		s->is_vacant = s->is_taken = false;
	else if (believes_look && proves_absence(b, s))
		s->is_vacant = true;
}

static void take_old(const struct build *b, struct rslot *s, const struct rslot *old)
{
	struct reconciler *r = b->r;

	copy_record(s, &old->record, r->pass);
	s->is_record_dirty = old->is_record_dirty;
	s->ticket = old->ticket;
	s->doing = old->doing;
	s->doing_generation = old->doing_generation;
	s->doing_hash = arena_strdup(r->pass, old->doing_hash);
	s->doing_signal = old->doing_signal;
	s->doing_drift = arena_strdup(r->pass, old->doing_drift);
	s->doing_image = old->doing_image;
	s->must_look = old->must_look && !(is_believed(b, old) && r->look > old->look_after);
	s->look_after = old->look_after;
	s->touched = old->touched;
	s->no_update = old->no_update;
	s->is_vacant = old->is_vacant;
	s->is_doubted = old->is_doubted;
	s->is_taken = old->is_taken;
	if (b->look || s->ticket) /* a new wish is a new cause */
		s->change_cause = arena_strdup(r->pass, old->change_cause);
	s->want_hash = old->want_hash;
}

/* A wait from before a reboot is measured by the wall clock once, and from then on by this boot's
 * clock: a wall clock that was set back must not make it longer than it was. */
static void rebase_wait(struct reconciler *r, struct rslot *s)
{
	struct slot *rec = &s->record;
	struct diff_now now = reconcile_table_now(r);
	int64_t left;

	if (rec->retry_at.us == 0 ||
	    (rec->boot_id && r->boot_id && strcmp(rec->boot_id, r->boot_id) == 0))
		return;
	left = diff_retry_left(rec, &now);
	rec->retry_at.us = now.boot.us + left > 0 ? now.boot.us + left : 1;
	rec->retry_wall.us = now.wall.us + left;
	rec->retry_length_us = left;
	rec->boot_id = r->boot_id;
	s->is_record_dirty = true;
}

static void take_record(struct build *b, struct rslot *s, const struct key *key)
{
	if (b->i_record >= b->n_records)
		return;
	const struct slot *rec = &b->records[b->i_record];
	struct key k = { rec->service, rec->number };
	if (compare_keys(&k, key) != 0)
		return;
	uint64_t generation = s->record.generation;
	copy_record(s, rec, b->r->pass);
	if (s->record.generation < generation)
		s->record.generation = generation;
	rebase_wait(b->r, s);
	b->i_record++;
}

/* A new configuration starts with a clean slate. */
static void compare_wish(struct rslot *s, struct reconciler *r)
{
	const char *hash = s->want ? s->want->group->config_hash : NULL;
	if (s->want_hash && hash && strcmp(s->want_hash, hash) != 0) {
		s->record.fails = 0;
		s->record.fights = 0;
		s->record.restarts = 0;
		s->record.fault = ERR_OK;
		s->record.reason = s->record.hint = NULL;
		s->record.retry_at.us = s->record.retry_at.us ? 1 : 0;
		s->record.retry_length_us = 0;
		s->is_record_dirty = true;
		s->no_update = false;
	}
	s->want_hash = arena_strdup(r->pass, hash ? hash : s->want_hash);
}

static void build_slot(struct build *b, const struct key *key, size_t index)
{
	struct reconciler *r = b->r;
	struct rslot *s = &r->slots[index];
	const struct rslot *old = NULL;
	const struct desired *d = r->desired;

	s->service = arena_strdup(r->pass, key->service);
	s->number = key->number;
	s->index = index;
	s->next = s->previous = NO_SLOT;
	s->doing_image = NO_SLOT;
	s->is_other = !scope_has(r->scope, s->service, s->number);
	s->record = (struct slot){ .deployment = d->deployment,
				   .service = s->service,
				   .number = s->number };
	if (b->i_old < b->n_old) {
		struct key k = { b->old[b->i_old].service, b->old[b->i_old].number };
		if (compare_keys(&k, key) == 0) {
			old = &b->old[b->i_old];
			take_old(b, s, old);
			b->moved[b->i_old++] = index;
		}
	}
	if (b->i_want < d->n && strcmp(d->slots[b->i_want].service, s->service) == 0 &&
	    d->slots[b->i_want].number == s->number)
		s->want = &d->slots[b->i_want++];
	take_record(b, s, key);
	take_instances(b, s, key, old);
	compare_wish(s, r);
}

static void find_service(struct reconciler *r, struct rslot *s)
{
	const struct desired *d = r->desired;
	const struct desired_service *known = NULL;
	if (s->index > 0 && strcmp(r->slots[s->index - 1].service, s->service) == 0)
		s->service_index = r->slots[s->index - 1].service_index;
	else if (s->want)
		s->service_index = s->want->service_index;
	else
		s->service_index = (known = expand_find_service(d, s->service))
					   ? (size_t)(known - d->services)
					   : NO_SLOT;
	if (s->service_index == NO_SLOT)
		return;
	struct rservice *rs = &r->services[s->service_index];
	if (rs->n++ == 0)
		rs->first = s->index;
	rs->n_wanted += s->want != NULL;
}

static void name_removal(struct reconciler *r, struct rslot *s)
{
	struct match m = { .service = s->service, .number = s->number };
	if (s->want)
		return;
	if (s->service_index != NO_SLOT)
		m.known = &r->desired->services[s->service_index];
	s->remove_cause = match_remove_cause(&m, r->desired, r->pass);
}

/* --- the rest of the table --- */

static void reset_groups(struct reconciler *r)
{
	const struct queue empty = { NO_SLOT, NO_SLOT, 0 };
	r->n_runtimes = 0;
	for (size_t i = 0; i < r->desired->n_services; i++) {
		struct rservice *rs = &r->services[i];
		*rs = (struct rservice){ .parallel = empty,
					 .depends_since = rs->depends_since,
					 .is_given_up = rs->is_given_up };
	}
	for (size_t i = 0; i < r->desired->n_images; i++) {
		struct rimage *image = &r->images[i];
		struct rruntime *rt = reconcile_table_runtime(r, r->desired->images[i].runtime);
		image->runtime = rt ? (size_t)(rt - r->runtimes) : NO_SLOT;
		image->waiting = empty;
		if (image->state == IMAGE_ASKED)
			image->state = IMAGE_NONE;
		if (image->state == IMAGE_STAGING && rt)
			rt->n_staging++;
	}
	for (size_t i = 0; i < RECONCILE_N_STATES; i++)
		r->counts[i] = 0;
}

static void move_flights(struct reconciler *r, const size_t *moved)
{
	const struct flight *old = r->flights;
	size_t n = r->n_flights;
	r->n_flights = r->n_answered = 0;
	r->n_flights_max = n + 16;
	r->flights = arena_array(r->pass, r->n_flights_max, sizeof(*r->flights));
	for (size_t i = 0; i < n; i++)
		if (old[i].slot != NO_SLOT)
			r->flights[r->n_flights++] =
				(struct flight){ old[i].ticket, moved[old[i].slot] };
}

void reconcile_table_build(struct reconciler *r, const struct slot *slots, size_t n_slots,
			   const struct observed *look)
{
	struct build b = { .r = r,
			   .old = r->slots,
			   .n_old = r->n,
			   .records = slots,
			   .n_records = slots ? n_slots : 0,
			   .look = look };
	struct arena *before = r->pass;
	struct key key;
	size_t n_max;

	r->pass = r->spare;
	r->spare = before;
	if (look) {
		while (b.i_look < look->n &&
		       strcmp(look->instances[b.i_look].deployment, r->desired->deployment) < 0)
			b.i_look++;
		b.n_look = b.i_look;
		while (b.n_look < look->n && is_ours(&b, b.n_look))
			b.n_look++;
	}
	b.moved = arena_array(r->pass, r->n, sizeof(*b.moved));
	n_max = r->n + r->desired->n + b.n_records + b.n_look - b.i_look;
	r->slots = arena_array(r->pass, n_max, sizeof(*r->slots));
	r->n = 0;
	reset_groups(r);
	while (next_key(&b, &key)) {
		build_slot(&b, &key, r->n++);
		find_service(r, &r->slots[r->n - 1]);
		name_removal(r, &r->slots[r->n - 1]);
	}
	move_flights(r, b.moved);
	timers_init(&r->timers, r->n, r->pass);
	r->work = arena_array(r->pass, r->n + 1, sizeof(*r->work));
	r->work_head = r->work_n = 0;
	r->dirty_records = arena_array(r->pass, r->n, sizeof(*r->dirty_records));
	r->n_dirty_records = 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->slots[i].is_record_dirty)
			r->dirty_records[r->n_dirty_records++] = i;
	arena_reset(before);
}

size_t reconcile_table_find(const struct reconciler *r, const char *service, uint32_t number)
{
	struct key want = { service, number };
	size_t low = 0;
	size_t high = r->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct key k = { r->slots[mid].service, r->slots[mid].number };
		int order = compare_keys(&want, &k);
		if (order == 0)
			return mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NO_SLOT;
}

struct rruntime *reconcile_table_runtime(struct reconciler *r, const char *name)
{
	const struct queue empty = { NO_SLOT, NO_SLOT, 0 };
	for (size_t i = 0; i < r->n_runtimes; i++)
		if (strcmp(r->runtimes[i].name, name) == 0)
			return &r->runtimes[i];
	if (r->n_runtimes == RUNTIMES_MAX)
		return NULL;
	struct rruntime *rt = &r->runtimes[r->n_runtimes++];
	*rt = (struct rruntime){ .name = arena_strdup(r->pass, name),
				 .stop = empty,
				 .waiting = empty };
	for (size_t i = 0; i < r->ev->n_capacity; i++)
		if (strcmp(r->ev->capacity[i].runtime, name) == 0)
			rt->room = r->ev->capacity[i].n;
	return rt;
}

bool reconcile_table_starts_first(const struct rslot *s)
{
	return s->want && s->want->group->service->policy.update_strategy == UPDATE_START_FIRST;
}

void reconcile_table_fly(struct reconciler *r, const struct rslot *s)
{
	if (r->n_flights == r->n_flights_max) {
		struct flight *more = arena_array(r->pass, 2 * r->n_flights_max, sizeof(*more));
		for (size_t i = 0; i < r->n_flights; i++)
			more[i] = r->flights[i];
		r->flights = more;
		r->n_flights_max *= 2;
	}
	r->flights[r->n_flights++] = (struct flight){ s->ticket, s->index };
}

void reconcile_table_wake(struct reconciler *r, struct rslot *s)
{
	if (s->is_dirty)
		return;
	s->is_dirty = true;
	r->work[(r->work_head + r->work_n++) % (r->n + 1)] = s->index;
}

void reconcile_table_note(struct reconciler *r, const struct reconcile_note *note)
{
	struct reconcile_update *up = r->up;
	up->notes = arena_grow(r->out, up->notes, up->n_notes, sizeof(*up->notes));
	up->notes[up->n_notes++] = *note;
}

struct diff_now reconcile_table_now(const struct reconciler *r)
{
	return (struct diff_now){ r->ev->boot, r->ev->wall, r->boot_id };
}
