/* SPDX-License-Identifier: Apache-2.0 */
/* Everything on the host that has the owner's name, and who else is in the node's network. */
#include <stdlib.h>
#include <string.h>

#include "backends/network_hcn.h"
#include "backends/network_hcn_kind.h"
#include "backends/network_hcn_parts.h"

static void add_thing(const struct network_hcn_kind *k, const char *id, const char *foreign,
		      struct arena *a, struct network_hcn_list *ret)
{
	ret->things = arena_grow(a, ret->things, ret->n_things, sizeof(*ret->things));
	ret->things[ret->n_things++] = (struct network_hcn_thing){ k->kind, id, foreign };
}

static void add_foreign(const struct network_hcn *n, const struct network_hcn_kind *k,
			const struct hcn_basics *b, struct arena *a, struct network_hcn_list *ret)
{
	char guid[HCS_GUID_SIZE];
	const char *text =
		arena_printf(a, "%s '%s' {%s}", k->word, b->name, hcs_guid_format(&b->id, guid));

	ret->foreign = arena_grow(a, ret->foreign, ret->n_foreign, sizeof(*ret->foreign));
	ret->foreign[ret->n_foreign++] = text;
	/* What is foreign has our owner and a dot in front, or it would be another's. */
	add_thing(k, arena_strdup(a, b->name + strlen(n->owner) + 1), text, a, ret);
}

/* Is what is not ours in our network? Then that stays as long as this does. */
static void note_guest(const struct network_hcn *n, const struct network_hcn_kind *k,
		       const struct network_hcn_text *text, struct arena *a,
		       struct network_hcn_list *ret)
{
	struct hcn_endpoint_reply reply;
	char id[HCS_GUID_SIZE];

	if (k != &network_hcn_endpoints)
		return;
	/* What cannot be read is somebody else's business. */
	if (hcn_reply_endpoint(text->p, text->n, a, &reply, NULL) == 0 &&
	    hcs_guid_equal(&reply.network, &n->network))
		ret->guest = arena_printf(a, "%s '%s' {%s}", k->word, reply.basics.name,
					  hcs_guid_format(&reply.basics.id, id));
}

/* One that vanished between the enumeration and the question is not there. */
static int list_one(const struct network_hcn *n, const struct network_hcn_kind *k, const GUID *guid,
		    struct arena *a, struct network_hcn_list *ret, struct error *err)
{
	struct hcn_basics basics = { 0 };
	struct network_hcn_text text;
	const char *id = NULL;
	int r = network_hcn_kind_text(n->api, k, guid, a, &text, err);

	if (r == NETWORK_HCN_GONE)
		return 0;
	r = r < 0 ? r : network_hcn_kind_basics(k, &text, a, &basics, err);
	if (r < 0)
		return r;
	switch (hcn_id_claim(n->owner, n->node_id, k->kind, basics.name, guid, &id)) {
	case HCN_OURS:
		ret->ids = arena_grow(a, ret->ids, ret->n, sizeof(*ret->ids));
		ret->ids[ret->n++] = arena_strdup(a, id);
		add_thing(k, ret->ids[ret->n - 1], NULL, a, ret);
		break;
	case HCN_FOREIGN:
		add_foreign(n, k, &basics, a, ret);
		note_guest(n, k, &text, a, ret);
		break;
	case HCN_OTHERS:
		note_guest(n, k, &text, a, ret);
		break;
	}
	return 0;
}

static int list_kind(const struct network_hcn *n, const struct network_hcn_kind *k, struct arena *a,
		     struct network_hcn_list *ret, struct error *err)
{
	struct json_object *query CLEAN(json) = hcn_document_query(HCN_FILTER_NONE, NULL);
	struct network_hcn_guids ids = { NULL, 0 };
	int r = network_hcn_kind_ids(n->api, k, query, a, &ids, err);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = list_one(n, k, &ids.items[i], a, ret, err);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int network_hcn_list(struct network_hcn *n, struct arena *a, struct network_hcn_list *ret,
		     struct error *err)
{
	struct network_hcn_list all = { 0 };
	size_t unique = 0;
	int r = list_kind(n, &network_hcn_endpoints, a, &all, err);

	if (r == 0)
		r = list_kind(n, &network_hcn_namespaces, a, &all, err);
	if (r < 0)
		return r;
	if (all.n)
		qsort(all.ids, all.n, sizeof(*all.ids), by_name);
	for (size_t i = 0; i < all.n; i++)
		if (unique == 0 || strcmp(all.ids[unique - 1], all.ids[i]) != 0)
			all.ids[unique++] = all.ids[i];
	all.n = unique;
	*ret = all;
	return 0;
}
