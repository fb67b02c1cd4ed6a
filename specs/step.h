/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What shall be done: one runtime call per step, with its cause. A step carries
 * everything the runtime needs; the runtime looks nothing up.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct arena;
struct service;

/*      id       name       what the runtime does */
#define STEP_KINDS(X)                                                                              \
	X(STAGE, "stage")   /* have the image's layers at hand */                                  \
	X(CREATE, "create") /* make the container; its process waits */                            \
	X(START, "start")   /* let it run */                                                       \
	X(SIGNAL, "signal") /* deliver a signal; not wait */                                       \
	X(UPDATE, "update") /* change limits in place, and thaw */                                 \
	X(REMOVE, "remove") /* all of it, after proof that its process is gone */

enum step_kind {
#define X(id, name) STEP_##id,
	STEP_KINDS(X)
#undef X
		STEP_N_KINDS,
};

/** step_kind_to_string() - its name in text and JSON */
const char *step_kind_to_string(enum step_kind kind);

struct env_var {
	const char *name;
	const char *value; /* resolved: never `$E:` or `$S:` */
};

/* One instance as it shall be made. */
struct instance_spec {
	const char *id; /* runtime id; deployment, service, slot and generation are in it */
	const char *deployment;
	const char *service_name;
	uint32_t slot;
	uint64_t generation;
	const char *owner;
	const char *node_id;
	const char *config_hash;
	const char *image;   /* as written */
	const char *digest;  /* manifest digest, `sha256:…` */
	const char *address; /* NULL: none */
	const char *slice;   /* the network it is in, "10.220.99.0/28"; NULL likewise */
	const char
		*layer; /* it begins with the writable layer kept of that instance; NULL: fresh */
	const char *oci_path; /* runtime.oci.path for it; "": as found; NULL: nothing said */
	const struct service *service; /* normalised, the replica group's values merged in */
	const struct env_var *env;     /* of the service, resolved, sorted by name */
	size_t n_env;
};

struct step {
	enum step_kind kind;
	const char *runtime; /* who shall do it */
	const char *deployment;
	const char *service;
	uint32_t slot;
	const char *instance_id;          /* STAGE: NULL */
	int signal;                       /* SIGNAL: a Linux signal number */
	const char *digest;               /* STAGE */
	const struct instance_spec *spec; /* CREATE, UPDATE; else NULL */
	const char *cause;                /* "image differs: have X, want Y"; for people */
};

/**
 * instance_spec_to_json() - everything in it, the service with the format's own field names
 * instance_spec_from_json() - back; all memory in @a
 *
 * What crosses to a shim. Env values may be secrets: the text goes over the
 * socket only, never into a file or a log.
 */
struct json_object *instance_spec_to_json(const struct instance_spec *s);
int instance_spec_from_json(struct json_object *o, struct arena *a, struct instance_spec *ret,
			    struct error *err);
