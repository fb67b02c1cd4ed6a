/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine seen from the host: its document, its devices, its boot. Who may open a disk stands
 * in a file beside the disk, as the real one has it in the disk's descriptor.
 */
#include "backends/hcs_sim/host/machine.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/schema.h"
#include "backends/hcs_sim/host/store.h"
#include "base/fs.h"
#include "base/number.h"

enum { MAX_LUN = 63, MAX_ACCESS = 1 << 16 };

static struct json_object *member(struct json_object *o, const char *name)
{
	return o ? json_object_object_get(o, name) : NULL;
}

static const char *text(struct json_object *o, const char *name)
{
	struct json_object *v = member(o, name);

	return v ? json_object_get_string(v) : NULL;
}

static struct json_object *devices_of(struct json_object *config)
{
	return member(member(config, "VirtualMachine"), "Devices");
}

/* --- the document ----------------------------------------------------------------------- */

struct json_object *machine_shares(const struct sys *s)
{
	return member(member(devices_of(s->config), "VirtualSmb"), "Shares");
}

static const char *find_share(struct json_object *list, const char *name)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (text(o, "Name") && strcmp(text(o, "Name"), name) == 0)
			return text(o, "Path");
	}
	return NULL;
}

const char *machine_share_path(const struct sys *s, const char *name)
{
	return find_share(machine_shares(s), name);
}

/* The attachments of the first controller: no machine here has two. */
static struct json_object *attachments(struct json_object *config)
{
	struct json_object *scsi = member(devices_of(config), "Scsi");

	if (!scsi)
		return NULL;
	json_object_object_foreach (scsi, name, controller) {
		(void)name;
		return member(controller, "Attachments");
	}
	return NULL;
}

const char *machine_disk(const struct sys *s, int64_t lun)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRId64, lun);
	return text(member(attachments(s->config), name), "Path");
}

static HRESULT check_share(struct call *c, struct json_object *list, struct json_object *share)
{
	const char *name = text(share, "Name"), *path = text(share, "Path");

	if (!name || !*name || strpbrk(name, "\\/") || !path)
		return call_fail(c, E_INVALIDARG, "a share has a Name and a Path");
	if (find_share(list, name))
		return call_fail(c, WIN32_ALREADY_EXISTS, "a share %s is there", name);
	if (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_PATH_NOT_FOUND, "share %s: %s", name, path);
	return S_OK;
}

static HRESULT check_disk(struct call *c, const char *lun, struct json_object *disk)
{
	const char *path = text(disk, "Path");
	uint64_t n;

	if (!number_u64(lun, MAX_LUN, &n) || !path)
		return call_fail(c, E_INVALIDARG, "a disk has a number up to %d and a Path",
				 MAX_LUN);
	if (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		return call_fail(c, WIN32_FILE_NOT_FOUND, "disk %s", path);
	return S_OK;
}

HRESULT machine_check(struct call *c, struct json_object *config)
{
	struct json_object *disks = attachments(config);
	struct json_object *shares = member(member(devices_of(config), "VirtualSmb"), "Shares");
	struct json_object *seen CLEAN(json) = json_object_new_array();
	HRESULT hr = S_OK;

	if (!member(member(config, "VirtualMachine"), "GuestConnection"))
		return call_fail(c, E_INVALIDARG, "without a GuestConnection nothing can be asked");
	for (size_t i = 0; hr >= 0 && shares && i < json_object_array_length(shares); i++) {
		struct json_object *share = json_object_array_get_idx(shares, i);

		hr = check_share(c, seen, share);
		json_object_array_add(seen, json_object_get(share));
	}
	if (hr < 0 || !disks)
		return hr;
	json_object_object_foreach (disks, lun, disk) {
		hr = check_disk(c, lun, disk);
		if (hr < 0)
			return hr;
	}
	return S_OK;
}

/* --- disks ------------------------------------------------------------------------------ */

static const char *access_file(const char *path, struct arena *a)
{
	return arena_printf(a, "%s.hcs_sim_access", path);
}

HRESULT machine_grant(struct call *c, const char *id, const char *path)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf list CLEAN(buf) = BUF_INIT(MAX_ACCESS);
	struct error err;

	if (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		return WIN32_FILE_NOT_FOUND;
	(void)fs_read(AT_FDCWD, access_file(path, a), &list, NULL); /* nobody may yet */
	buf_printf(&list, "%s\n", id);
	if (store_write(AT_FDCWD, access_file(path, a), list.data, list.n, &err) < 0)
		return call_fail_error(c, WIN32_DISK_FULL, &err);
	return S_OK;
}

static bool may_open(const char *id, const char *path)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf list CLEAN(buf) = BUF_INIT(MAX_ACCESS);
	size_t n = strlen(id);

	if (fs_read(AT_FDCWD, access_file(path, a), &list, NULL) < 0 || !list.n)
		return false;
	for (const char *at = list.data; (at = strstr(at, id)); at += n)
		if ((at == list.data || at[-1] == '\n') && at[n] == '\n')
			return true;
	return false;
}

static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return path && strncmp(path, above, n) == 0 && (!path[n] || path[n] == '/');
}

static bool has_share_below(const struct sys *s, const char *path)
{
	struct json_object *list = machine_shares(s);

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (is_below(text(json_object_array_get_idx(list, i), "Path"), path))
			return true;
	return false;
}

static bool has_disk_below(const struct sys *s, const char *path)
{
	struct json_object *list = attachments(s->config);

	if (!list)
		return false;
	json_object_object_foreach (list, lun, disk) {
		(void)lun;
		if (is_below(text(disk, "Path"), path))
			return true;
	}
	return false;
}

bool machine_uses(const struct compute *m, const char *path)
{
	for (const struct sys *s = m->systems; s; s = s->next)
		if (s->state == SYS_RUNNING && s->is_machine &&
		    (has_share_below(s, path) || has_disk_below(s, path)))
			return true;
	return false;
}

static HRESULT open_disk(struct call *c, const struct sys *s, const char *path)
{
	const struct sys *other = c->host->compute->systems;

	if (!may_open(s->id, path))
		return call_fail(c, E_ACCESSDENIED, "%s was not given access to %s", s->id, path);
	for (; other; other = other->next)
		if (other != s && other->state == SYS_RUNNING && other->is_machine &&
		    has_disk_below(other, path))
			return call_fail(c, WIN32_SHARING_VIOLATION, "%s is %s's", path, other->id);
	return S_OK;
}

/* --- start ------------------------------------------------------------------------------ */

/* "\EFI\x" of the share of the machine's own files. */
static HRESULT find_boot_file(struct call *c, const struct sys *s)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *chipset = member(member(s->config, "VirtualMachine"), "Chipset");
	struct json_object *boot = member(member(chipset, "Uefi"), "BootThis");
	const char *share = machine_share_path(s, "os"), *path = text(boot, "DevicePath");
	char *file;

	if (!boot || !path || !text(boot, "DeviceType") || !share ||
	    strcmp(text(boot, "DeviceType"), "VmbFs") != 0)
		return call_fail(c, HCS_E_TERMINATED_DURING_START, "it has nothing to boot from");
	file = arena_printf(a, "%s%s", share, path);
	for (char *p = file; *p; p++)
		*p = *p == '\\' ? '/' : *p;
	if (fs_exists(AT_FDCWD, file, NULL) != FS_EXISTS)
		return call_fail(c, HCS_E_TERMINATED_DURING_START, "no %s to boot from", file);
	return S_OK;
}

HRESULT machine_start(struct call *c, const struct sys *s)
{
	struct json_object *disks = attachments(s->config);

	if (disks) {
		json_object_object_foreach (disks, lun, disk) {
			HRESULT hr = open_disk(c, s, text(disk, "Path"));

			(void)lun;
			if (hr < 0)
				return hr;
		}
	}
	return find_boot_file(c, s);
}

/* --- devices ---------------------------------------------------------------------------- */

/* One change: what stands after the resource's path, and its settings. */
struct change {
	struct call *c;
	struct sys *s;
	const char *rest;
	struct json_object *settings;
};

static struct json_object *need_part(struct json_object *o, const char *name, bool is_list)
{
	struct json_object *part = member(o, name);

	if (part)
		return part;
	part = is_list ? json_object_new_array() : json_object_new_object();
	json_put_obj(o, name, part);
	return part;
}

static struct json_object *need_devices(struct sys *s)
{
	return need_part(member(s->config, "VirtualMachine"), "Devices", false);
}

static HRESULT add_share(const struct change *x)
{
	struct json_object *smb = need_part(need_devices(x->s), "VirtualSmb", false);
	struct json_object *list = need_part(smb, "Shares", true);
	HRESULT hr = check_share(x->c, list, x->settings);

	if (hr >= 0)
		json_object_array_add(list, json_object_get(x->settings));
	return hr;
}

/* "<controller>/Attachments/<lun>" */
static HRESULT add_disk(const struct change *x)
{
	struct json_object *scsi = member(devices_of(x->s->config), "Scsi");
	struct arena *a CLEAN(arena) = arena_new();
	size_t n = strcspn(x->rest, "/");
	struct json_object *controller = member(scsi, arena_strndup(a, x->rest, n));
	const char *lun = x->rest + n + strlen("/Attachments/");
	HRESULT hr;

	if (strncmp(x->rest + n, "/Attachments/", strlen("/Attachments/")) != 0 || !controller)
		return call_fail(x->c, WIN32_NOT_FOUND, "no controller %s", x->rest);
	hr = check_disk(x->c, lun, x->settings);
	if (hr >= 0 && member(member(controller, "Attachments"), lun))
		hr = call_fail(x->c, WIN32_ALREADY_EXISTS, "a disk is at %s", lun);
	if (hr >= 0)
		hr = open_disk(x->c, x->s, text(x->settings, "Path"));
	if (hr >= 0)
		json_put_obj(need_part(controller, "Attachments", false), lun,
			     json_object_get(x->settings));
	return hr;
}

static HRESULT add_adapter(const struct change *x)
{
	struct json_object *list = need_part(need_devices(x->s), "NetworkAdapters", false);
	const char *id = text(x->settings, "EndpointId"), *mac = text(x->settings, "MacAddress");
	const struct hcn_object *endpoint = NULL;
	GUID guid;

	if (id && hcs_guid_parse(id, &guid))
		endpoint = hcn_find(x->c->host->hcn, HCN_KIND_ENDPOINT, &guid);
	if (!endpoint)
		return call_fail(x->c, HCN_E_ENDPOINT_NOT_FOUND, "adapter %s", x->rest);
	if (mac && hcn_text(endpoint, "MacAddress") &&
	    strcmp(mac, hcn_text(endpoint, "MacAddress")) != 0)
		return call_fail(x->c, E_INVALIDARG, "the endpoint has another MacAddress");
	if (member(list, x->rest))
		return call_fail(x->c, WIN32_ALREADY_EXISTS, "an adapter %s is there", x->rest);
	json_put_obj(list, x->rest, json_object_get(x->settings));
	return S_OK;
}

static HRESULT add_pipe(const struct change *x)
{
	struct json_object *list = need_part(need_devices(x->s), "MappedPipes", false);

	if (strncmp(x->rest, "\\\\.\\pipe\\", strlen("\\\\.\\pipe\\")) != 0)
		return call_fail(x->c, E_INVALIDARG, "%s is no pipe", x->rest);
	if (member(list, x->rest))
		return call_fail(x->c, WIN32_ALREADY_EXISTS, "%s is there", x->rest);
	json_put_obj(list, x->rest, json_object_new_object());
	return S_OK;
}

static HRESULT set_gpu(const struct change *x)
{
	struct json_object *topology =
		need_part(member(x->s->config, "VirtualMachine"), "ComputeTopology", false);

	json_put_obj(topology, "Gpu", json_object_get(x->settings));
	return S_OK;
}

/* Adding, or for the GPU updating, is all that is imitated; a schema of NULL: without settings. */
static const struct resource {
	const char *path;
	const char *request;
	const struct schema *schema;
	HRESULT (*run)(const struct change *x);
} resources[] = {
	{ "VirtualMachine/Devices/VirtualSmb/Shares", "Add", &schema_vm_share, add_share },
	{ "VirtualMachine/Devices/Scsi/", "Add", &schema_vm_disk, add_disk },
	{ "VirtualMachine/Devices/NetworkAdapters/", "Add", &schema_vm_adapter, add_adapter },
	{ "VirtualMachine/Devices/MappedPipes/", "Add", NULL, add_pipe },
	{ "VirtualMachine/ComputeTopology/Gpu", "Update", &schema_vm_gpu, set_gpu },
};

/* One that ends in '/' is followed by something. */
static const struct resource *find_resource(const char *path, const char **ret_rest)
{
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		size_t n = strlen(resources[i].path);

		if (strncmp(resources[i].path, path, n) != 0 ||
		    (resources[i].path[n - 1] == '/') != (path[n] != '\0'))
			continue;
		*ret_rest = path + n;
		return &resources[i];
	}
	return NULL;
}

static HRESULT change_device(struct change *x, const char *path, const char *request)
{
	const struct resource *r = find_resource(path, &x->rest);

	if (!r || strcmp(r->request, request) != 0)
		return call_fail(x->c, WIN32_NOT_SUPPORTED, "%s of %s", request, path);
	if (r->schema ? !x->settings || !schema_check(r->schema, x->settings, &x->c->why)
		      : x->settings != NULL)
		return HCS_E_INVALID_JSON;
	return r->run(x);
}

HRESULT machine_modify(struct call *c, struct sys *s, struct json_object *doc)
{
	struct json_object *guest = member(doc, "GuestRequest");
	const char *path = text(doc, "ResourcePath"), *request = text(doc, "RequestType");
	struct change x = { .c = c, .s = s, .settings = member(doc, "Settings") };
	HRESULT hr = S_OK;

	if (s->state != SYS_RUNNING)
		return call_fail(c, HCS_E_INVALID_STATE, "%s is %s", s->id, sys_state_to_string(s));
	if (!path && !guest)
		return call_fail(c, HCS_E_INVALID_JSON, "ResourcePath: missing");
	if (path)
		hr = change_device(&x, path, request ? request : "Add");
	return hr < 0 || !guest ? hr : machine_guest_request(c, s, guest);
}
