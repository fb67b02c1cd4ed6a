/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Expand: a deployment becomes the list of slots that shall be. Pure.
 *
 * In three moves, because some facts come from outside: expand_groups() makes one
 * group per service (or per replica group), the driver writes into each what it found
 * out (route, config hash, digest, resolved env), expand_slots() makes the slots.
 * The core compares lists of slots, never replica counts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "specs/observed.h"
#include "specs/spec.h"
#include "specs/step.h"

enum route_kind {
	ROUTE_RUNTIME,     /* `runtime` makes it */
	ROUTE_NEEDS_PEER,  /* this node has no runtime for `os` */
	ROUTE_UNSUPPORTED, /* cron, wasm: understood, not done here */
	ROUTE_BLOCKED,     /* cannot be made as things are: no image, an unset $E: … */
};

/* Where the instances of a group are made, or why nowhere. */
struct route {
	enum route_kind kind;
	const char *runtime;  /* RUNTIME: its name, as in instance.runtime */
	bool can_update;      /* RUNTIME: it changes limits in place and thaws */
	const char *os;       /* NEEDS_PEER: "linux", "windows"; else NULL */
	const char *reason;   /* others than RUNTIME: one line for people */
	const char *hint;     /* what to type; NULL: nothing known */
	enum error_code code; /* BLOCKED; transient: the driver asks again and sends a new wish */
	bool no_runtime;      /* BLOCKED: who makes it cannot be used, nor looked at, by waiting */
};

/* What a group was when instances of it were made that are still there. */
struct expand_before {
	const struct service *service; /* NULL: not known */
	const char *config_hash;       /* of those instances */
	const char *fields; /* expand_slots(): what differs since, "env.COLOR, image.name";
			     * NULL: nothing to name */
};

/* One service without replica groups, or one replica group. */
struct expand_group {
	const struct service *service; /* the group's values merged in */
	const char *role;              /* NULL: not a replica group */
	int64_t count;                 /* replicas; -1: manual, as many as there are */

	/* The driver's, between expand_groups() and expand_slots(). Zero: not known. */
	struct route route;
	const char *config_hash;   /* NULL only where the route is not RUNTIME */
	const char *digest;        /* of the image's manifest; NULL likewise */
	const struct env_var *env; /* resolved, sorted by name */
	size_t n_env;
	struct expand_before before; /* for naming the fields of a change; decides nothing */

	size_t image; /* expand_slots(): into desired.images; SIZE_MAX: route is not RUNTIME */
};

/* What must be staged where: each (runtime, digest) once. */
struct desired_image {
	const char *runtime;
	const char *digest; /* "" when the driver knows none */
};

struct expand_groups {
	struct expand_group *items; /* by (service, place of the group in the file) */
	size_t n;
};

/* A service that is wanted, or was: what stopping and ordering need of it. */
struct desired_service {
	const char *name;
	bool is_wanted;                /* in the file; false: only in the previous revision */
	const struct depends *depends; /* never NULL */
	uint32_t rank;                 /* 0: depends on nothing; else 1 + highest of its depends */
	int stop_signal;               /* Linux number; 0 when the file is silent */
	int64_t stop_grace_us;
	size_t first, n;     /* its slots in desired.slots */
	const size_t *needs; /* depends->items[i] as index into desired.services; SIZE_MAX: none */
	const size_t *users; /* who depends on it, ascending */
	size_t n_users;
};

struct desired_slot {
	const struct expand_group *group;
	const char *service; /* group->service->name */
	uint32_t number;
	size_t service_index; /* into desired.services */
};

/* The desired state of one deployment. Lives in the arena of expand_slots(), points into
 * the deployments and groups given to it, and is never changed. */
struct desired {
	const char *deployment;
	struct desired_service *services; /* sorted by name, names unique */
	size_t n_services;
	struct desired_slot *slots; /* sorted by (service, number), unique */
	size_t n;
	struct desired_image *images; /* sorted by (runtime, digest), unique */
	size_t n_images;
	const char *empty_reason; /* the cause of removals when all shall go: "down"; else NULL */
};

/**
 * expand_groups() - the groups of @d; all in @a
 *
 * The driver's fields are zero, but the route of cron and wasm services: that is
 * UNSUPPORTED already and stays so.
 */
void expand_groups(const struct deployment *d, struct arena *a, struct expand_groups *ret);

struct expand_input {
	const char *deployment;            /* its name */
	const struct deployment *current;  /* NULL: nothing is wanted, `empty_reason` says why */
	const struct deployment *previous; /* the revision before, for the order and manner of
					      removals; NULL: not known */
	struct expand_groups groups;       /* filled in; of `current` */
	const struct observed *observed;   /* for manual scale; NULL: nothing is there */
	const struct slot *slots;          /* likewise: the records, sorted by (service, number) */
	size_t n_slots;
	const char *empty_reason; /* "down"; NULL when `current` is not */
};

/**
 * expand_slots() - the slots of a deployment
 *
 * Fixed scale: numbers 0..replicas-1; adaptive or none: min; manual: the slots that have
 * an instance, or are to have one again (held, restart asked for); replica groups: their counts,
 * numbered through in the order of the file.
 *
 * Return: 0; -ERR_LIMIT beyond LIMIT_SLOTS; -ERR_INVALID for a stop signal nobody knows.
 */
int expand_slots(const struct expand_input *in, struct arena *a, struct desired *ret,
		 struct error *err);

/** expand_find_service() - by name; NULL when there is none */
const struct desired_service *expand_find_service(const struct desired *d, const char *name);

/** expand_stop_signal() - what asks @is to end: as the file says, else its image, else SIGTERM.
 *  @ds: NULL when nothing is known of its service */
int expand_stop_signal(const struct desired_service *ds, const struct instance *is);
