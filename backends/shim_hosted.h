/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The runtimes a shim can host, by name. One visible table; a test may give a row of its own. */
#include "backends/runtime.h"
#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "specs/layout.h"

/* What a shim offers the runtime it hosts. All borrowed; outlives the runtime. */
struct shim_services {
	const struct layout *layout;
	const char *node_id;
	const char *oci_path;    /* NULL: the runtime chooses */
	const char *hcs_library; /* of the Host Compute Service; NULL: the system's */
	struct shim_reaper *reaper;
	struct shim_log *log;
	const struct runtime_sink *sink;
};

struct shim_hosted {
	const char *name;
	/* Adopts what is there already; a failure says what to do. */
	int (*open)(const struct shim_services *s, struct runtime **ret, struct error *err);
	/* Why no other program can go on in this process; NULL: it can. */
	const char *stays;
};

/** shim_hosted_find() - NULL for a name that no shim can host */
const struct shim_hosted *shim_hosted_find(const char *name);
