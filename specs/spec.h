/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The desired state: one deployment file as a value, checked and with defaults
 * filled in. Everything hangs from the arena it was parsed into and is never
 * changed afterwards. specs/parse.h makes it, specs/render.h writes it back,
 * specs/hash.h tells two of its services apart.
 */
#include "specs/spec_service.h"

struct arena;

struct external_spec {
	const char *name;
	struct strings backends; /* at least one */
	struct endpoints endpoints;
	struct health_spec *health; /* or NULL */
};

struct tunnel_spec {
	const char *name;
	const char *from;
	const char *to;
	int64_t local_port;
	int64_t remote_port;
	enum transport protocol;
	enum expose expose;
};

struct api_settings {
	bool enabled;
	const char *bind;
	const char *jwt_secret;
	bool swagger;
};

struct deployment {
	const char *version; /* "v1" */
	const char *name;    /* key `deployment` in the file */
	struct services {
		struct service *items; /* sorted by name, names unique, at most LIMIT_SERVICES */
		size_t n;
	} services;
	struct externals {
		struct external_spec *items; /* sorted by name */
		size_t n;
	} externals;
	struct tunnels {
		struct tunnel_spec *items; /* sorted by name */
		size_t n;
	} tunnels;
	struct api_settings api;
	struct tallyman tallyman; /* defaults for all services; use service.policy */
};

/** spec_pairs_find() - the value of @key, or NULL */
const char *spec_pairs_find(const struct pairs *p, const char *key);

/** spec_find_service() - the service with that name, or NULL */
struct service *spec_find_service(const struct deployment *d, const char *name);

/**
 * spec_group_service() - the service as replicas of one of its groups run it
 *
 * Image, command and resources of @group replace the service's, its env is
 * merged over it. Return: a copy in @arena; replica_groups is empty in it.
 */
struct service *spec_group_service(const struct service *s, const struct replica_group *group,
				   struct arena *arena);

/**
 * spec_start_count() - how many replicas a service wants on its own
 *
 * Groups' counts if there are groups, else fixed: replicas, adaptive: min.
 * Manual: -1, which means "as many as there are, none at first".
 */
int64_t spec_start_count(const struct service *s);
