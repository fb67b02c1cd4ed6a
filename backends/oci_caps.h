/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Linux capabilities by name and as a set of bits. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "specs/spec_service.h"

enum oci_cap {
	OCI_CAP_DAC_READ_SEARCH = 2,
	OCI_CAP_SYS_MODULE = 16,
	OCI_CAP_SYS_RAWIO = 17,
	OCI_CAP_SYS_CHROOT = 18,
	OCI_CAP_SYS_PTRACE = 19,
	OCI_CAP_SYS_PACCT = 20,
	OCI_CAP_SYS_ADMIN = 21,
	OCI_CAP_SYS_BOOT = 22,
	OCI_CAP_SYS_NICE = 23,
	OCI_CAP_SYS_RESOURCE = 24,
	OCI_CAP_SYS_TIME = 25,
	OCI_CAP_SYS_TTY_CONFIG = 26,
	OCI_CAP_AUDIT_CONTROL = 30,
	OCI_CAP_SYSLOG = 34,
	OCI_CAP_PERFMON = 38,
	OCI_CAP_BPF = 39,
};

static inline bool oci_caps_has(uint64_t set, enum oci_cap cap)
{
	return set >> cap & 1;
}

/**
 * oci_caps_of() - the set a service's first process gets
 * @available: what this host can give
 *
 * privileged: all; a list replaces docker's 14; ALL is all; cap_drop takes away, its ALL
 * everything that was not listed. -ERR_INVALID for an unknown name, -ERR_UNSUPPORTED
 * for a listed one the host has not.
 */
int oci_caps_of(const struct service *s, uint64_t available, uint64_t *ret, struct error *err);

/** oci_caps_names() - ["CAP_CHOWN", …]; the caller owns it */
struct json_object *oci_caps_names(uint64_t set);
