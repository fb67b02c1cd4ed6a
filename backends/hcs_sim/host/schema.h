/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strict documents: every member is known and of its type, or the whole document is refused and the
 * first fault named by its path. Which members there are: schema_hcs.c and schema_hcn.c.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"

enum schema_type {
	SCHEMA_TEXT,    /* one of `words`, when given */
	SCHEMA_GUID,    /* text */
	SCHEMA_BOOL,    /* */
	SCHEMA_NUMBER,  /* an integer, least..most */
	SCHEMA_OBJECT,  /* of `of` */
	SCHEMA_OBJECTS, /* a list of them */
	SCHEMA_TEXTS,   /* a list of texts; each one of `words`, when given */
	SCHEMA_NUMBERS, /* a list of integers */
	SCHEMA_MAP,     /* an object with any names, whose values are texts */
	SCHEMA_NAMED,   /* the same, with objects of `of` */
	SCHEMA_ANY,     /* an object that is not looked into */
	SCHEMA_VALUE,   /* anything: whoever takes it checks it */
};

struct schema_field {
	const char *name;
	enum schema_type type;
	const struct schema *of;
	const char *words; /* with blanks between; NULL: any text */
	int64_t least, most;
	bool must; /* be there */
};

struct schema {
	const struct schema_field *fields;
	size_t n;
};

/** schema_check() - false, and why in @why, when @o is not a document of that kind */
bool schema_check(const struct schema *s, struct json_object *o, struct buf *why);

/* computecore's documents. */
extern const struct schema schema_compute_system;
extern const struct schema schema_system_query;
extern const struct schema schema_property_query;
extern const struct schema schema_service_query;
extern const struct schema schema_shutdown_options;
extern const struct schema schema_process_parameters;
extern const struct schema schema_process_modify;
extern const struct schema schema_signal_options;
extern const struct schema schema_system_modify;
extern const struct schema schema_memory;
extern const struct schema schema_processor;
extern const struct schema schema_mapped_directory;
extern const struct schema schema_machine;
extern const struct schema schema_vm_share, schema_vm_disk, schema_vm_adapter, schema_vm_gpu;
extern const struct schema schema_guest_request, schema_guest_disk, schema_guest_layers,
	schema_guest_adapter;

/* computenetwork's. */
extern const struct schema schema_network;
extern const struct schema schema_endpoint;
extern const struct schema schema_namespace;
extern const struct schema schema_hcn_query;
extern const struct schema schema_hcn_modify;
extern const struct schema schema_policies;
extern const struct schema schema_endpoint_id;
extern const struct schema schema_port_mapping;
extern const struct schema schema_acl;
extern const struct schema schema_outbound_nat;
extern const struct schema schema_sdn_route;
