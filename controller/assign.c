/* SPDX-License-Identifier: Apache-2.0 */
/* Who needs an address, and what it means that there is none. */
#include "controller/assign.h"

#include <string.h>
#include <strings.h>

#include "specs/runtime_id.h"
#include "specs/spec_service.h"
#include "store/address_store.h"
#include "store/orphan_store.h"

static const struct slice *slice_of(const struct assign_slices *all, const char *runtime)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].runtime, runtime) == 0)
			return &all->items[i].slice;
	return NULL;
}

static bool needs_address(const struct work_step *w)
{
	enum network_mode_kind mode;

	if (w->step.kind != STEP_CREATE || !(w->rt->caps & RUNTIME_CAP_ADDRESS))
		return false;
	mode = w->step.spec->service->network_mode.kind;
	return mode != NETWORK_HOST && mode != NETWORK_NONE;
}

/* For which runtime, and what is known of its slice. */
struct search {
	const struct assign_slices *slices;
	const char *runtime;
};

static bool is_avoided(const void *arg, const char *address)
{
	const struct search *s = arg;

	return s->slices->avoid && avoid_has(s->slices->avoid, s->runtime, address, s->slices->now);
}

static unsigned count_avoided(const struct search *s, const struct slice *slice)
{
	unsigned n = 0;

	for (uint32_t i = 0; s->slices->avoid && i < slice_size(slice); i++) {
		char text[SLICE_TEXT];

		slice_address_to_string(slice_address(slice, i), text);
		n += is_avoided(s, text);
	}
	return n;
}

static void refuse_full(struct work_step *w, const char *cidr, unsigned n_avoided)
{
	char strangers[64] = "";

	if (n_avoided)
		snprintf(strangers, sizeof(strangers), ", %u of them by somebody else on this host",
			 n_avoided);
	w->is_refused = true;
	w->result = error_set(&w->error, ERR_UNAVAILABLE, 0,
			      "all addresses of %s, the slice of %s, are taken%s", cidr,
			      w->rt->name, strangers);
	error_hint(&w->error, "it waits until one is free; a larger one: slices in the settings");
}

static void refuse_none(struct work_step *w)
{
	w->is_refused = true;
	w->result =
		error_set(&w->error, ERR_INVALID, 0, "the settings give %s no slice", w->rt->name);
	error_hint(&w->error, "add it: slices: {%s: 10.220.0.0/17}", w->rt->name);
}

/* The step's spec is the core's: what is added goes into a copy. */
static struct instance_spec *own_spec(struct work_step *w)
{
	struct instance_spec *spec = arena_alloc(w->arena, sizeof(*spec));

	*spec = *w->step.spec;
	w->step.spec = spec;
	return spec;
}

static void give(struct work_step *w, const char *address, const char *cidr)
{
	struct instance_spec *spec = own_spec(w);

	spec->address = arena_strdup(w->arena, address);
	spec->slice = arena_strdup(w->arena, cidr);
}

int assign_address(struct store *store, const struct assign_slices *slices, struct work_step *w,
		   struct arena *a, struct error *err)
{
	const struct slice *slice = slice_of(slices, w->rt->name);
	const struct search search = { slices, w->rt->name };
	const struct address_for who = { w->rt->name,  w->step.deployment, w->step.service,
					 w->step.slot, is_avoided,         &search };
	const char *address = NULL;
	char cidr[SLICE_TEXT];
	int r;

	if (!needs_address(w))
		return 0;
	if (!slice) {
		refuse_none(w);
		return 0;
	}
	slice_to_string(slice, cidr);
	r = address_store_take(store, &who, slice, a, &address, err);
	if (r == ADDRESS_FULL)
		refuse_full(w, cidr, count_avoided(&search, slice));
	else if (r == 0)
		give(w, address, cidr);
	return r < 0 ? r : 0;
}

/* --- layers -------------------------------------------------------------------------- */

static bool is_of_slot(const char *id, const struct step *st)
{
	struct runtime_id was;

	return runtime_id_parse(id, &was) && strcasecmp(was.deployment, st->deployment) == 0 &&
	       strcmp(was.service, st->service) == 0 && was.slot == st->slot;
}

/* *ret NULL: nothing is wanted back for that slot. */
static int find_layer(struct store *store, const struct step *st, struct arena *a, const char **ret,
		      struct error *err)
{
	struct orphan_rows rows;
	int r = orphan_store_restoring(store, st->runtime, a, &rows, err);

	*ret = NULL;
	for (size_t i = 0; r == 0 && i < rows.n && !*ret; i++)
		if (is_of_slot(rows.items[i].id, st))
			*ret = rows.items[i].id;
	return r;
}

int assign_layer(struct store *store, struct work_step *w, struct arena *a, struct error *err)
{
	const char *layer;
	int r = find_layer(store, &w->step, a, &layer, err);

	if (r == 0 && layer)
		own_spec(w)->layer = arena_strdup(w->arena, layer);
	return r;
}

int assign_layer_used(struct store *store, const struct step *st, struct arena *a,
		      struct error *err)
{
	const char *layer;
	int r = find_layer(store, st, a, &layer, err);

	return r < 0 || !layer ? r : orphan_store_delete(store, st->runtime, layer, err);
}
