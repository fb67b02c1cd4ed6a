/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint has the GUID, the address and the ports that it had: who knew them finds it again.
 */
#include "backends/hcs_mend.h"

#include <stdlib.h>
#include <string.h>

#include "backends/hcs_spec.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void hcs_mend_endpoints(const struct network_hcn_list *all, struct arena *a,
			struct hcs_mend_seen *ret)
{
	struct hcs_mend_seen seen = { .ids = arena_array(a, all->n_things + 1, sizeof(char *)) };

	for (size_t i = 0; i < all->n_things; i++)
		if (all->things[i].kind == HCN_ENDPOINT_KIND && !all->things[i].foreign)
			seen.ids[seen.n++] = all->things[i].id;
	if (seen.n)
		qsort(seen.ids, seen.n, sizeof(*seen.ids), by_name);
	*ret = seen;
}

int hcs_mend_look(struct hcs *h, const struct hcs_record *rec, const struct hcs_mend_seen *seen,
		  struct instance *in, struct error *err)
{
	int r;

	if (in->state != INSTANCE_RUNNING || !rec->endpoint ||
	    (seen->n && bsearch(&in->id, seen->ids, seen->n, sizeof(*seen->ids), by_name)))
		return 0;
	r = network_hcn_has_kind(h->network, HCN_ENDPOINT_KIND, in->id, err);
	/* Somebody else's in its place is as good as none. */
	if (r < 0 && r != -ERR_CONFLICT)
		return r;
	in->is_cut_off = r <= 0;
	in->altered = r <= 0 ? "its network endpoint is gone" : NULL;
	return 0;
}

static int attach_again(struct hcs *h, const struct hcs_box *box, const struct instance_spec *spec,
			struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char **inside = arena_array(a, 1, sizeof(*inside));
	struct hcs_wish w = { .has_network = false };
	struct slice slice;
	int r = hcs_spec_network(spec->service, a, &w, err);

	r = r < 0 ? r : slice_parse(box->rec.slice ? box->rec.slice : "", &slice, err);
	if (r < 0)
		return r;
	inside[0] = box->rec.slice;
	w.endpoint.address = box->rec.address;
	w.endpoint.inside = (struct strings){ inside, 1 };
	return network_hcn_mend(h->network, box->id, &slice, &w.endpoint, err);
}

int hcs_mend_network(struct hcs_box *box, const struct instance_spec *spec, struct error *err)
{
	struct hcs *h = box->h;
	struct error why = ERROR_INIT;
	int r;

	if (!box->rec.endpoint)
		return 0;
	r = network_hcn_has_kind(h->network, HCN_ENDPOINT_KIND, box->id, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (box->rec.vm)
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "its utility VM takes no other endpoint while it runs");
	r = attach_again(h, box, spec, &why);
	if (r == 0)
		return 0;
	if (err)
		*err = why;
	/* What does not pass by waiting is mended by a new instance. */
	return error_transient((enum error_code) - r) ? r : -ERR_UNSUPPORTED;
}
