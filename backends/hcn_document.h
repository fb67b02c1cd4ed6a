/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Documents for the Host Compute Network, schema 2.0: the node's network, and per instance a
 * namespace and an endpoint with the policies upstream gives it. Pure; the caller frees what is
 * returned. Names and GUIDs are hcn_id's part, answers hcn_reply's.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "specs/spec_enum.h"
#include "specs/spec_value.h"

/* As the service spells them; a network whose answer names none is NAT. */
#define HCN_NETWORK_TYPES(X)                                                                       \
	X(NAT, "NAT")                                                                              \
	X(INTERNAL, "Internal") /* no adapter of the host is bound: upstream's choice */           \
	X(TRANSPARENT, "Transparent")                                                              \
	X(L2BRIDGE, "L2Bridge")                                                                    \
	X(PRIVATE, "Private")                                                                      \
	X(ICS, "ICS")

enum hcn_network_type {
#define X(id, name) HCN_TYPE_##id,
	HCN_NETWORK_TYPES(X)
#undef X
		HCN_N_TYPES,
};

struct hcn_network {
	const char *owner;
	const char *name;
	enum hcn_network_type type;
	const char *subnet;  /* "10.220.99.0/28" */
	const char *gateway; /* its first address; without one the service reserves more of them */
	const char *adapter; /* of the host; TRANSPARENT and L2BRIDGE only, NULL: the service's
				choice */
	struct strings servers; /* DNS */
	bool is_transient;      /* goes when the service or the host starts again */
};

/** hcn_document_network() - HcnCreateNetwork */
struct json_object *hcn_document_network(const struct hcn_network *n);

/** hcn_document_namespace() - HcnCreateNamespace: one for each container on the host's kernel */
struct json_object *hcn_document_namespace(const char *owner, const char *name);

/* A port of the host that leads to the container. */
struct hcn_port {
	enum transport transport;
	uint16_t host, container;
	const char *host_ip; /* NULL or "0.0.0.0": any */
};

struct hcn_endpoint {
	const char *owner;
	const char *name;
	const char *network;    /* GUID */
	const char *address;    /* "10.220.99.2" */
	uint8_t prefix_length;  /* of the slice */
	const char *gateway;    /* next hop of the default route */
	const char *domain;     /* DNS suffix; NULL: none */
	struct strings search;  /* more of them */
	struct strings servers; /* DNS; they are always asked on port 53 */
	/* Networks of containers: not hidden behind the host's address on the way there, never
	 * tunnelled by HCN, and let in. */
	struct strings inside;
	const struct hcn_port *ports;
	size_t n_ports;
};

/** hcn_document_endpoint() - HcnCreateEndpoint */
struct json_object *hcn_document_endpoint(const struct hcn_endpoint *e);

/** hcn_document_attach() - HcnModifyNamespace: put endpoint @id (GUID) in, or take it out */
struct json_object *hcn_document_attach(const char *id, bool is_in);

/* What is asked for; one of them, or none. */
enum hcn_filter {
	HCN_FILTER_NONE,
	HCN_FILTER_ID,      /* exactly that GUID */
	HCN_FILTER_NAME,    /* networks and endpoints; exactly that name */
	HCN_FILTER_NETWORK, /* endpoints of the network with that GUID */
};

/** hcn_document_query() - for HcnEnumerate… and HcnQuery…Properties */
struct json_object *hcn_document_query(enum hcn_filter filter, const char *value);
