/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Networks, namespaces and endpoints: HNS's share. An object is its document, as it is answered
 * with schema 2; which endpoints are in a namespace stands in the namespace alone, so that a
 * reference can outlive its endpoint, as it can in the real service.
 */
#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/calls.h"

enum hcn_kind { HCN_KIND_NETWORK, HCN_KIND_NAMESPACE, HCN_KIND_ENDPOINT, HCN_N_KINDS };

struct hcn_object {
	struct hcn_object *next;
	enum hcn_kind kind;
	GUID id;
	struct json_object *doc;
};

struct hcn {
	struct host *host;
	struct hcn_object *objects[HCN_N_KINDS]; /* in the order of their GUIDs' text */
};

struct sys;

/** hcn_load() - what is there */
int hcn_load(struct host *h, struct error *err);
void hcn_free(struct hcn *n);

/** hcn_find() - by GUID; NULL */
struct hcn_object *hcn_find(const struct hcn *n, enum hcn_kind kind, const GUID *id);

/** hcn_add() - a new object with that document, which is taken; its ID is written into it */
int hcn_add(struct hcn *n, enum hcn_kind kind, const GUID *id, struct json_object *take,
	    struct hcn_object **ret, struct error *err);

/** hcn_save() - write an object that was changed */
int hcn_save(struct hcn *n, const struct hcn_object *o, struct error *err);

/** hcn_drop() - remove an object, and nothing else; frees it */
void hcn_drop(struct hcn *n, struct hcn_object *o);

/** hcn_name() - what a handle is on: "guid:name" */
void hcn_name(struct hcn *n, const struct handle *hd, struct buf *out);

/** hcn_absent() - the code for a thing of that kind that is not there */
HRESULT hcn_absent(enum hcn_kind kind);

/* Members of an object's document: text, or NULL; a GUID, or zeros; a list, or NULL. */
const char *hcn_text(const struct hcn_object *o, const char *member);
GUID hcn_guid(const struct hcn_object *o, const char *member);
struct json_object *hcn_list(const struct hcn_object *o, const char *member);

/** hcn_put_guid() - a GUID as text */
void hcn_put_guid(struct json_object *o, const char *member, const GUID *id);

/** hcn_check_base() - the version and name of a document for a new object */
HRESULT hcn_check_base(struct call *c, struct json_object *doc);

/** hcn_new_id() - the GUID asked for, a new one for zeros; WIN32_ALREADY_EXISTS */
HRESULT hcn_new_id(struct call *c, enum hcn_kind kind, GUID *ret, struct hcn_object **ret_same);

/** hcn_opened() - answer a create or open with a handle */
HRESULT hcn_opened(struct call *c, const struct hcn_object *o);

/** hcn_handle() - the object a call's handle is on */
HRESULT hcn_handle(struct call *c, enum hcn_kind kind, struct hcn_object **ret);

/** hcn_changed() - save what was changed; S_OK, or the failure */
HRESULT hcn_changed(struct call *c, const struct hcn_object *o);

/* --- namespaces and what is in them (hcn_namespace.c) ------------------------------------ */

/** hcn_namespace_of() - the namespace that lists an endpoint; NULL */
struct hcn_object *hcn_namespace_of(const struct hcn *n, const GUID *endpoint);

/** hcn_detach() - take an endpoint off a namespace's list; false when it was not on it */
bool hcn_detach(struct hcn *n, struct hcn_object *namespace, const GUID *endpoint);

/** hcn_container_check() - can a container be put into the namespace with that text as GUID? */
HRESULT hcn_container_check(struct call *c, const char *namespace);

/** hcn_container_added() - the namespace of @s lists it */
void hcn_container_added(struct hcn *n, const struct sys *s);

/** hcn_container_gone() - it lists it no more (switch namespace_container) */
void hcn_container_gone(struct hcn *n, const struct sys *s);

/* --- policies (hcn_policy.c) -------------------------------------------------------------- */

/** hcn_policies_check() - known types with good settings; no port that another endpoint has */
HRESULT hcn_policies_check(struct call *c, const struct hcn_object *self, struct json_object *list);

/** hcn_policies_modify() - Add, Remove or Update the policies of an object */
HRESULT hcn_policies_modify(struct call *c, struct hcn_object *o, const char *request,
			    struct json_object *settings);

/* --- the old shapes (hcn_shape.c) --------------------------------------------------------- */

/** hcn_answer() - an object as a query sees it; without a schema version in its old shape */
struct json_object *hcn_answer(const struct hcn *n, const struct hcn_object *o, bool is_old);

/* --- the service -------------------------------------------------------------------------- */

/** hcn_restarted() - what does not persist is gone */
void hcn_restarted(struct hcn *n, bool is_reboot);
