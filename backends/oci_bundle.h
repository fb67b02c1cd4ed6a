/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From one instance to the config.json an OCI runtime program reads. Pure: whatever
 * has to be looked up on the host or in the image comes in as a value.
 *
 * -ERR_INVALID names the field that is wrong, -ERR_UNSUPPORTED the one this host or the
 * programs cannot honour; both mean that trying again changes nothing.
 */
#include "backends/image_document.h"
#include "backends/oci_user.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "specs/layout.h"
#include "specs/spec.h"
#include "specs/step.h"

/* A resource limit of ours: nobody without CAP_SYS_RESOURCE can give more to a child. */
struct oci_rlimit {
	const char *name; /* "nofile", as in the format */
	const char *oci;  /* "RLIMIT_NOFILE" */
	uint64_t hard;    /* UINT64_MAX: unlimited */
};

/* What the shim found on its host. */
struct oci_facts {
	bool cgroup_v2; /* alone; v1 and hybrid: false */
	bool has_swap;
	uint64_t capabilities; /* bit n: capability n may be given */
	const struct oci_rlimit *rlimits;
	size_t n_rlimits;
	int64_t oom_score_adj; /* own; less than that needs CAP_SYS_RESOURCE */
	const char **masked;   /* more paths that no container sees */
	size_t n_masked;
	const char *resolv_conf; /* text of the host's file; NULL: none */
	const char *hosts;       /* likewise, for containers in the host's network */
	const char *arch;        /* "amd64", "arm64" */
	/* v1: where a container sees its hierarchies, "/sys/fs/cgroup/memory" … */
	const char *const *hierarchies;
	size_t n_hierarchies;
};

/* A device node of the host. */
struct oci_device {
	const char *path;
	char type; /* 'c', 'b' */
	uint32_t major, minor, mode, uid, gid;
	const char *access; /* "rwm" or a part of it */
};

struct oci_bundle {
	const struct instance_spec *spec;
	const struct image_config *image;
	const struct oci_facts *facts;
	const struct oci_user *user;
	const struct layout *layout; /* named volumes */
	const char *path;            /* the bundle directory, absolute */
	const char *cgroup;          /* cgroupsPath */
	const struct oci_device *devices;
	size_t n_devices;
};

/** oci_bundle_config() - the document; the caller frees it. @a is for work */
int oci_bundle_config(const struct oci_bundle *b, struct arena *a, struct json_object **ret,
		      struct error *err);

/** oci_bundle_exec() - the process document of an exec: the container's, with @argv and so on */
struct json_object *oci_bundle_exec(struct json_object *config, const char *const *argv,
				    const char *const *env, const char *workdir, bool tty);

/** oci_bundle_hostname() - as written, else the slot's name cut to 63 with a hash tail */
const char *oci_bundle_hostname(const struct instance_spec *spec, struct arena *a);
