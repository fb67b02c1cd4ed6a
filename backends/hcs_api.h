/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The Host Compute Service as one table of functions: compute systems and their processes
 * (computecore.dll), networks (computenetwork.dll), layers (vmcompute.dll). On Windows it is filled
 * from system32, elsewhere from a shared library with the same interface, such as libhcs_sim.so.
 *
 * Which memory is whose: a PWSTR result of an Hcs function goes back with LocalFree, one of an Hcn
 * function with CoTaskMemFree; both take NULL. A result is NULL where there is none, also after a
 * failure, so it is always looked at and freed. Documents are UTF-16 JSON (hcs_text.h); "no
 * document" is NULL, an empty string is refused.
 *
 * Two channels for errors: the HRESULT of an Hcs function that takes an operation says only whether
 * the work could be begun; if not, the operation stays unused. How it ended is the HRESULT of
 * HcsWaitForOperationResult, whose document then says why. A wait that times out leaves the
 * operation running, and nothing cancels it: keep its handles open and look at the world again.
 * One operation serves one call. Hcn and layer functions are synchronous.
 *
 * HRESULTs come in two spellings: compare by hcs_result.h only. Every function may be called from
 * any thread; a handle is closed after the last call on it has returned.
 */
#include "backends/hcs_types.h"
#include "base/clean.h"
#include "base/error.h"

/* X(library, result, name, parameters). Names and prototypes are the documented ones. */
#define HCS_API_OPERATIONS(X)                                                                      \
	X(COMPUTECORE, HCS_OPERATION, HcsCreateOperation,                                          \
	  (const void *context, HCS_OPERATION_COMPLETION callback))                                \
	X(COMPUTECORE, void, HcsCloseOperation, (HCS_OPERATION operation))                         \
	X(COMPUTECORE, void *, HcsGetOperationContext, (HCS_OPERATION operation))                  \
	X(COMPUTECORE, HCS_OPERATION_TYPE, HcsGetOperationType, (HCS_OPERATION operation))         \
	X(COMPUTECORE, UINT64, HcsGetOperationId, (HCS_OPERATION operation))                       \
	/* These two never block: HCS_E_OPERATION_PENDING while it runs. */                        \
	X(COMPUTECORE, HRESULT, HcsGetOperationResult, (HCS_OPERATION operation, PWSTR * result))  \
	X(COMPUTECORE, HRESULT, HcsGetOperationResultAndProcessInfo,                               \
	  (HCS_OPERATION operation, HCS_PROCESS_INFORMATION * info, PWSTR * result))               \
	/* HCS_E_OPERATION_TIMEOUT: it goes on. */                                                 \
	X(COMPUTECORE, HRESULT, HcsWaitForOperationResult,                                         \
	  (HCS_OPERATION operation, DWORD timeout_ms, PWSTR * result))                             \
	X(COMPUTECORE, HRESULT, HcsWaitForOperationResultAndProcessInfo,                           \
	  (HCS_OPERATION operation, DWORD timeout_ms, HCS_PROCESS_INFORMATION * info,              \
	   PWSTR * result))                                                                        \
	X(COMPUTECORE, HRESULT, HcsSetOperationCallback,                                           \
	  (HCS_OPERATION operation, const void *context, HCS_OPERATION_COMPLETION callback))       \
	/* Documented to answer E_NOTIMPL. */                                                      \
	X(COMPUTECORE, HRESULT, HcsCancelOperation, (HCS_OPERATION operation))

#define HCS_API_SYSTEMS(X)                                                                         \
	X(COMPUTECORE, HRESULT, HcsGetServiceProperties, (PCWSTR query, PWSTR * result))           \
	X(COMPUTECORE, HRESULT, HcsEnumerateComputeSystems,                                        \
	  (PCWSTR query, HCS_OPERATION operation))                                                 \
	/* The handle may be set although the operation fails later: close it then, too. */        \
	X(COMPUTECORE, HRESULT, HcsCreateComputeSystem,                                            \
	  (PCWSTR id, PCWSTR configuration, HCS_OPERATION operation,                               \
	   const SECURITY_DESCRIPTOR *descriptor, HCS_SYSTEM *system_handle))                      \
	X(COMPUTECORE, HRESULT, HcsOpenComputeSystem,                                              \
	  (PCWSTR id, DWORD access, HCS_SYSTEM * system_handle))                                   \
	X(COMPUTECORE, void, HcsCloseComputeSystem, (HCS_SYSTEM system_handle))                    \
	X(COMPUTECORE, HRESULT, HcsStartComputeSystem,                                             \
	  (HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options))                     \
	X(COMPUTECORE, HRESULT, HcsShutDownComputeSystem,                                          \
	  (HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options))                     \
	X(COMPUTECORE, HRESULT, HcsTerminateComputeSystem,                                         \
	  (HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options))                     \
	X(COMPUTECORE, HRESULT, HcsGetComputeSystemProperties,                                     \
	  (HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR query))                       \
	X(COMPUTECORE, HRESULT, HcsModifyComputeSystem,                                            \
	  (HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR settings, HANDLE identity))   \
	/* Blocks, without an operation. HCS_E_OPERATION_TIMEOUT. */                               \
	X(COMPUTECORE, HRESULT, HcsWaitForComputeSystemExit,                                       \
	  (HCS_SYSTEM system_handle, DWORD timeout_ms, PWSTR * result))                            \
	/* One a handle; NULL takes it away again. */                                              \
	X(COMPUTECORE, HRESULT, HcsSetComputeSystemCallback,                                       \
	  (HCS_SYSTEM system_handle, HCS_EVENT_OPTIONS options, const void *context,               \
	   HCS_EVENT_CALLBACK callback))

#define HCS_API_PROCESSES(X)                                                                       \
	/* Its pipes come with HcsWaitForOperationResultAndProcessInfo on this operation. */       \
	X(COMPUTECORE, HRESULT, HcsCreateProcess,                                                  \
	  (HCS_SYSTEM system_handle, PCWSTR parameters, HCS_OPERATION operation,                   \
	   const SECURITY_DESCRIPTOR *descriptor, HCS_PROCESS *process))                           \
	X(COMPUTECORE, HRESULT, HcsOpenProcess,                                                    \
	  (HCS_SYSTEM system_handle, DWORD pid, DWORD access, HCS_PROCESS * process))              \
	X(COMPUTECORE, void, HcsCloseProcess, (HCS_PROCESS process))                               \
	X(COMPUTECORE, HRESULT, HcsTerminateProcess,                                               \
	  (HCS_PROCESS process, HCS_OPERATION operation, PCWSTR options))                          \
	X(COMPUTECORE, HRESULT, HcsSignalProcess,                                                  \
	  (HCS_PROCESS process, HCS_OPERATION operation, PCWSTR options))                          \
	X(COMPUTECORE, HRESULT, HcsGetProcessInfo, (HCS_PROCESS process, HCS_OPERATION operation)) \
	X(COMPUTECORE, HRESULT, HcsGetProcessProperties,                                           \
	  (HCS_PROCESS process, HCS_OPERATION operation, PCWSTR query))                            \
	X(COMPUTECORE, HRESULT, HcsModifyProcess,                                                  \
	  (HCS_PROCESS process, HCS_OPERATION operation, PCWSTR settings))                         \
	X(COMPUTECORE, HRESULT, HcsWaitForProcessExit,                                             \
	  (HCS_PROCESS process, DWORD timeout_ms, PWSTR * result))                                 \
	X(COMPUTECORE, HRESULT, HcsSetProcessCallback,                                             \
	  (HCS_PROCESS process, HCS_EVENT_OPTIONS options, void *context,                          \
	   HCS_EVENT_CALLBACK callback))

/* Enumerate answers an array of GUIDs and nothing else; Delete goes by id and needs no handle. */
#define HCS_API_HCN_KIND(X, kind, handle)                                                          \
	X(COMPUTENETWORK, HRESULT, HcnEnumerate##kind##s,                                          \
	  (PCWSTR query, PWSTR * ids, PWSTR * error_record))                                       \
	X(COMPUTENETWORK, HRESULT, HcnOpen##kind,                                                  \
	  (REFGUID id, handle * ret, PWSTR * error_record))                                        \
	X(COMPUTENETWORK, HRESULT, HcnModify##kind,                                                \
	  (handle object, PCWSTR settings, PWSTR * error_record))                                  \
	X(COMPUTENETWORK, HRESULT, HcnQuery##kind##Properties,                                     \
	  (handle object, PCWSTR query, PWSTR * properties, PWSTR * error_record))                 \
	X(COMPUTENETWORK, HRESULT, HcnDelete##kind, (REFGUID id, PWSTR * error_record))            \
	X(COMPUTENETWORK, HRESULT, HcnClose##kind, (handle object))

#define HCS_API_NETWORK(X)                                                                         \
	HCS_API_HCN_KIND(X, Network, HCN_NETWORK)                                                  \
	HCS_API_HCN_KIND(X, Namespace, HCN_NAMESPACE)                                              \
	HCS_API_HCN_KIND(X, Endpoint, HCN_ENDPOINT)                                                \
	X(COMPUTENETWORK, HRESULT, HcnCreateNetwork,                                               \
	  (REFGUID id, PCWSTR settings, HCN_NETWORK * ret, PWSTR * error_record))                  \
	/* A HostDefault namespace is one per host: @id is ignored, what is there is returned. */  \
	X(COMPUTENETWORK, HRESULT, HcnCreateNamespace,                                             \
	  (REFGUID id, PCWSTR settings, HCN_NAMESPACE * ret, PWSTR * error_record))                \
	X(COMPUTENETWORK, HRESULT, HcnCreateEndpoint,                                              \
	  (HCN_NETWORK network, REFGUID id, PCWSTR settings, HCN_ENDPOINT * ret,                   \
	   PWSTR * error_record))                                                                  \
	X(COMPUTENETWORK, HRESULT, HcnQueryEndpointStats,                                          \
	  (HCN_ENDPOINT endpoint, PCWSTR query, PWSTR * stats, PWSTR * error_record))              \
	X(COMPUTENETWORK, HRESULT, HcnRegisterServiceCallback,                                     \
	  (HCN_NOTIFICATION_CALLBACK callback, void *context, HCN_CALLBACK *ret))                  \
	X(COMPUTENETWORK, HRESULT, HcnUnregisterServiceCallback, (HCN_CALLBACK callback))

/* @id of a layer is the absolute path of its directory, DRIVER_INFO's HomeDir being "". */
#define HCS_API_LAYERS(X)                                                                          \
	X(VMCOMPUTE, HRESULT, ImportLayer,                                                         \
	  (const DRIVER_INFO *info, PCWSTR id, PCWSTR source, const WC_LAYER_DESCRIPTOR *parents,  \
	   ULONG n_parents))                                                                       \
	X(VMCOMPUTE, HRESULT, ProcessBaseImage, (PCWSTR path))                                     \
	X(VMCOMPUTE, HRESULT, ProcessUtilityImage, (PCWSTR path))                                  \
	X(VMCOMPUTE, HRESULT, CreateSandboxLayer,                                                  \
	  (const DRIVER_INFO *info, PCWSTR id, ULONG_PTR parent /* 0 */,                           \
	   const WC_LAYER_DESCRIPTOR *parents, ULONG n_parents))                                   \
	X(VMCOMPUTE, HRESULT, ExpandSandboxSize,                                                   \
	  (const DRIVER_INFO *info, PCWSTR id, UINT64 size_bytes))                                 \
	X(VMCOMPUTE, HRESULT, ActivateLayer, (const DRIVER_INFO *info, PCWSTR id))                 \
	X(VMCOMPUTE, HRESULT, DeactivateLayer, (const DRIVER_INFO *info, PCWSTR id))               \
	X(VMCOMPUTE, HRESULT, PrepareLayer,                                                        \
	  (const DRIVER_INFO *info, PCWSTR id, const WC_LAYER_DESCRIPTOR *parents,                 \
	   ULONG n_parents))                                                                       \
	X(VMCOMPUTE, HRESULT, UnprepareLayer, (const DRIVER_INFO *info, PCWSTR id))                \
	/* *n counts WCHARs with the NUL; a NULL buffer asks for it. */                            \
	X(VMCOMPUTE, HRESULT, GetLayerMountPath,                                                   \
	  (const DRIVER_INFO *info, PCWSTR id, SIZE_T *n, PWSTR buffer))                           \
	/* Deletes whatever the path names, with all rights: prove that it is ours first. */       \
	X(VMCOMPUTE, HRESULT, DestroyLayer, (const DRIVER_INFO *info, PCWSTR id))                  \
	X(VMCOMPUTE, HRESULT, LayerExists, (const DRIVER_INFO *info, PCWSTR id, ULONG *ret))       \
	X(VMCOMPUTE, HRESULT, NameToGuid, (PCWSTR name, GUID * ret))                               \
	/* For a virtual machine (hyperv isolation) only. */                                       \
	X(VMCOMPUTE, HRESULT, GrantVmAccess, (PCWSTR vm, PCWSTR path))

#define HCS_API_MEMORY(X)                                                                          \
	X(KERNEL32, void *, LocalFree, (void *p))                                                  \
	X(OLE32, void, CoTaskMemFree, (void *p))

#define HCS_API_FUNCTIONS(X)                                                                       \
	HCS_API_OPERATIONS(X)                                                                      \
	HCS_API_SYSTEMS(X)                                                                         \
	HCS_API_PROCESSES(X)                                                                       \
	HCS_API_NETWORK(X)                                                                         \
	HCS_API_LAYERS(X)                                                                          \
	HCS_API_MEMORY(X)

enum { HCS_API_MAX_LIBRARIES = 5 };

/* All set, none NULL: api->HcsOpenComputeSystem(id, GENERIC_ALL, &system_handle). */
struct hcs_api {
#define X(library, result, name, params) result(WINAPI *name) params;
	HCS_API_FUNCTIONS(X)
#undef X
	void *libraries[HCS_API_MAX_LIBRARIES]; /* hcs_api.c's */
};

/**
 * hcs_api_open() - load the library or libraries and fill the table
 * @library: path of a shared library that has all functions (`hcs.library` of the settings); NULL:
 *           the system's own, which there is on Windows only
 *
 * Return: 0; -ERR_UNAVAILABLE when a library or a function is not there, naming the first three
 *         that are missing and how many more; -ERR_UNSUPPORTED when Windows is given a @library.
 */
int hcs_api_open(const char *library, struct hcs_api **ret, struct error *err);

/** hcs_api_close() - no call may be in flight and no handle open; NULL is fine */
void hcs_api_close(struct hcs_api *api);
CLEAN_DEFINE(hcs_api, struct hcs_api *, hcs_api_close)

#ifndef _WIN32
/** hcs_api_fd() - the descriptor a pipe's HANDLE stands for; -1 for NULL. It is never 0 */
static inline int hcs_api_fd(HANDLE pipe)
{
	return pipe ? (int)(intptr_t)pipe : -1;
}
#endif
