/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the Host Compute Network answers, from JSON to values: either schema's spelling of members,
 * GUIDs in any. Pure; all that is returned lives in the arena. -ERR_CORRUPT: it is not such an
 * answer; it never means that something is not there.
 */
#include "backends/hcs_guid.h"
#include "base/arena.h"
#include "base/error.h"

/** hcn_reply_ids() - an enumeration; none for no document, "" and null */
int hcn_reply_ids(const char *text, size_t n, struct arena *a, GUID **ret, size_t *ret_n,
		  struct error *err);

/* What all three kinds have. */
struct hcn_basics {
	GUID id;
	const char *name;  /* "" when not said */
	const char *owner; /* "" when not said, which nobody promises */
};

struct hcn_network_reply {
	struct hcn_basics basics;
	const char *type;     /* "NAT" when not said */
	const char **subnets; /* "10.220.99.0/28" */
	size_t n_subnets;
};

/** hcn_reply_network() - HcnQueryNetworkProperties */
int hcn_reply_network(const char *text, size_t n, struct arena *a, struct hcn_network_reply *ret,
		      struct error *err);

struct hcn_endpoint_reply {
	struct hcn_basics basics;
	GUID network;    /* zero: not said */
	GUID space;      /* the namespace it is in; zero: none */
	const char *mac; /* "" when not said */
	const char **addresses;
	size_t n_addresses;
};

/** hcn_reply_endpoint() - HcnQueryEndpointProperties */
int hcn_reply_endpoint(const char *text, size_t n, struct arena *a, struct hcn_endpoint_reply *ret,
		       struct error *err);

struct hcn_namespace_reply {
	struct hcn_basics basics;
	const char *type; /* "Host", "HostDefault" …; "" when not said */
	GUID *endpoints;  /* some of them may be gone: HCN does not tidy up by itself */
	size_t n_endpoints;
	const char **containers; /* ids of compute systems */
	size_t n_containers;
};

/** hcn_reply_namespace() - HcnQueryNamespaceProperties */
int hcn_reply_namespace(const char *text, size_t n, struct arena *a,
			struct hcn_namespace_reply *ret, struct error *err);
