/* SPDX-License-Identifier: Apache-2.0 */
/* See the header: the one place that knows the names below the two directories. */
#include "specs/layout.h"

const char *layout_database(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/tallyman.db", l->state_dir);
}

const char *layout_store_lock(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/tallyman.lock", l->state_dir);
}

const char *layout_hmac_key(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/hmac.key", l->state_dir);
}

const char *layout_images(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/images", l->state_dir);
}

const char *layout_bundles(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/bundles", l->state_dir);
}

const char *layout_bundle(const struct layout *l, struct arena *a, const char *id)
{
	return arena_printf(a, "%s/bundles/%s", l->state_dir, id);
}

const char *layout_silos(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/hcs", l->state_dir);
}

const char *layout_silo(const struct layout *l, struct arena *a, const char *id)
{
	return arena_printf(a, "%s/hcs/%s", l->state_dir, id);
}

const char *layout_layers(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/layers", l->state_dir);
}

const char *layout_logs(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/logs", l->state_dir);
}

const char *layout_log(const struct layout *l, struct arena *a, const char *deployment,
		       const char *service, unsigned slot)
{
	return arena_printf(a, "%s/logs/%s/%s-rep-%u.log", l->state_dir, deployment, service, slot);
}

const char *layout_log_old(struct arena *a, const char *log, unsigned n)
{
	return n ? arena_printf(a, "%s.%u", log, n) : log;
}

const char *layout_volume(const struct layout *l, struct arena *a, const char *deployment,
			  const char *name)
{
	return arena_printf(a, "%s/volumes/%s/%s", l->state_dir, deployment, name);
}

const char *layout_shim_socket(const struct layout *l, struct arena *a, const char *runtime)
{
	return arena_printf(a, "%s/shim-%s.sock", l->run_dir, runtime);
}

const char *layout_api_socket(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/api.sock", l->run_dir);
}

const char *layout_shim_lock(const struct layout *l, struct arena *a, const char *runtime)
{
	return arena_printf(a, "%s/shim-%s.lock", l->run_dir, runtime);
}

const char *layout_shim_exits(const struct layout *l, struct arena *a, const char *runtime)
{
	return arena_printf(a, "%s/exits-%s", l->run_dir, runtime);
}

const char *layout_oci_root(const struct layout *l, struct arena *a, const char *program)
{
	return arena_printf(a, "%s/oci/%s", l->run_dir, program);
}

const char *layout_fifos(const struct layout *l, struct arena *a)
{
	return arena_printf(a, "%s/fifo", l->run_dir);
}

const char *layout_quarantine(const struct layout *l, struct arena *a, const char *id)
{
	return id ? arena_printf(a, "%s/quarantine/%s", l->state_dir, id)
		  : arena_printf(a, "%s/quarantine", l->state_dir);
}
