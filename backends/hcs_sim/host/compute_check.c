/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules beyond the schema, in the order a reader of the document meets them. Which code belongs to
 * which is documented for some only; the README has the list.
 */
#include "backends/hcs_sim/host/compute_check.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/machine.h"
#include "base/fs.h"

enum { NETBIOS_NAME = 15 };

static struct json_object *member(struct json_object *o, const char *name)
{
	return o ? json_object_object_get(o, name) : NULL;
}

static const char *text(struct json_object *o, const char *name)
{
	struct json_object *v = member(o, name);

	return v ? json_object_get_string(v) : NULL;
}

static HRESULT check_version(struct call *c, struct json_object *config)
{
	struct json_object *version = member(config, "SchemaVersion");
	int64_t minor = json_object_get_int64(member(version, "Minor"));

	if (!version)
		return call_fail(c, HCS_E_INVALID_JSON, "SchemaVersion: missing");
	if (json_object_get_int64(member(version, "Major")) != 2 ||
	    minor > c->host->switches.schema_minor)
		return call_fail(c, HCS_E_UNSUPPORTED_PROTOCOL_VERSION,
				 "this host knows schema 2.0 to 2.%" PRId64,
				 c->host->switches.schema_minor);
	return S_OK;
}

static HRESULT check_kind(struct call *c, struct json_object *config)
{
	bool container = member(config, "Container");
	bool machine = member(config, "VirtualMachine");
	bool hosted = member(config, "HostedSystem") || member(config, "HostingSystemId");

	if (container + machine + hosted != 1)
		return call_fail(c, HCS_E_INVALID_JSON,
				 "exactly one of Container, VirtualMachine, HostedSystem");
	if (!container && c->host->switches.hyperv != SWITCH_HYPERV_INSTALLED)
		return call_fail(c, HCS_E_HYPERV_NOT_INSTALLED,
				 "this host runs containers without a machine of their own only");
	return S_OK;
}

static HRESULT check_host_name(struct call *c, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n > NETBIOS_NAME)
		return call_fail(c, E_INVALIDARG, "HostName of %zu characters, at most %d", n,
				 NETBIOS_NAME);
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-')
			return call_fail(c, E_INVALIDARG, "HostName with a '%c'", name[i]);
	return S_OK;
}

static HRESULT check_layer(struct call *c, struct json_object *layer)
{
	const char *id = text(layer, "Id"), *path = text(layer, "Path");
	int64_t build;
	GUID given, own;

	if (!id || !path || !hcs_guid_parse(id, &given))
		return call_fail(c, E_INVALIDARG, "a layer has an Id and a Path");
	if (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "layer %s", path);
	if (!layers_is_imported(path))
		return call_fail(c, HCS_E_INVALID_LAYER, "%s was not imported", path);
	layers_guid(path, &own);
	if (!hcs_guid_equal(&given, &own) &&
	    c->host->switches.layer_ids != SWITCH_LAYER_IDS_IGNORED)
		return call_fail(c, E_INVALIDARG, "layer %s has another id", path);
	build = layers_build(path);
	if (build > c->host->switches.host_build)
		return call_fail(c, HCS_E_IMAGE_MISMATCH,
				 "an image for build %" PRId64 " on a host of build %" PRId64,
				 build, c->host->switches.host_build);
	return S_OK;
}

static HRESULT check_storage(struct call *c, struct json_object *storage)
{
	struct json_object *list = member(storage, "Layers");
	const char *path = text(storage, "Path");
	HRESULT hr;

	if (!path || !list || json_object_array_length(list) == 0)
		return call_fail(c, E_INVALIDARG, "Storage: a Path and Layers are needed");
	if (path[strlen(path) - 1] != '\\')
		return call_fail(c, E_INVALIDARG, "Storage.Path has no '\\' at its end");
	if (!layers_of_volume(c->host->layers, path))
		return call_fail(c, WIN32_PATH_NOT_FOUND, "no prepared layer is at %s", path);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		hr = check_layer(c, json_object_array_get_idx(list, i));
		if (hr < 0)
			return hr;
	}
	return S_OK;
}

static HRESULT check_directories(struct call *c, struct json_object *list)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *from = text(o, "HostPath"), *to = text(o, "ContainerPath");

		if (!from || !to || !*to)
			return call_fail(c, E_INVALIDARG, "a mapped directory has two paths");
		if (fs_exists(AT_FDCWD, from, NULL) != FS_EXISTS)
			return call_fail(c, WIN32_PATH_NOT_FOUND, "mapped directory %s", from);
	}
	return S_OK;
}

static HRESULT check_container(struct call *c, struct json_object *container)
{
	HRESULT hr = check_storage(c, member(container, "Storage"));

	return hr < 0 ? hr : check_directories(c, member(container, "MappedDirectories"));
}

static HRESULT check_names(struct call *c, struct json_object *container)
{
	const char *host_name = text(member(container, "GuestOs"), "HostName");
	const char *namespace = text(member(container, "Networking"), "Namespace");
	HRESULT hr = check_host_name(c, host_name);

	if (hr < 0 || !namespace || !*namespace)
		return hr;
	if (!host_name || !*host_name)
		return call_fail(c, E_INVALIDARG, "a Namespace needs a HostName");
	return hcn_container_check(c, namespace);
}

HRESULT compute_check(struct call *c, struct json_object *config)
{
	struct json_object *container = member(config, "Container");
	struct json_object *hosted = member(config, "HostedSystem");
	HRESULT hr = check_version(c, config);

	hr = hr < 0 ? hr : check_kind(c, config);
	if (hr < 0)
		return hr;
	if (member(config, "VirtualMachine"))
		return machine_check(c, config);
	if (!container) {
		hr = machine_check_hosted(c, config);
		container = member(hosted, "Container");
	} else {
		hr = check_container(c, container);
	}
	return hr < 0 ? hr : check_names(c, container);
}
