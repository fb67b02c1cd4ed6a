/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine seen from inside: what the compute agent of the guest is asked for, and the
 * containers it hosts. Paths here are the guest's; only what was shared, mounted or combined has
 * one.
 */
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/compute_check.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/layer_folder.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/machine.h"
#include "backends/hcs_sim/host/schema.h"

/* Where hcsshim finds the shares (internal/uvm/vsmb.go). */
#define SHARES "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"

static struct json_object *member(struct json_object *o, const char *name)
{
	return o ? json_object_object_get(o, name) : NULL;
}

static const char *text(struct json_object *o, const char *name)
{
	struct json_object *v = member(o, name);

	return v ? json_object_get_string(v) : NULL;
}

/* A part of what the guest knows. */
static struct json_object *known(const struct sys *s, const char *name)
{
	struct json_object *part = member(s->guest, name);

	if (!part) {
		part = json_object_new_object();
		json_put_obj(s->guest, name, part);
	}
	return part;
}

static size_t length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* --- paths ------------------------------------------------------------------------------ */

static const char *shared_path(const struct sys *machine, const char *path)
{
	if (strncmp(path, SHARES, strlen(SHARES)) != 0)
		return NULL;
	return machine_share_path(machine, path + strlen(SHARES));
}

/* The directory of a mounted disk is its scratch layer. */
static const char *mounted_path(const struct sys *machine, const char *path, struct arena *a)
{
	const char *disk = text(member(machine->guest, "Mounts"), path);
	const char *slash = disk ? strrchr(disk, '/') : NULL;

	return slash ? arena_strndup(a, disk, (size_t)(slash - disk)) : NULL;
}

const char *machine_host_path(const struct sys *s, const char *path, struct arena *a)
{
	const struct sys *machine = machine_of(s);
	const char *shared;

	if (!machine)
		return NULL;
	shared = shared_path(machine, path);
	return shared ? arena_strdup(a, shared) : mounted_path(machine, path, a);
}

struct sys *machine_of(const struct sys *s)
{
	const char *id = text(s->config, "HostingSystemId");

	return id ? compute_find(s->host->compute, id) : NULL;
}

struct sys *machine_hosts(const struct sys *s)
{
	for (struct sys *y = s->host->compute->systems; y; y = y->next)
		if (y->state != SYS_STOPPED && machine_of(y) == s)
			return y;
	return NULL;
}

/* A GUID in whatever spelling, known to the guest under @what? */
static bool knows(const struct sys *s, const char *what, const char *id)
{
	char name[HCS_GUID_SIZE];
	GUID guid;

	return id && hcs_guid_parse(id, &guid) &&
	       member(member(s->guest, what), hcs_guid_format(&guid, name));
}

/* --- requests --------------------------------------------------------------------------- */

static HRESULT mount_disk(struct call *c, struct sys *s, struct json_object *settings)
{
	const char *path = text(settings, "ContainerPath");
	const char *disk = machine_disk(s, json_object_get_int64(member(settings, "Lun")));

	if (!path || !disk)
		return call_fail(c, WIN32_NOT_FOUND, "there is no such disk to mount");
	if (member(known(s, "Mounts"), path))
		return call_fail(c, WIN32_ALREADY_EXISTS, "something is mounted at %s", path);
	json_put_str(known(s, "Mounts"), path, disk);
	return S_OK;
}

/* One of the Layers to combine is the share of @want, the layer that belongs there. */
static HRESULT check_layer(struct call *c, const struct sys *s, struct json_object *layer,
			   const char *want)
{
	const char *id = text(layer, "Id"), *path = text(layer, "Path");
	const char *host = path ? shared_path(s, path) : NULL;
	GUID given, own;

	if (!id || !hcs_guid_parse(id, &given) || !host)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "layer %s is not shared",
				 path ? path : "without a path");
	if (!layers_is_imported(host))
		return call_fail(c, HCS_E_INVALID_LAYER, "%s was not imported", host);
	layers_guid(host, &own);
	if (!hcs_guid_equal(&given, &own) &&
	    c->host->switches.layer_ids != SWITCH_LAYER_IDS_IGNORED)
		return call_fail(c, E_INVALIDARG, "layer %s has another id", host);
	if (strcmp(host, want) != 0)
		return call_fail(c, E_INVALIDARG, "%s is not the scratch layer's parent", host);
	return S_OK;
}

static HRESULT combine(struct call *c, struct sys *s, struct json_object *settings)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *list = member(settings, "Layers");
	const char *root = text(settings, "ContainerRootPath");
	const char *scratch = root ? mounted_path(s, root, a) : NULL;
	struct layer_folder f = { .kind = LAYER_NONE };
	HRESULT hr = S_OK;

	if (!scratch)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "no scratch disk is mounted there");
	if (layer_folder_read(scratch, a, &f, NULL) < 0 || f.kind != LAYER_SCRATCH)
		return call_fail(c, HCS_E_INVALID_LAYER, "%s is no scratch layer", scratch);
	if (member(known(s, "Combined"), root))
		return call_fail(c, WIN32_ALREADY_EXISTS, "layers are at %s", root);
	if (length(list) != f.n_parents)
		return call_fail(c, E_INVALIDARG, "not the parents of the scratch layer");
	for (size_t i = 0; hr >= 0 && i < length(list); i++)
		hr = check_layer(c, s, json_object_array_get_idx(list, i), f.parents[i]);
	if (hr >= 0)
		json_put_obj(known(s, "Combined"), root, json_object_get(list));
	return hr;
}

static HRESULT add_namespace(struct call *c, struct sys *s, struct json_object *settings)
{
	const char *id = text(settings, "ID");
	char name[HCS_GUID_SIZE];
	GUID guid;

	if (!id || !hcs_guid_parse(id, &guid) || !hcn_find(c->host->hcn, HCN_KIND_NAMESPACE, &guid))
		return call_fail(c, WIN32_NOT_FOUND, "the host has no namespace %s", id ? id : "");
	if (knows(s, "Namespaces", id))
		return call_fail(c, WIN32_ALREADY_EXISTS, "namespace %s", id);
	json_put_bool(known(s, "Namespaces"), hcs_guid_format(&guid, name), true);
	return S_OK;
}

/* First the endpoint is made known, then its adapter comes. */
static HRESULT add_adapter(struct call *c, struct sys *s, struct json_object *settings)
{
	const char *id = text(settings, "AdapterId"), *request = text(settings, "RequestType");
	const char *before = text(known(s, "Adapters"), id);
	const char *space = text(member(settings, "Settings"), "HostComputeNamespace");

	if (strcmp(request, "PreAdd") == 0) {
		if (before)
			return call_fail(c, WIN32_ALREADY_EXISTS, "adapter %s", id);
		if (!knows(s, "Namespaces", space))
			return call_fail(c, WIN32_NOT_FOUND,
					 "the guest does not know the namespace of adapter %s", id);
	} else if (!before || strcmp(before, "PreAdd") != 0) {
		return call_fail(c, HCS_E_INVALID_STATE, "adapter %s was not announced", id);
	}
	json_put_str(known(s, "Adapters"), id, request);
	return S_OK;
}

/* Adding is all that is imitated. */
static const struct {
	const char *type;
	const struct schema
		*schema; /* of Settings; NULL: the host's own document, not looked into */
	HRESULT (*run)(struct call *c, struct sys *s, struct json_object *settings);
} requests[] = {
	{ "MappedVirtualDisk", &schema_guest_disk, mount_disk },
	{ "CombinedLayers", &schema_guest_layers, combine },
	{ "NetworkNamespace", NULL, add_namespace },
	{ "Network", &schema_guest_adapter, add_adapter },
};

HRESULT machine_guest_request(struct call *c, struct sys *s, struct json_object *request)
{
	struct json_object *settings = member(request, "Settings");

	if (!schema_check(&schema_guest_request, request, &c->why))
		return HCS_E_INVALID_JSON;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(requests[i].type, text(request, "ResourceType")) != 0)
			continue;
		if (strcmp(text(request, "RequestType"), "Add") != 0)
			break;
		if (!settings ||
		    (requests[i].schema && !schema_check(requests[i].schema, settings, &c->why)))
			return HCS_E_INVALID_JSON;
		return requests[i].run(c, s, settings);
	}
	return call_fail(c, HCS_E_UNKNOWN_MESSAGE, "the guest cannot %s %s",
			 text(request, "RequestType"), text(request, "ResourceType"));
}

/* --- a container in it ------------------------------------------------------------------- */

static HRESULT check_storage(struct call *c, const struct sys *s, struct json_object *storage)
{
	const char *path = text(storage, "Path");
	struct json_object *want = path ? member(known(s, "Combined"), path) : NULL;
	struct json_object *list = member(storage, "Layers");

	if (!want)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "no layers are combined at %s",
				 path ? path : "nothing");
	if (!json_object_equal(list, want))
		return call_fail(c, E_INVALIDARG, "other Layers than those that were combined");
	return S_OK;
}

static HRESULT check_mappings(struct call *c, const struct sys *s, struct json_object *container)
{
	struct json_object *dirs = member(container, "MappedDirectories");
	struct json_object *pipes = member(container, "MappedPipes");

	for (size_t i = 0; i < length(dirs); i++) {
		struct json_object *o = json_object_array_get_idx(dirs, i);
		const char *from = text(o, "HostPath"), *to = text(o, "ContainerPath");

		if (!from || !to || !*to)
			return call_fail(c, E_INVALIDARG, "a mapped directory has two paths");
		if (!shared_path(s, from))
			return call_fail(c, WIN32_PATH_NOT_FOUND, "the guest has no %s", from);
	}
	for (size_t i = 0; i < length(pipes); i++) {
		const char *from = text(json_object_array_get_idx(pipes, i), "HostPath");

		if (!from || strncmp(from, SHARES "IPC$\\", strlen(SHARES "IPC$\\")) != 0)
			return call_fail(c, WIN32_PATH_NOT_FOUND, "the guest has no pipe %s",
					 from ? from : "");
	}
	return S_OK;
}

HRESULT machine_check_hosted(struct call *c, struct json_object *config)
{
	struct json_object *container = member(member(config, "HostedSystem"), "Container");
	const char *id = text(config, "HostingSystemId");
	const struct sys *s = id ? compute_find(c->host->compute, id) : NULL;
	const char *namespace = text(member(container, "Networking"), "Namespace");
	HRESULT hr;

	if (!id || !container)
		return call_fail(c, HCS_E_INVALID_JSON,
				 "HostedSystem with a Container and HostingSystemId go together");
	if (!s || !s->is_machine)
		return call_fail(c, HCS_E_SYSTEM_NOT_FOUND, "there is no machine %s", id);
	if (s->state != SYS_RUNNING)
		return call_fail(c, HCS_E_INVALID_STATE, "%s is %s", s->id, sys_state_to_string(s));
	hr = check_storage(c, s, member(container, "Storage"));
	hr = hr < 0 ? hr : check_mappings(c, s, container);
	if (hr >= 0 && namespace && *namespace && !knows(s, "Namespaces", namespace))
		return call_fail(c, WIN32_NOT_FOUND, "the guest has no namespace %s", namespace);
	return hr;
}
