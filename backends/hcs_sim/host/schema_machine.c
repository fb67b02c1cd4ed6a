/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of virtual machines and of what their guests are asked for: members and types as in
 * hcsshim's generated structs (internal/hcs/schema2) and its guest protocol (internal/protocol).
 */
#include "backends/hcs_sim/host/schema_macros.h"

#define U16 65535
#define I32 INT32_MAX
#define U53 (INT64_C(1) << 53)

/* --- the machine ------------------------------------------------------------------------ */

PART(boot_entry, WORD(DeviceType, "ScsiDrive VmbFs Network File"), TEXT(DevicePath),
     NUMBER(DiskNumber, U16), TEXT(OptionalData), TEXT(VmbFsRootPath))
PART(uefi, BOOL_(EnableDebugger), TEXT(ApplySecureBootTemplate), TEXT(SecureBootTemplateId),
     OBJECT(BootThis, boot_entry), TEXT(Console), BOOL_(StopOnBootFailure))
PART(chipset, OBJECT(Uefi, uefi), BOOL_(IsNumLockDisabled), TEXT(BaseBoardSerialNumber),
     TEXT(ChassisSerialNumber), TEXT(ChassisAssetTag), BOOL_(UseUtc))

PART(vm_memory, NUMBER(SizeInMB, U53), BOOL_(AllowOvercommit), WORD(BackingPageSize, "Small Large"),
     BOOL_(EnableHotHint), BOOL_(EnableColdHint), BOOL_(EnableEpf), BOOL_(EnableDeferredCommit),
     NUMBER(LowMmioGapInMB, U53), NUMBER(HighMmioBaseInMB, U53), NUMBER(HighMmioGapInMB, U53))
PART(vm_processor, NUMBER(Count, I32), NUMBER(Limit, 100000), NUMBER(Weight, 10000),
     BOOL_(ExposeVirtualizationExtensions), BOOL_(EnablePerfmonPmu))
SCHEMA(vm_gpu, WORD(AssignmentMode, "Disabled Default List Mirror"), BOOL_(AllowVendorExtension),
       MAP(AssignmentRequest))
PART(topology, OBJECT(Memory, vm_memory), OBJECT(Processor, vm_processor),
     OBJECT(Gpu, schema_vm_gpu))

SCHEMA(vm_disk,
       { .name = "Type", .type = SCHEMA_TEXT, .words = "VirtualDisk Iso PassThru", .must = true },
       TEXT(Path), BOOL_(IgnoreFlushes), BOOL_(ReadOnly), BOOL_(SupportCompressedVolumes))
PART(scsi, NAMED(Attachments, schema_vm_disk))
PART(share_options, BOOL_(ReadOnly), BOOL_(ShareRead), BOOL_(CacheIo), BOOL_(NoOplocks),
     BOOL_(TakeBackupPrivilege), BOOL_(UseShareRootIdentity), BOOL_(NoDirectmap), BOOL_(NoLocks),
     BOOL_(NoDirnotify), BOOL_(VmSharedMemory), BOOL_(RestrictFileAccess),
     BOOL_(ForceLevelIIOplocks), BOOL_(ReparseBaseLayer), BOOL_(PseudoOplocks), BOOL_(NonCacheIo),
     BOOL_(PseudoDirnotify), BOOL_(SingleFileMapping), BOOL_(SupportCloudFiles))
SCHEMA(vm_share, TEXT(Name), TEXT(Path), TEXT(UserToken), OBJECT(Options, share_options),
       TEXTS(AllowedFiles))
PART(virtual_smb, LIST(Shares, schema_vm_share), NUMBER(DirectFileMappingInMB, U53))
SCHEMA(vm_adapter, GUID_(EndpointId), TEXT(MacAddress), GUID_(InstanceId))
PART(devices, NAMED(Scsi, scsi), OBJECT(VirtualSmb, virtual_smb), ANY(HvSocket),
     NAMED(NetworkAdapters, schema_vm_adapter), ANY(MappedPipes), ANY(ComPorts),
     ANY(GuestCrashReporting))
PART(guest_connection, BOOL_(UseVsock), BOOL_(UseConnectedSuspend))

SCHEMA(machine, BOOL_(StopOnReset), OBJECT(Chipset, chipset), OBJECT(ComputeTopology, topology),
       OBJECT(Devices, devices), OBJECT(GuestConnection, guest_connection), ANY(RegistryChanges),
       ANY(StorageQoS), ANY(RuntimeStateFilePath), ANY(GuestState))

/* --- what its guest is asked for --------------------------------------------------------- */

PART(guest_layer, GUID_(Id), TEXT(Path), WORD(PathType, "AbsolutePath VirtualSmbShareName"),
     WORD(Cache, "Enabled Disabled Private PrivateAllowSharing"))

SCHEMA(guest_request, MUST(ResourceType, SCHEMA_TEXT), MUST(RequestType, SCHEMA_TEXT),
       ANY(Settings))
SCHEMA(guest_disk, MUST(ContainerPath, SCHEMA_TEXT), NUMBER(Lun, 63))
SCHEMA(guest_layers, MUST(ContainerRootPath, SCHEMA_TEXT), LIST(Layers, guest_layer))
SCHEMA(guest_adapter, MUST(AdapterId, SCHEMA_GUID),
       { .name = "RequestType", .type = SCHEMA_TEXT, .words = "PreAdd Add", .must = true },
       ANY(Settings))
