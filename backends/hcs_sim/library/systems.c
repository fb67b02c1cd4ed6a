/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on compute systems: arguments to the keeper, answers back. */
#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_sim/library/memory.h"
#include "backends/hcs_sim/library/operations.h"
#include "backends/hcs_sim/library/targets.h"

HRESULT HcsGetServiceProperties(PCWSTR query, PWSTR *result)
{
	struct request r CLEAN(request) = REQUEST("HcsGetServiceProperties");
	const char *document = NULL;
	HRESULT hr;

	if (!result)
		return E_INVALIDARG;
	*result = NULL;
	request_text(&r, "document", query);
	hr = request_send(&r);
	if (hr >= 0 && r.value && json_get_str(r.value, "document", &document, NULL) == 0)
		*result = memory_local(document);
	return hr;
}

HRESULT HcsEnumerateComputeSystems(PCWSTR query, HCS_OPERATION operation)
{
	struct request r CLEAN(request) = REQUEST("HcsEnumerateComputeSystems");

	request_text(&r, "document", query);
	return operations_start(&r, operation, HcsOperationTypeEnumerate, NULL);
}

HRESULT HcsCreateComputeSystem(PCWSTR id, PCWSTR configuration, HCS_OPERATION operation,
			       const SECURITY_DESCRIPTOR *descriptor, HCS_SYSTEM *system_handle)
{
	struct request r CLEAN(request) = REQUEST("HcsCreateComputeSystem");
	HRESULT hr;

	(void)descriptor; /* callers pass NULL */
	if (!system_handle)
		return E_INVALIDARG;
	*system_handle = NULL;
	request_text(&r, "id", id);
	request_text(&r, "document", configuration);
	r.opens = OBJECT_SYSTEM;
	hr = operations_start(&r, operation, HcsOperationTypeCreate, NULL);
	*system_handle = (HCS_SYSTEM)request_handle(&r);
	return hr;
}

HRESULT HcsOpenComputeSystem(PCWSTR id, DWORD access, HCS_SYSTEM *system_handle)
{
	struct request r CLEAN(request) = REQUEST("HcsOpenComputeSystem");
	HRESULT hr;

	(void)access; /* the keeper grants all */
	if (!system_handle)
		return E_INVALIDARG;
	*system_handle = NULL;
	request_text(&r, "id", id);
	r.opens = OBJECT_SYSTEM;
	hr = request_send(&r);
	*system_handle = (HCS_SYSTEM)request_handle(&r);
	return hr;
}

void HcsCloseComputeSystem(HCS_SYSTEM system_handle)
{
	targets_close(system_handle, OBJECT_SYSTEM, "HcsCloseComputeSystem");
}

/* A function on a system with an operation and a document. */
static HRESULT on_system(const char *name, HCS_OPERATION_TYPE type, HCS_SYSTEM system_handle,
			 HCS_OPERATION operation, PCWSTR document)
{
	struct request r CLEAN(request) = REQUEST(name);

	request_on(&r, system_handle, OBJECT_SYSTEM);
	request_text(&r, "document", document);
	return operations_start(&r, operation, type, NULL);
}

HRESULT HcsStartComputeSystem(HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options)
{
	return on_system("HcsStartComputeSystem", HcsOperationTypeStart, system_handle, operation,
			 options);
}

HRESULT HcsShutDownComputeSystem(HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options)
{
	return on_system("HcsShutDownComputeSystem", HcsOperationTypeShutdown, system_handle,
			 operation, options);
}

HRESULT HcsTerminateComputeSystem(HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR options)
{
	return on_system("HcsTerminateComputeSystem", HcsOperationTypeTerminate, system_handle,
			 operation, options);
}

HRESULT HcsGetComputeSystemProperties(HCS_SYSTEM system_handle, HCS_OPERATION operation,
				      PCWSTR query)
{
	return on_system("HcsGetComputeSystemProperties", HcsOperationTypeGetProperties,
			 system_handle, operation, query);
}

HRESULT HcsModifyComputeSystem(HCS_SYSTEM system_handle, HCS_OPERATION operation, PCWSTR settings,
			       HANDLE identity)
{
	(void)identity; /* callers pass NULL */
	return on_system("HcsModifyComputeSystem", HcsOperationTypeModify, system_handle, operation,
			 settings);
}

HRESULT HcsWaitForComputeSystemExit(HCS_SYSTEM system_handle, DWORD timeout_ms, PWSTR *result)
{
	return targets_wait(system_handle, OBJECT_SYSTEM, timeout_ms, result);
}

HRESULT HcsSetComputeSystemCallback(HCS_SYSTEM system_handle, HCS_EVENT_OPTIONS options,
				    const void *context, HCS_EVENT_CALLBACK callback)
{
	return targets_set_callback(system_handle, OBJECT_SYSTEM, options, context, callback);
}
