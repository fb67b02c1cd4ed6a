/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Layers of HCS containers through vmcompute's layer functions: an instance's writable scratch
 * layer above the read-only ones of its image. Every path is proved to be below the directory it
 * belongs to before it is given to a function that deletes.
 */
#include "backends/hcs_api.h"
#include "backends/hcs_document.h"
#include "base/arena.h"
#include "base/error.h"

/* Read-only layers of an image, nearest first, the base last. */
struct hcs_chain {
	const char **paths; /* absolute */
	size_t n;           /* at least 1 */
};

/**
 * hcs_layers_describe() - a chain as documents name it
 * @ret: n of them, in @a
 */
int hcs_layers_describe(const struct hcs_api *api, const struct hcs_chain *chain, struct arena *a,
			struct hcs_layer **ret, struct error *err);

/** hcs_layers_make() - make the scratch layer @path above @chain; one that is there already (of a
 * call that was cut short) is taken as it is */
int hcs_layers_make(const struct hcs_api *api, const char *path, const struct hcs_chain *chain,
		    struct error *err);

/**
 * hcs_layers_mount() - make the scratch layer @path and mount it above @chain
 * @ret_root: the volume it is mounted as, in @a
 */
int hcs_layers_mount(const struct hcs_api *api, const char *path, const struct hcs_chain *chain,
		     struct arena *a, const char **ret_root, struct error *err);

/**
 * hcs_layers_unmount() - unmount and destroy the scratch layer @path; what is gone is success
 * @below: the directory of all scratch layers: a path that is not in it is -ERR_INVALID
 *
 * -ERR_CONFLICT while a container uses it.
 */
int hcs_layers_unmount(const struct hcs_api *api, const char *path, const char *below,
		       struct error *err);

/** hcs_layers_detach() - unmount it as well, but what was written to it stays in its directory */
int hcs_layers_detach(const struct hcs_api *api, const char *path, const char *below,
		      struct error *err);

/** hcs_layers_import() - make the read-only layer @path out of the folder @source, above @parents
 * @parents: NULL or without paths: it is a base layer */
int hcs_layers_import(const struct hcs_api *api, const char *path, const char *source,
		      const struct hcs_chain *parents, struct error *err);
