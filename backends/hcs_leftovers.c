/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HCS runtime leaves on a host, a row a kind. An instance is removed as ever (hcs_remove),
 * which finds system, endpoint and namespace by name; the rows say what there is, and let go of
 * what is there without an instance.
 */
#include <fcntl.h>
#include <string.h>

#include "backends/hcs.h"
#include "backends/hcs_machine.h"
#include "backends/lease_left.h"
#include "base/fs.h"

static int there(int r)
{
	return r > 0 ? LEFTOVER_THERE : r;
}

/* --- compute systems ----------------------------------------------------------------- */

static int list_systems(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct arena *a = leftovers_arena(set);
	struct hcs_system *all = NULL;
	size_t n = 0;
	int r = hcs_system_list(hcs_of(rt), a, &all, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		leftovers_add(set, hcs_machine_instance(all[i].id, a), LEFTOVER_SYSTEM);
	return r;
}

static int look_systems(struct runtime *rt, const char *id, struct error *err)
{
	bool is_ours = false;
	int r = hcs_system_is_ours(hcs_of(rt), id, &is_ours, err);

	if (r == 0 && !is_ours)
		return there(hcs_machine_has(hcs_of(rt), id, err));
	return r < 0 ? r : LEFTOVER_THERE;
}

/* --- endpoints and namespaces -------------------------------------------------------- */

static enum leftover_what kind_of(enum hcn_kind kind)
{
	return kind == HCN_ENDPOINT_KIND ? LEFTOVER_ENDPOINT : LEFTOVER_NAMESPACE;
}

/* Of both kinds, in one enumeration each. */
static int list_links(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	struct arena *a = leftovers_arena(set);
	struct network_hcn_list all = { 0 };
	int r = network_hcn_list(hcs_of(rt)->network, a, &all, err);

	for (size_t i = 0; r == 0 && i < all.n_things; i++) {
		const struct network_hcn_thing *t = &all.things[i];

		if (t->foreign)
			leftovers_add_foreign(set, t->id, kind_of(t->kind),
					      arena_printf(a,
							   "%s has a name of ours, but is none "
							   "of this node's",
							   t->foreign));
		else
			leftovers_add(set, t->id, kind_of(t->kind));
	}
	return r;
}

static int look_endpoints(struct runtime *rt, const char *id, struct error *err)
{
	return there(network_hcn_has_kind(hcs_of(rt)->network, HCN_ENDPOINT_KIND, id, err));
}

static int look_namespaces(struct runtime *rt, const char *id, struct error *err)
{
	return there(network_hcn_has_kind(hcs_of(rt)->network, HCN_NAMESPACE_KIND, id, err));
}

static int release_links(struct runtime *rt, const char *id, struct error *err)
{
	return network_hcn_detach(hcs_of(rt)->network, id, err);
}

/* --- leases and quarantine ----------------------------------------------------------- */

static struct lease_left leases(const struct hcs *h)
{
	return (struct lease_left){ .layout = &h->layout,
				    .layer = "scratch",
				    .other_layer = "upper",
				    .other_dir = layout_bundle };
}

static int list_leases(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct lease_left l = leases(hcs_of(rt));

	return lease_left_list(&l, set, err);
}

static int look_leases(struct runtime *rt, const char *id, struct error *err)
{
	const struct lease_left l = leases(hcs_of(rt));

	return lease_left_look(&l, id, err);
}

static int unlease(struct hcs *h, const char *name, struct error *err)
{
	struct image_dir *images;
	int r = hcs_box_images(h, &images, err);

	return r < 0 ? r : image_dir_unlease(images, name, err);
}

static int release_leases(struct runtime *rt, const char *id, struct error *err)
{
	int r = look_leases(rt, id, err);

	return r <= 0 ? r : unlease(hcs_of(rt), id, err);
}

static int list_kept(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct lease_left l = leases(hcs_of(rt));

	return lease_left_list_kept(&l, set, err);
}

static int look_kept(struct runtime *rt, const char *id, struct error *err)
{
	const struct lease_left l = leases(hcs_of(rt));

	return lease_left_look_kept(&l, id, err);
}

/* --- directories --------------------------------------------------------------------- */

static int list_silos(struct runtime *rt, struct leftovers_set *set, struct error *err)
{
	const struct leftovers_names names = {
		.path = layout_silos(&hcs_of(rt)->layout, leftovers_arena(set)), .suffix = ""
	};

	return leftovers_add_names(set, &names, LEFTOVER_BUNDLE, err);
}

static int look_silos(struct runtime *rt, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return there(fs_exists(AT_FDCWD, layout_silo(&hcs_of(rt)->layout, a, id), err));
}

/* --- whose --------------------------------------------------------------------------- */

/* A system says its owner and no node. Where no directory of ours explains it, and its endpoint is
 * one that another node made, the system is that one's, too. */
static int judge_stray(struct hcs *h, struct leftover *l, struct arena *a, struct error *err)
{
	struct network_hcn_list all = { 0 };
	int r;

	if (!(l->kinds & leftover_bit(LEFTOVER_SYSTEM)))
		return 0;
	r = network_hcn_list(h->network, a, &all, err);
	for (size_t i = 0; r == 0 && i < all.n_things; i++)
		if (all.things[i].foreign && strcmp(all.things[i].id, l->id) == 0)
			l->foreign = arena_printf(a, "its %s is none of this node's",
						  all.things[i].foreign);
	return r;
}

static int judge(struct runtime *rt, struct leftover *l, struct arena *a, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	const char *dir = layout_silo(&h->layout, a, l->id);
	struct error why = ERROR_INIT;
	struct hcs_record rec = { 0 };
	int r = hcs_record_load(dir, a, &rec, &why);

	if (r == 0) {
		if (strcmp(rec.node_id, h->node_id) != 0 || strcmp(rec.owner, h->layout.owner) != 0)
			l->foreign = arena_printf(a, "it is node %s's (owner %s), in %s",
						  rec.node_id, rec.owner, dir);
		return 0;
	}
	if (r == -ERR_CORRUPT)
		return 0; /* made half, in our own directory */
	if (r == -ERR_NOT_FOUND)
		return l->kinds & leftover_bit(LEFTOVER_BUNDLE) ? 0 : judge_stray(h, l, a, err);
	if (err)
		*err = why;
	return r;
}

/* --- the table ----------------------------------------------------------------------- */

static const struct leftover_kind kinds[] = {
	{ LEFTOVER_SYSTEM, list_systems, look_systems, NULL },
	{ LEFTOVER_ENDPOINT, list_links, look_endpoints, release_links },
	{ LEFTOVER_NAMESPACE, NULL, look_namespaces, NULL }, /* it goes with the endpoint */
	{ LEFTOVER_LEASE, list_leases, look_leases, release_leases },
	{ LEFTOVER_BUNDLE, list_silos, look_silos, NULL }, /* what has one is an instance */
	{ LEFTOVER_QUARANTINE, list_kept, look_kept, NULL },
};

static const struct leftover_table table = { kinds, sizeof(kinds) / sizeof(kinds[0]), judge };

static int list(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err)
{
	return leftovers_table_list(&table, rt, a, ret, err);
}

static int look(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		struct error *err)
{
	return leftovers_table_look(&table, rt, id, a, ret, err);
}

static int release(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	return leftovers_table_release(&table, rt, id, deadline, err);
}

/* --- keep and drop ------------------------------------------------------------------- */

static int keep_image(struct hcs *h, const struct hcs_box *box, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct image_dir *images;
	int r = box->rec.digest ? hcs_box_images(h, &images, err) : 0;

	if (r == 0 && box->rec.digest)
		r = image_dir_lease(images, quarantine_lease(box->id, a), box->rec.digest, err);
	return r < 0 ? r : 0; /* without the image the files are still worth something */
}

static int put_aside(struct hcs *h, struct hcs_box *box, struct mono deadline, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *dir = layout_silo(&h->layout, a, box->id);
	struct quarantine q = hcs_box_quarantine(h, box->id);
	int r = hcs_settle_end(h, box, deadline, err);

	r = r < 0 ? r : hcs_layers_detach(h->api, arena_printf(a, "%s/scratch", dir), dir, err);
	r = r < 0 ? r : keep_image(h, box, err);
	q.dir = dir;
	q.log_path = box->rec.log_path;
	r = r < 0 ? r : quarantine_put(&q, err);
	if (r == QUARANTINE_NONE) {
		r = unlease(h, quarantine_lease(box->id, a), err);
		return r < 0 ? r : RUNTIME_ABSENT;
	}
	return r == QUARANTINE_ALREADY ? RUNTIME_ALREADY : r;
}

static int keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct leftover l = { 0 };
	struct hcs_box *box;
	struct instance seen;
	int r = look(rt, id, a, &l, err);

	if (r == 0 && l.foreign)
		return error_set(err, ERR_LOCKED, 0, "%s", l.foreign);
	r = r != 0 ? r : hcs_inspect(rt, id, a, &seen, err);
	if (r == RUNTIME_ABSENT && l.kinds & leftover_bit(LEFTOVER_QUARANTINE))
		return RUNTIME_ALREADY;
	r = r != 0 ? r : hcs_box_take(h, id, &box, err);
	if (r != 0 || !box)
		return r < 0 ? r : RUNTIME_ABSENT;
	r = put_aside(h, box, deadline, err);
	hcs_box_settle(box);
	return r;
}

int hcs_drop_kept(struct hcs *h, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const struct quarantine q = hcs_box_quarantine(h, id);
	int r = quarantine_drop(&q, err);

	return r < 0 ? r : unlease(h, quarantine_lease(id, a), err);
}

static int drop(struct runtime *rt, const char *id, struct error *err)
{
	int r = look_kept(rt, id, err);

	if (r <= 0)
		return r < 0 ? r : RUNTIME_ABSENT;
	return hcs_drop_kept(hcs_of(rt), id, err);
}

const struct leftovers_ops hcs_leftovers = {
	.list = list,
	.look = look,
	.release = release,
	.keep = keep,
	.drop = drop,
};
