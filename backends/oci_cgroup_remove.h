/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Taking control groups away; see oci_cgroup.h for what they are. */
#include "backends/oci_cgroup.h"

/** oci_cgroup_remove() - the groups and those below, in all hierarchies; absent is success.
 *  -ERR_CONFLICT: a process is in it. */
int oci_cgroup_remove(const struct oci_cgroups *c, const char *path, struct error *err);

/** oci_cgroup_remove_empty() - the same for one that may be in use: then it stays */
void oci_cgroup_remove_empty(const struct oci_cgroups *c, const char *path);
