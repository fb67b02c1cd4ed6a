/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as a whole: lists, files, opening, what every kind does alike. */
#include "backends/hcs_sim/host/hcn.h"

#include <string.h>

#include "backends/hcs_sim/host/store.h"
#include "base/arena.h"
#include "base/rand.h"

static const char *const folders[HCN_N_KINDS] = {
	[HCN_KIND_NETWORK] = "networks",
	[HCN_KIND_NAMESPACE] = "namespaces",
	[HCN_KIND_ENDPOINT] = "endpoints",
};

static const enum handle_kind handle_kinds[HCN_N_KINDS] = {
	[HCN_KIND_NETWORK] = HANDLE_NETWORK,
	[HCN_KIND_NAMESPACE] = HANDLE_NAMESPACE,
	[HCN_KIND_ENDPOINT] = HANDLE_ENDPOINT,
};

HRESULT hcn_absent(enum hcn_kind kind)
{
	static const HRESULT codes[HCN_N_KINDS] = {
		[HCN_KIND_NETWORK] = HCN_E_NETWORK_NOT_FOUND,
		[HCN_KIND_NAMESPACE] = WIN32_NOT_FOUND,
		[HCN_KIND_ENDPOINT] = HCN_E_ENDPOINT_NOT_FOUND,
	};

	return codes[kind];
}

/* --- members ---------------------------------------------------------------------------- */

const char *hcn_text(const struct hcn_object *o, const char *member)
{
	struct json_object *v = json_object_object_get(o->doc, member);

	return v ? json_object_get_string(v) : NULL;
}

GUID hcn_guid(const struct hcn_object *o, const char *member)
{
	const char *text = hcn_text(o, member);
	GUID id = { 0 };

	if (text)
		(void)hcs_guid_parse(text, &id); /* checked when it came; zeros else */
	return id;
}

struct json_object *hcn_list(const struct hcn_object *o, const char *member)
{
	struct json_object *v = json_object_object_get(o->doc, member);

	return json_object_is_type(v, json_type_array) ? v : NULL;
}

void hcn_put_guid(struct json_object *o, const char *member, const GUID *id)
{
	char text[HCS_GUID_SIZE];

	json_put_str(o, member, hcs_guid_format(id, text));
}

/* --- lists and files -------------------------------------------------------------------- */

struct hcn_object *hcn_find(const struct hcn *n, enum hcn_kind kind, const GUID *id)
{
	for (struct hcn_object *o = n->objects[kind]; o; o = o->next)
		if (hcs_guid_equal(&o->id, id))
			return o;
	return NULL;
}

static struct hcn_object *insert(struct hcn *n, enum hcn_kind kind, const GUID *id,
				 struct json_object *take)
{
	struct hcn_object *o = xcalloc(1, sizeof(*o));
	struct hcn_object **at = &n->objects[kind];
	char mine[HCS_GUID_SIZE], theirs[HCS_GUID_SIZE];

	o->kind = kind;
	o->id = *id;
	o->doc = take;
	hcs_guid_format(id, mine);
	while (*at && strcmp(hcs_guid_format(&(*at)->id, theirs), mine) < 0)
		at = &(*at)->next;
	o->next = *at;
	*at = o;
	return o;
}

int hcn_save(struct hcn *n, const struct hcn_object *o, struct error *err)
{
	char name[HCS_GUID_SIZE];

	return store_put(n->host->dirfd, folders[o->kind], hcs_guid_format(&o->id, name), o->doc,
			 err);
}

static void object_free(struct hcn_object *o)
{
	json_free(o->doc);
	free(o);
}

static void take_out(struct hcn *n, const struct hcn_object *o)
{
	struct hcn_object **at = &n->objects[o->kind];

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
}

int hcn_add(struct hcn *n, enum hcn_kind kind, const GUID *id, struct json_object *take,
	    struct hcn_object **ret, struct error *err)
{
	struct hcn_object *o = insert(n, kind, id, take);
	int r;

	hcn_put_guid(take, "ID", id);
	if (n->host->switches.hcn_owner == SWITCH_HCN_OWNER_DROP)
		json_object_object_del(take, "Owner");
	r = hcn_save(n, o, err);
	if (r < 0) {
		take_out(n, o);
		object_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

void hcn_drop(struct hcn *n, struct hcn_object *o)
{
	char name[HCS_GUID_SIZE];

	take_out(n, o);
	/* What stays on disk is there again at the next start, as a real leftover would be. */
	(void)store_drop(n->host->dirfd, folders[o->kind], hcs_guid_format(&o->id, name), NULL);
	object_free(o);
}

struct loading {
	struct hcn *n;
	enum hcn_kind kind;
};

static int load_one(void *arg, const char *name, struct json_object *doc, struct error *err)
{
	struct loading *l = arg;
	GUID id;

	if (!hcs_guid_parse(name, &id) || !json_object_is_type(doc, json_type_object))
		return error_set(err, ERR_CORRUPT, 0, "%s is no object of a network", name);
	(void)insert(l->n, l->kind, &id, json_object_get(doc));
	return 0;
}

int hcn_load(struct host *h, struct error *err)
{
	int r = 0;

	h->hcn = xcalloc(1, sizeof(*h->hcn));
	h->hcn->host = h;
	for (int kind = 0; kind < HCN_N_KINDS && r == 0; kind++) {
		struct loading l = { h->hcn, (enum hcn_kind)kind };

		r = store_load(h->dirfd, folders[kind], load_one, &l, err);
	}
	return r;
}

void hcn_free(struct hcn *n)
{
	if (!n)
		return;
	for (int kind = 0; kind < HCN_N_KINDS; kind++) {
		while (n->objects[kind]) {
			struct hcn_object *o = n->objects[kind];

			n->objects[kind] = o->next;
			object_free(o);
		}
	}
	free(n);
}

void hcn_name(struct hcn *n, const struct handle *hd, struct buf *out)
{
	char guid[HCS_GUID_SIZE];
	const struct hcn_object *o = NULL;

	for (int kind = 0; kind < HCN_N_KINDS && !o; kind++)
		if (handle_kinds[kind] == hd->kind)
			o = hcn_find(n, (enum hcn_kind)kind, &hd->id);
	buf_puts(out, hcs_guid_format(&hd->id, guid));
	if (o && hcn_text(o, "Name"))
		buf_printf(out, ":%s", hcn_text(o, "Name"));
}

/* --- what handlers share ---------------------------------------------------------------- */

HRESULT hcn_check_base(struct call *c, struct json_object *doc)
{
	struct json_object *version = json_object_object_get(doc, "SchemaVersion");
	struct json_object *name = json_object_object_get(doc, "Name");
	const struct switches *sw = &c->host->switches;

	if (!version || json_object_get_int(json_object_object_get(version, "Major")) != 2)
		return call_fail(c, HCN_E_INVALID_JSON, "SchemaVersion: 2 is needed");
	if (!name)
		return S_OK;
	if (json_object_get_string_len(name) > sw->hcn_name_max)
		return call_fail(c, E_INVALIDARG, "Name is too long");
	if (sw->hcn_slash == SWITCH_HCN_SLASH_NO && strchr(json_object_get_string(name), '/'))
		return call_fail(c, E_INVALIDARG, "Name has a '/'");
	return S_OK;
}

HRESULT hcn_new_id(struct call *c, enum hcn_kind kind, GUID *ret, struct hcn_object **ret_same)
{
	struct hcn_object *same;
	GUID id;
	HRESULT hr = call_guid(c, &id);

	*ret_same = NULL;
	if (hr < 0)
		return hr;
	if (hcs_guid_is_zero(&id))
		rand_bytes(&id, sizeof(id));
	same = hcn_find(c->host->hcn, kind, &id);
	if (same && c->host->switches.hcn_recreate != SWITCH_HCN_RECREATE_SAME)
		return call_fail(c, WIN32_ALREADY_EXISTS, "that GUID is there");
	*ret = id;
	*ret_same = same;
	return S_OK;
}

HRESULT hcn_opened(struct call *c, const struct hcn_object *o)
{
	if (c->client)
		(void)call_open(c, handle_kinds[o->kind], NULL, &o->id);
	return S_OK;
}

HRESULT hcn_handle(struct call *c, enum hcn_kind kind, struct hcn_object **ret)
{
	struct handle *hd;
	HRESULT hr = call_handle(c, handle_kinds[kind], &hd);

	if (hr < 0)
		return hr;
	*ret = hcn_find(c->host->hcn, kind, &hd->id);
	return *ret ? S_OK : hcn_absent(kind);
}

HRESULT hcn_changed(struct call *c, const struct hcn_object *o)
{
	struct error err;

	return hcn_save(c->host->hcn, o, &err) < 0 ? call_fail_error(c, WIN32_DISK_FULL, &err)
						   : S_OK;
}

/* --- the service ------------------------------------------------------------------------ */

enum { NON_PERSISTENT = 8 };

static bool is_persistent(const struct hcn_object *network)
{
	struct json_object *flags = json_object_object_get(network->doc, "Flags");

	return !(json_object_get_int64(flags) & NON_PERSISTENT);
}

/* Its network is gone, or goes. */
static bool is_lost(const struct hcn *n, const struct hcn_object *endpoint)
{
	GUID network = hcn_guid(endpoint, "HostComputeNetwork");
	const struct hcn_object *o = hcn_find(n, HCN_KIND_NETWORK, &network);

	return !o || !is_persistent(o);
}

void hcn_restarted(struct hcn *n, bool is_reboot)
{
	const struct switches *sw = &n->host->switches;
	bool all =
		(is_reboot ? sw->reboot_endpoints : sw->restart_endpoints) == SWITCH_ENDPOINTS_LOSE;
	struct hcn_object *next;

	for (struct hcn_object *o = n->objects[HCN_KIND_ENDPOINT]; o; o = next) {
		next = o->next;
		if (all || is_lost(n, o))
			hcn_drop(n, o);
	}
	for (struct hcn_object *o = n->objects[HCN_KIND_NETWORK]; o; o = next) {
		next = o->next;
		if (!is_persistent(o))
			hcn_drop(n, o);
	}
	for (struct hcn_object *o = n->objects[HCN_KIND_NAMESPACE]; o; o = next) {
		next = o->next;
		if (is_reboot && sw->reboot_namespaces == SWITCH_NAMESPACES_LOSE)
			hcn_drop(n, o);
	}
}
