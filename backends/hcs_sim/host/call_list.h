/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * X(function, service, flags): every function the keeper carries out, with its handler
 * on_<function>(). Functions of operations and memory are not here: they are the library's own.
 * What only closes or waits is no point for faults, so that the number of points does not depend on
 * time.
 *
 * Arguments have the same name everywhere: "id" of a system, "guid", "handle", "path" of a layer,
 * "document" for the JSON. Returned values, too: "handle", "document", "data" (how it ended, of
 * what has ended already), "error_record".
 */
#include "backends/hcs_sim/host/calls.h"

#define CALL_LIST_COMPUTE(X)                                                                       \
	X(HcsGetServiceProperties, HCS, CALL_COUNTED)                                              \
	X(HcsEnumerateComputeSystems, HCS, CALL_COUNTED | CALL_ASYNC | CALL_LISTS)                 \
	X(HcsCreateComputeSystem, HCS, CALL_COUNTED | CALL_ASYNC | CALL_OPENS)                     \
	X(HcsOpenComputeSystem, HCS, CALL_COUNTED | CALL_OPENS)                                    \
	X(HcsCloseComputeSystem, HCS, 0)                                                           \
	X(HcsStartComputeSystem, HCS, CALL_COUNTED | CALL_ASYNC)                                   \
	X(HcsShutDownComputeSystem, HCS, CALL_COUNTED | CALL_ASYNC)                                \
	X(HcsTerminateComputeSystem, HCS, CALL_COUNTED | CALL_ASYNC)                               \
	X(HcsGetComputeSystemProperties, HCS, CALL_COUNTED | CALL_ASYNC)                           \
	X(HcsModifyComputeSystem, HCS, CALL_COUNTED | CALL_ASYNC)                                  \
	X(HcsCreateProcess, HCS, CALL_COUNTED | CALL_ASYNC | CALL_OPENS)                           \
	X(HcsOpenProcess, HCS, CALL_COUNTED | CALL_OPENS)                                          \
	X(HcsCloseProcess, HCS, 0)                                                                 \
	X(HcsTerminateProcess, HCS, CALL_COUNTED | CALL_ASYNC)                                     \
	X(HcsSignalProcess, HCS, CALL_COUNTED | CALL_ASYNC)                                        \
	X(HcsGetProcessInfo, HCS, CALL_COUNTED | CALL_ASYNC)                                       \
	X(HcsGetProcessProperties, HCS, CALL_COUNTED | CALL_ASYNC)                                 \
	X(HcsModifyProcess, HCS, CALL_COUNTED | CALL_ASYNC)

#define CALL_LIST_HCN_KIND(X, kind)                                                                \
	X(HcnEnumerate##kind##s, HCN, CALL_COUNTED | CALL_LISTS)                                   \
	X(HcnCreate##kind, HCN, CALL_COUNTED | CALL_OPENS)                                         \
	X(HcnOpen##kind, HCN, CALL_COUNTED | CALL_OPENS)                                           \
	X(HcnModify##kind, HCN, CALL_COUNTED)                                                      \
	X(HcnQuery##kind##Properties, HCN, CALL_COUNTED)                                           \
	X(HcnDelete##kind, HCN, CALL_COUNTED)                                                      \
	X(HcnClose##kind, HCN, 0)

#define CALL_LIST_HCN(X)                                                                           \
	CALL_LIST_HCN_KIND(X, Network)                                                             \
	CALL_LIST_HCN_KIND(X, Namespace)                                                           \
	CALL_LIST_HCN_KIND(X, Endpoint)                                                            \
	X(HcnQueryEndpointStats, HCN, CALL_COUNTED)                                                \
	X(HcnRegisterServiceCallback, HCN, 0)                                                      \
	X(HcnUnregisterServiceCallback, HCN, 0)

#define CALL_LIST_LAYER(X)                                                                         \
	X(ImportLayer, LAYER, CALL_COUNTED)                                                        \
	X(ProcessBaseImage, LAYER, CALL_COUNTED)                                                   \
	X(ProcessUtilityImage, LAYER, CALL_COUNTED)                                                \
	X(CreateSandboxLayer, LAYER, CALL_COUNTED)                                                 \
	X(ExpandSandboxSize, LAYER, CALL_COUNTED)                                                  \
	X(ActivateLayer, LAYER, CALL_COUNTED)                                                      \
	X(DeactivateLayer, LAYER, CALL_COUNTED)                                                    \
	X(PrepareLayer, LAYER, CALL_COUNTED)                                                       \
	X(UnprepareLayer, LAYER, CALL_COUNTED)                                                     \
	X(GetLayerMountPath, LAYER, CALL_COUNTED)                                                  \
	X(DestroyLayer, LAYER, CALL_COUNTED)                                                       \
	X(LayerExists, LAYER, CALL_COUNTED)                                                        \
	X(NameToGuid, LAYER, 0)                                                                    \
	X(GrantVmAccess, LAYER, CALL_COUNTED)

/* Of the tool, not of Windows. */
#define CALL_LIST_TOOL(X)                                                                          \
	X(sim_list, TOOL, 0)                                                                       \
	X(sim_faults, TOOL, 0)                                                                     \
	X(sim_set_faults, TOOL, 0)                                                                 \
	X(sim_count, TOOL, 0)                                                                      \
	X(sim_restart, TOOL, 0)                                                                    \
	X(sim_reboot, TOOL, 0)                                                                     \
	X(sim_down, TOOL, 0)

#define CALL_LIST(X)                                                                               \
	CALL_LIST_COMPUTE(X)                                                                       \
	CALL_LIST_HCN(X)                                                                           \
	CALL_LIST_LAYER(X)                                                                         \
	CALL_LIST_TOOL(X)

/* The handlers; calls.h says what they promise. */
#define X(function, service, flags) HRESULT on_##function(struct call *c);
CALL_LIST(X)
#undef X
