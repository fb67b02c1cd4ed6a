/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The mounts of config.json: docker's standard ones, the service's storage, the
 * generated /etc files. Pure; the directories on the host side are the caller's to make.
 */
#include "backends/oci_bundle.h"

/** oci_mounts_build() - the list, parents before children; the caller owns it */
int oci_mounts_build(const struct oci_bundle *b, struct arena *a, struct json_object **ret,
		     struct error *err);

/** oci_mounts_source() - where storage item @i is on the host; NULL: it has no place (tmpfs).
 *  bind: as written; named: the volume; anonymous: in the bundle. */
const char *oci_mounts_source(const struct oci_bundle *b, size_t i, struct arena *a);

/* Files below <bundle>/etc, made by the caller, mounted over the image's. */
struct oci_etc {
	const char *resolv_conf; /* NULL: none, the image's stays */
	const char *hosts;
	const char *hostname;
};

/** oci_mounts_etc() - their texts; -ERR_INVALID for an extra host or server that is none */
int oci_mounts_etc(const struct oci_bundle *b, struct arena *a, struct oci_etc *ret,
		   struct error *err);
