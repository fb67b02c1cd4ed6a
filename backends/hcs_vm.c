/* SPDX-License-Identifier: Apache-2.0 */
/* Member names, paths and values as in microsoft/hcsshim, internal/uvm (create_wcow.go, vsmb.go,
 * combine_layers.go, network.go, pipes.go, scsi/backend.go), read in November 2026. */
#include "backends/hcs_vm.h"

#include <stdio.h>

/* The controller of all Windows utility VMs: UUID v5 of "0" in a namespace of runhcs. */
#define SCSI_CONTROLLER "df6d0690-79e5-55b6-a5ec-c1e2f77f580a"
/* SYSTEM and administrators may bind: the guest's compute agent does. */
#define BIND_DESCRIPTOR "D:P(A;;FA;;;SY)(A;;FA;;;BA)"
#define SHARES_PATH     "VirtualMachine/Devices/VirtualSmb/Shares"
#define MAPPED_MB       1024 /* of the shares' files, directly; runhcs' default */

static struct json_object *object_of(const char *key, struct json_object *value)
{
	struct json_object *o = json_object_new_object();

	json_put_obj(o, key, value);
	return o;
}

static struct json_object *array_of(struct json_object *value)
{
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, value);
	return list;
}

static struct json_object *build_share(const char *name, const char *path, bool readonly,
				       bool is_layer)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Name", name);
	json_put_str(o, "Path", path);
	if (readonly) {
		struct json_object *options = json_object_new_object();

		json_put_bool(options, "ReadOnly", true);
		json_put_bool(options, "ShareRead", true);
		json_put_bool(options, "CacheIo", true);
		json_put_bool(options, "PseudoOplocks", true);
		if (is_layer)
			json_put_bool(options, "TakeBackupPrivilege", true);
		json_put_obj(o, "Options", options);
	}
	return o;
}

static struct json_object *build_disk(const char *path)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Type", "VirtualDisk");
	json_put_str(o, "Path", path);
	return o;
}

static struct json_object *build_devices(const struct hcs_vm *vm)
{
	struct json_object *o = json_object_new_object();
	struct json_object *smb = json_object_new_object();
	struct json_object *disks = object_of("0", build_disk(vm->scratch_disk));

	json_put_obj(o, "Scsi", object_of(SCSI_CONTROLLER, object_of("Attachments", disks)));
	json_put_obj(
		o, "HvSocket",
		object_of("HvSocketConfig", object_of("DefaultBindSecurityDescriptor",
						      json_object_new_string(BIND_DESCRIPTOR))));
	json_put_obj(smb, "Shares", array_of(build_share("os", vm->boot_files, true, true)));
	json_put_i64(smb, "DirectFileMappingInMB", MAPPED_MB);
	json_put_obj(o, "VirtualSmb", smb);
	return o;
}

static struct json_object *build_topology(const struct hcs_vm *vm)
{
	struct json_object *o = json_object_new_object();
	struct json_object *memory = json_object_new_object();

	json_put_i64(memory, "SizeInMB", vm->memory_mb ? vm->memory_mb : HCS_VM_MEMORY_MB);
	json_put_bool(memory, "AllowOvercommit", true);
	json_put_bool(memory, "EnableHotHint", true);
	json_put_obj(o, "Memory", memory);
	json_put_obj(o, "Processor",
		     object_of("Count", json_object_new_int64(vm->processors ? vm->processors
									     : HCS_VM_PROCESSORS)));
	return o;
}

static struct json_object *build_chipset(void)
{
	struct json_object *boot = json_object_new_object();

	json_put_str(boot, "DeviceType", "VmbFs");
	json_put_str(boot, "DevicePath", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	return object_of("Uefi", object_of("BootThis", boot));
}

/* Lets the guest reach SMB shares and have compartments of its own at once. */
static struct json_object *build_registry(void)
{
	struct json_object *value = json_object_new_object();
	struct json_object *key = json_object_new_object();

	json_put_str(key, "Hive", "System");
	json_put_str(key, "Name", "CurrentControlSet\\Services\\gns");
	json_put_obj(value, "Key", key);
	json_put_str(value, "Name", "EnableCompartmentNamespace");
	json_put_str(value, "Type", "DWord");
	json_put_i64(value, "DWordValue", 1);
	return object_of("AddValues", array_of(value));
}

struct json_object *hcs_vm_create(const char *owner, const struct hcs_vm *vm)
{
	struct json_object *o = json_object_new_object();
	struct json_object *m = json_object_new_object();

	json_put_str(o, "Owner", owner);
	hcs_document_put_version(o);
	json_put_bool(o, "ShouldTerminateOnLastHandleClosed", false);
	json_put_bool(m, "StopOnReset", true);
	json_put_obj(m, "Chipset", build_chipset());
	json_put_obj(m, "ComputeTopology", build_topology(vm));
	json_put_obj(m, "Devices", build_devices(vm));
	json_put_obj(m, "GuestConnection", json_object_new_object());
	json_put_obj(m, "RegistryChanges", build_registry());
	json_put_obj(o, "VirtualMachine", m);
	return o;
}

struct json_object *hcs_vm_share(const char *name, const char *path, bool readonly)
{
	return hcs_document_change(SHARES_PATH, HCS_ADD, build_share(name, path, readonly, false));
}

struct json_object *hcs_vm_layer(const char *name, const char *path)
{
	return hcs_document_change(SHARES_PATH, HCS_ADD, build_share(name, path, true, true));
}

struct json_object *hcs_vm_pipe(const char *path)
{
	struct buf resource CLEAN(buf) = BUF_INIT(4096);

	buf_printf(&resource, "VirtualMachine/Devices/MappedPipes/%s", path);
	return hcs_document_change(resource.data, HCS_ADD, NULL);
}

struct json_object *hcs_vm_attach(unsigned lun, const char *disk)
{
	char path[128];

	(void)snprintf(path, sizeof(path),
		       "VirtualMachine/Devices/Scsi/" SCSI_CONTROLLER "/Attachments/%u",
		       lun); /* fits */
	return hcs_document_change(path, HCS_ADD, build_disk(disk));
}

/* What the guest itself shall do. */
static struct json_object *ask_guest(const char *resource, struct json_object *settings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "ResourceType", resource);
	json_put_str(o, "RequestType", hcs_document_change_name(HCS_ADD));
	json_put_obj(o, "Settings", settings);
	return object_of("GuestRequest", o);
}

struct json_object *hcs_vm_mount(unsigned lun, const char *path)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "ContainerPath", path);
	json_put_i64(o, "Lun", lun);
	return ask_guest("MappedVirtualDisk", o);
}

struct json_object *hcs_vm_combine(const char *root, const struct hcs_layer *layers, size_t n)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "ContainerRootPath", root);
	json_put_obj(o, "Layers", hcs_document_layers(layers, n));
	return ask_guest("CombinedLayers", o);
}

struct json_object *hcs_vm_namespace(struct json_object *ns)
{
	return ask_guest("NetworkNamespace", ns);
}

/* An adapter has the id of its endpoint: there is one of each. */
static struct json_object *build_adapter_request(const char *id, const char *request,
						 struct json_object *settings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "AdapterId", id);
	json_put_str(o, "RequestType", request);
	if (settings)
		json_put_obj(o, "Settings", settings);
	return o;
}

struct json_object *hcs_vm_announce(const char *endpoint, struct json_object *ep)
{
	return ask_guest("Network", build_adapter_request(endpoint, "PreAdd", ep));
}

struct json_object *hcs_vm_adapter(const char *endpoint, const char *mac)
{
	struct json_object *o = json_object_new_object();
	struct json_object *guest, *request;
	char path[128];

	(void)snprintf(path, sizeof(path), "VirtualMachine/Devices/NetworkAdapters/%s",
		       endpoint); /* a GUID: fits */
	json_put_str(o, "EndpointId", endpoint);
	if (mac)
		json_put_str(o, "MacAddress", mac);
	o = hcs_document_change(path, HCS_ADD, o);
	guest = ask_guest("Network",
			  build_adapter_request(endpoint, hcs_document_change_name(HCS_ADD), NULL));
	request = json_object_get(json_object_object_get(guest, "GuestRequest"));
	json_object_put(guest);
	json_put_obj(o, "GuestRequest", request);
	return o;
}

struct json_object *hcs_vm_gpu(void)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "AssignmentMode", "Default");
	json_put_bool(o, "AllowVendorExtension", true);
	return hcs_document_change("VirtualMachine/ComputeTopology/Gpu", HCS_UPDATE, o);
}
