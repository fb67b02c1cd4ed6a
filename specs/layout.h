/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where things are on the node: the two directories of an owner and what lies in them.
 * Everybody asks here; nobody joins paths of their own. Results live in the arena.
 */
#include "base/arena.h"

/* Absolute paths without a trailing slash. */
struct layout {
	const char *owner;
	const char *state_dir; /* durable: /var/lib/tallyman/state/<owner> */
	const char *run_dir;   /* of this boot: /run/tallyman/<owner> */
};

const char *layout_database(const struct layout *l, struct arena *a); /* <state>/tallyman.db */
/* <state>/tallyman.lock: the writer's, with its name in it */
const char *layout_store_lock(const struct layout *l, struct arena *a);
const char *layout_hmac_key(const struct layout *l, struct arena *a); /* <state>/hmac.key, 0600 */
const char *layout_images(const struct layout *l, struct arena *a);   /* <state>/images */
const char *layout_bundles(const struct layout *l, struct arena *a);  /* <state>/bundles */
const char *layout_bundle(const struct layout *l, struct arena *a, const char *id);
const char *layout_silos(const struct layout *l, struct arena *a); /* <state>/hcs: scratch layers */
const char *layout_silo(const struct layout *l, struct arena *a, const char *id);
const char *layout_layers(const struct layout *l, struct arena *a); /* <state>/layers: imported */
const char *layout_logs(const struct layout *l, struct arena *a);   /* <state>/logs */
/* <state>/logs/<deployment>/<service>-rep-<n>.log: one file a slot, over all its instances */
const char *layout_log(const struct layout *l, struct arena *a, const char *deployment,
		       const char *service, unsigned slot);
/* <log>.<n>: what was set aside of it, 1 the newest; 0: the log itself */
const char *layout_log_old(struct arena *a, const char *log, unsigned n);
/* <state>/volumes/<deployment>/<name>: never removed by reconcile */
const char *layout_volume(const struct layout *l, struct arena *a, const char *deployment,
			  const char *name);
const char *layout_api_socket(const struct layout *l, struct arena *a); /* <run>/api.sock */
const char *layout_shim_socket(const struct layout *l, struct arena *a, const char *runtime);
const char *layout_shim_lock(const struct layout *l, struct arena *a, const char *runtime);
/* <run>/exits-<runtime>: what nobody has acknowledged */
const char *layout_shim_exits(const struct layout *l, struct arena *a, const char *runtime);
const char *layout_oci_root(const struct layout *l, struct arena *a, const char *program);
const char *layout_fifos(const struct layout *l, struct arena *a); /* <run>/fifo */
/* <state>/quarantine[/<id>]: what sweeps put aside; @id NULL: all of it */
const char *layout_quarantine(const struct layout *l, struct arena *a, const char *id);
