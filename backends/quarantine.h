/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Quarantine: the writable layer of an instance, its record and its log, put aside when the rest of
 * it goes. It is made whole beside the layer and appears under its name with one rename, so that
 * after a crash a layer is in one place or in the other.
 */
#include "backends/image_dir.h"
#include "specs/layout.h"

struct quarantine {
	const struct layout *layout;
	const char *id;
	const char *layer; /* name of the layer in the directory: "upper" */
	const char *dir;   /* of the instance, holding layer and record; unused by drop and has */
	const char *log_path; /* NULL: none */
};

enum { QUARANTINE_ALREADY = 1, QUARANTINE_NONE = 2 };

/** quarantine_put() - from q->dir. QUARANTINE_ALREADY; QUARANTINE_NONE: there is no such layer */
int quarantine_put(const struct quarantine *q, struct error *err);

/** quarantine_has() - is a layer of that name in it? > 0: yes, 0: provably not */
int quarantine_has(const struct quarantine *q, struct error *err);

/** quarantine_take() - the layer back into q->dir, for an instance that begins with it.
 *  -ERR_NOT_FOUND: there is none */
int quarantine_take(const struct quarantine *q, struct error *err);

/** quarantine_return() - undo that: a layer in q->dir is put where it was taken from */
int quarantine_return(const struct quarantine *q, struct error *err);

/** quarantine_drop() - delete it; none is success */
int quarantine_drop(const struct quarantine *q, struct error *err);

/** quarantine_lease() - name of the lease that keeps its image, in @a */
const char *quarantine_lease(const char *id, struct arena *a);

#define QUARANTINE_LEASE_SUFFIX ".kept"
