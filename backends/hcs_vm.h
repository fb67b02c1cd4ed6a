/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Documents for the utility VM of a container under hyperv isolation, and the changes that bring
 * layers, scratch and network into it; as runhcs makes them, with the guest connection left to the
 * Host Compute Service. Pure; the caller frees what is returned.
 *
 * In this order: create, start, add the layers' shares, attach and mount the scratch disk, combine
 * the layers, add namespace and adapters, then hcs_document_hosted() for the container itself.
 */
#include "backends/hcs_document.h"

#define HCS_VM_PROCESSORS 2
#define HCS_VM_MEMORY_MB  1024 /* upstream's; pages are given when they are used */

/* The guest's name for what a share called @name holds is HCS_VM_SHARES and the name. */
#define HCS_VM_SHARES "\\\\?\\VMSMB\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\"
#define HCS_VM_PIPES  HCS_VM_SHARES "IPC$\\"

struct hcs_vm {
	const char *boot_files;   /* UtilityVM\Files of the image's base layer, absolute */
	const char *scratch_disk; /* the VM's own writable disk (.vhdx) */
	int64_t processors;       /* 0: HCS_VM_PROCESSORS */
	int64_t memory_mb;        /* 0: HCS_VM_MEMORY_MB */
};

/** hcs_vm_create() - HcsCreateComputeSystem: alive until it is stopped, owned by @owner */
struct json_object *hcs_vm_create(const char *owner, const struct hcs_vm *vm);

/* All below: HcsModifyComputeSystem on the VM. Nothing is taken out again: it goes with the VM. */

/** hcs_vm_share() - a directory of the host the guest may read (and write, unless @readonly) */
struct json_object *hcs_vm_share(const char *name, const char *path, bool readonly);

/** hcs_vm_layer() - the same for an image's layer: whatever its files' descriptors say */
struct json_object *hcs_vm_layer(const char *name, const char *path);

/** hcs_vm_pipe() - a named pipe of the host; the guest finds it at HCS_VM_PIPES and its name */
struct json_object *hcs_vm_pipe(const char *path);

/** hcs_vm_attach() - a disk at @lun (1..63; 0 is the VM's own) */
struct json_object *hcs_vm_attach(unsigned lun, const char *disk);

/** hcs_vm_mount() - what is attached at @lun becomes the guest's directory @path */
struct json_object *hcs_vm_mount(unsigned lun, const char *path);

/** hcs_vm_combine() - layers below the scratch directory @root; all paths are the guest's */
struct json_object *hcs_vm_combine(const char *root, const struct hcs_layer *layers, size_t n);

/** hcs_vm_namespace() - make HCN namespace @ns (its properties, taken) known to the guest */
struct json_object *hcs_vm_namespace(struct json_object *ns);

/** hcs_vm_announce() - first half of an adapter: the guest learns of endpoint @ep (its properties,
 * taken) */
struct json_object *hcs_vm_announce(const char *endpoint, struct json_object *ep);
/** hcs_vm_adapter() - second half: the adapter itself */
struct json_object *hcs_vm_adapter(const char *endpoint, const char *mac);

/** hcs_vm_gpu() - the host's default graphics adapter, shared with the guest */
struct json_object *hcs_vm_gpu(void);
