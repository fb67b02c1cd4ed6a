/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Control groups of containers: `<base>/<owner>/<id>` in every hierarchy of the host.
 * v2, v1 and the hybrid of both. A path here is relative to the hierarchies' mounts
 * and begins with '/'. The programs make the groups; whatever is left is ours to end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "backends/runtime.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum oci_cgroup_mode { OCI_CGROUP_NONE, OCI_CGROUP_V1, OCI_CGROUP_HYBRID, OCI_CGROUP_V2 };

struct oci_hierarchy {
	const char *mount;       /* absolute */
	const char *controllers; /* v1: as mounted, "cpu,cpuacct"; v2: cgroup.controllers */
	bool is_v2;
};

struct oci_cgroups {
	enum oci_cgroup_mode mode;
	struct oci_hierarchy *items;
	size_t n;
	const char *base;    /* "" or a path like "/system.slice/x.service": where new ones begin */
	bool has_swap;       /* swap can be limited */
	bool unified_in_use; /* hybrid: v2 holds a controller, which crun refuses */
};

/** oci_cgroup_open() - what this host has; all memory in @a */
int oci_cgroup_open(struct arena *a, struct oci_cgroups *ret, struct error *err);

/**
 * oci_cgroup_base() - where groups of ours may begin in v2: the group that systemd delegated to our
 *                     unit, when we are in one below it; else the top, ""
 * @own: our group, "/system.slice/x.service/shim"
 *
 * Who sits in the delegated group itself must not build there: a group of v2 has processes or hands
 * controllers on, and systemd could not start the unit again beside containers that live on.
 */
const char *oci_cgroup_base(const char *mount, const char *own, struct arena *a);

/** oci_cgroup_mode_name() - "cgroup v2" and so on */
const char *oci_cgroup_mode_name(enum oci_cgroup_mode mode);

/** oci_cgroup_path() - `<base>/<owner>/<id>`; @id NULL: the owner's own */
const char *oci_cgroup_path(const struct oci_cgroups *c, struct arena *a, const char *owner,
			    const char *id);

enum { OCI_CGROUP_BUSY = 1 };

/** oci_cgroup_look() - 0: no process in it (or no such group); OCI_CGROUP_BUSY */
int oci_cgroup_look(const struct oci_cgroups *c, const char *path, struct error *err);

/** oci_cgroup_kill() - SIGKILL to every process in it; returns when it is sent, thawed first */
int oci_cgroup_kill(const struct oci_cgroups *c, const char *path, struct error *err);

/** oci_cgroup_is_frozen() - somebody paused it */
bool oci_cgroup_is_frozen(const struct oci_cgroups *c, const char *path);
/** oci_cgroup_thaw() - let it go on; no such group is success */
int oci_cgroup_thaw(const struct oci_cgroups *c, const char *path, struct error *err);

/** oci_cgroup_stats() - RUNTIME_ABSENT: no such group */
int oci_cgroup_stats(const struct oci_cgroups *c, const char *path, struct runtime_stats *ret,
		     struct error *err);

/** oci_cgroup_holds() - is @pid in that group? */
bool oci_cgroup_holds(const char *path, pid_t pid);

/** oci_cgroup_write() - @value to file @name of the hierarchy that has @controller. v2 has one for
 *  all. -ERR_UNSUPPORTED: none has it */
int oci_cgroup_write(const struct oci_cgroups *c, const char *path, const char *controller,
		     const char *name, const char *value, struct error *err);
/** oci_cgroup_read() - what such a file says is added to @ret */
int oci_cgroup_read(const struct oci_cgroups *c, const char *path, const char *controller,
		    const char *name, struct buf *ret, struct error *err);
