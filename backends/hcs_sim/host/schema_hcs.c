/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of compute systems and processes, schema 2.x: members and types as in Microsoft's
 * schema reference and in hcsshim's generated structs. Parts that the simulator does nothing with
 * (devices, registry, sockets) are taken as objects and not looked into.
 */
#include "backends/hcs_sim/host/schema_macros.h"

#define U16 65535
#define I32 INT32_MAX
#define U32 UINT32_MAX
#define U53 (INT64_C(1) << 53)

PART(version, { .name = "Major", .type = SCHEMA_NUMBER, .most = INT32_MAX, .must = true },
     NUMBER(Minor, I32))
PART(guest_os, TEXT(HostName))
PART(layer, GUID_(Id), TEXT(Path), WORD(PathType, "AbsolutePath VirtualSmbShareName"),
     WORD(Cache, "Enabled Disabled Private PrivateAllowSharing"))
PART(storage_qos, NUMBER(IopsMaximum, U53), NUMBER(BandwidthMaximum, U53))
PART(storage, LIST(Layers, layer), TEXT(Path), OBJECT(QoS, storage_qos),
     TEXT(PrivilegedContainerRootPath))
PART(networking, BOOL_(AllowUnqualifiedDnsQuery), TEXT(DnsSearchList),
     TEXT(NetworkSharedContainerName), TEXT(Namespace), TEXTS(NetworkAdapters))
PART(mapped_pipe, TEXT(ContainerPipeName), TEXT(HostPath),
     WORD(HostPathType, "AbsolutePath VirtualSmbPipeName"))
PART(device, WORD(Type, "ClassGuid DeviceInstance GpuMirror"), GUID_(InterfaceClassGuid),
     TEXT(LocationPath))

SCHEMA(memory, NUMBER(SizeInMB, U53))
SCHEMA(processor, NUMBER(Count, I32), NUMBER(Maximum, 10000), NUMBER(Weight, 10000))
SCHEMA(mapped_directory, TEXT(HostPath), WORD(HostPathType, "AbsolutePath VirtualSmbShareName"),
       TEXT(ContainerPath), BOOL_(ReadOnly))

PART(container, OBJECT(GuestOs, guest_os), OBJECT(Storage, storage),
     LIST(MappedDirectories, schema_mapped_directory), LIST(MappedPipes, mapped_pipe),
     OBJECT(Memory, schema_memory), OBJECT(Processor, schema_processor),
     OBJECT(Networking, networking), ANY(HvSocket), ANY(ContainerCredentialGuard),
     ANY(RegistryChanges), LIST(AssignedDevices, device), ANY(AdditionalDeviceNamespace),
     WORD(IsolationType, "HostProcess"))

PART(hosted_system, OBJECT(SchemaVersion, version), OBJECT(Container, container))

SCHEMA(compute_system, TEXT(Owner), OBJECT(SchemaVersion, version), TEXT(HostingSystemId),
       OBJECT(HostedSystem, hosted_system), OBJECT(Container, container),
       OBJECT(VirtualMachine, schema_machine), BOOL_(ShouldTerminateOnLastHandleClosed))

SCHEMA(system_query, TEXTS(Ids), TEXTS(Names), WORDS(Types, "Container VirtualMachine"),
       TEXTS(Owners))

#define PROPERTY_TYPES                                                                             \
	"Memory GuestMemory Statistics ProcessList TerminateOnLastHandleClosed "                   \
	"SharedMemoryRegion "                                                                      \
	"ContainerCredentialGuard GuestConnection ICHeartbeatStatus ProcessorTopology CpuGroup "   \
	"SystemGUID"
SCHEMA(property_query, WORDS(PropertyTypes, PROPERTY_TYPES), ANY(Queries))

SCHEMA(service_query,
       WORDS(PropertyTypes, "Basic Memory CpuGroup ProcessorTopology CacheAllocation "
			    "CacheMonitoring ContainerCredentialGuard QoSCapabilities "
			    "MemoryBwAllocation Undefined"),
       ANY(PropertyQueries))

SCHEMA(shutdown_options, WORD(Mechanism, "GuestConnection IntegrationService"),
       WORD(Type, "Shutdown Hibernate Reboot"), BOOL_(Force), TEXT(Reason))

SCHEMA(process_parameters, TEXT(ApplicationName), TEXT(CommandLine), TEXTS(CommandArgs), TEXT(User),
       TEXT(WorkingDirectory), MAP(Environment), BOOL_(RestrictedToken), BOOL_(EmulateConsole),
       BOOL_(CreateStdInPipe), BOOL_(CreateStdOutPipe), BOOL_(CreateStdErrPipe),
       NUMBERS(ConsoleSize, U16), BOOL_(UseExistingLogin), BOOL_(UseLegacyConsole))

PART(console_size, NUMBER(Height, U16), NUMBER(Width, U16))
PART(close_handle, WORD(Handle, "StdIn StdOut StdErr All"))
SCHEMA(process_modify,
       { .name = "Operation",
	 .type = SCHEMA_TEXT,
	 .words = "ConsoleSize CloseHandle",
	 .must = true },
       OBJECT(ConsoleSize, console_size), OBJECT(CloseHandle, close_handle))

SCHEMA(signal_options, WORD(Signal, "CtrlC CtrlBreak CtrlClose CtrlLogOff CtrlShutdown"))

SCHEMA(system_modify, TEXT(ResourcePath), WORD(RequestType, "Add Remove Update"),
       { .name = "Settings", .type = SCHEMA_VALUE }, ANY(GuestRequest))
