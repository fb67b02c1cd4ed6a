/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Limits and devices of config.json, and the same limits as values for an update in
 * place. Pure. What a cgroup version has not is left out: the field table of the
 * format has said so already.
 */
#include "backends/oci_bundle.h"

/* has_* false: not limited. */
struct oci_limits {
	int64_t cpu_quota;  /* microseconds per OCI_CPU_PERIOD; 0 none */
	int64_t cpu_shares; /* 0 none */
	const char *cpuset; /* NULL none */
	bool has_memory, has_reservation, has_swap, has_swappiness, has_oom_kill_disable;
	uint64_t memory;      /* bytes */
	uint64_t reservation; /* bytes */
	int64_t swap;         /* bytes, memory included; -1 unlimited */
	uint64_t swappiness;  /* 0..100 */
	bool oom_kill_disable;
	int64_t pids;         /* 0 none */
	int64_t blkio_weight; /* 0 none; not in config.json, of which each program makes its own */
};

#define OCI_CPU_PERIOD 100000

/** oci_resources_limits() - a service's wishes as numbers; -ERR_INVALID naming the field */
int oci_resources_limits(const struct resources_spec *r, const struct oci_facts *f,
			 struct oci_limits *ret, struct error *err);

/** oci_resources_build() - `linux.resources`; the caller owns it */
int oci_resources_build(const struct oci_bundle *b, struct json_object **ret, struct error *err);

/** oci_resources_devices() - `linux.devices`: nodes to make; NULL when there are none */
struct json_object *oci_resources_devices(const struct oci_bundle *b);
