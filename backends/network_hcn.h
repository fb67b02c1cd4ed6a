/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The network of HCS containers: one network for the node's slice, and a namespace and an endpoint
 * for each instance, with GUIDs derived from its id. Whatever is there is judged by name and GUID
 * before it is used or deleted; what has our name and not our GUID is foreign and never touched.
 *
 * Any thread may call; calls of the service block as long as it wants.
 */
#include "backends/hcn_document.h"
#include "backends/hcn_id.h"
#include "backends/hcs_api.h"
#include "backends/hcs_guid.h"
#include "base/arena.h"
#include "specs/slice.h"

struct network_hcn;

/** network_hcn_new() - makes nothing on the host; @owner and @node_id are the caller's */
struct network_hcn *network_hcn_new(const struct hcs_api *api, const char *owner,
				    const char *node_id);
void network_hcn_free(struct network_hcn *n); /* NULL is fine */
CLEAN_DEFINE(network_hcn, struct network_hcn *, network_hcn_free)

/* The GUIDs an instance's things have, whether they are there or not. */
struct network_hcn_ids {
	char endpoint[HCS_GUID_SIZE];
	char space[HCS_GUID_SIZE]; /* the namespace's */
};

/** network_hcn_derive() - those of runtime id @id */
void network_hcn_derive(const struct network_hcn *n, const char *id, struct network_hcn_ids *ret);

/**
 * network_hcn_attach() - a namespace with an endpoint in it
 * @id:    runtime id
 * @slice: the node's network is made for it when it is not there
 * @ep:    address, ports and names; what says where it belongs is filled in here
 *
 * What is there of that id already is taken as it is. After a failure nothing of it is left that
 * could be taken away; network_hcn_detach() mends the rest.
 *
 * Return: 0; -ERR_CONFLICT when the slice meets a route of the host or another network's subnet, or
 *         somebody else has one of the GUIDs; -ERR_EXISTS when somebody else has the address; else
 *         what the service says.
 */
int network_hcn_attach(struct network_hcn *n, const char *id, const struct slice *slice,
		       struct hcn_endpoint *ep, struct error *err);

/**
 * network_hcn_mend() - a new endpoint for a namespace that has lost its own, with what runs in it
 *
 * As network_hcn_attach(). -ERR_UNSUPPORTED: the namespace is gone, too. After a failure the
 * namespace is as it was.
 */
int network_hcn_mend(struct network_hcn *n, const char *id, const struct slice *slice,
		     struct hcn_endpoint *ep, struct error *err);

/**
 * network_hcn_detach() - take endpoint and namespace of @id away; what is gone is success
 *
 * The last one takes the node's network along, unless somebody else has an endpoint in it.
 * -ERR_CONFLICT when one of the GUIDs is somebody else's: it is left.
 */
int network_hcn_detach(struct network_hcn *n, const char *id, struct error *err);

/** network_hcn_has() - is anything of @id there? > 0: yes, 0: provably not */
enum { NETWORK_HCN_THERE = 1 };
int network_hcn_has(struct network_hcn *n, const char *id, struct error *err);
/** network_hcn_has_kind() - the same of its endpoint, or of its namespace, alone */
int network_hcn_has_kind(struct network_hcn *n, enum hcn_kind kind, const char *id,
			 struct error *err);

/* One thing with our name. */
struct network_hcn_thing {
	enum hcn_kind kind;
	const char *id;      /* what follows the owner in its name: a runtime id where it is ours */
	const char *foreign; /* "endpoint NAME {GUID}": our name, not our GUID; NULL: ours */
};

/* What a utility VM is told of an instance's network. */
struct network_hcn_seen {
	struct network_hcn_ids ids;
	struct json_object *space, *endpoint; /* their properties; the caller frees them */
	const char *mac;                      /* of the endpoint; NULL: not said */
};

/** network_hcn_look() - at what network_hcn_attach() has made; -ERR_UNAVAILABLE: it went away */
int network_hcn_look(const struct network_hcn *n, const char *id, struct arena *a,
		     struct network_hcn_seen *ret, struct error *err);

struct network_hcn_list {
	const char *
		*ids; /* runtime ids with an endpoint or a namespace of ours; each once, sorted */
	size_t n;
	const char **foreign; /* "endpoint NAME {GUID}": our name, not our GUID */
	size_t n_foreign;
	const char *guest; /* likewise: somebody else's endpoint in the node's network; NULL */
	struct network_hcn_thing *things; /* each of all these, endpoints first */
	size_t n_things;
};

/** network_hcn_list() - all of this owner; complete, or fails */
int network_hcn_list(struct network_hcn *n, struct arena *a, struct network_hcn_list *ret,
		     struct error *err);
