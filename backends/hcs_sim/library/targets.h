/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What handles on systems and on processes have in common. */
#include "backends/hcs_sim/library/connection.h"

/** targets_close() - close the handle; the keeper hears of it by the function @name */
void targets_close(const void *handle, enum object_kind kind, const char *name);

/** targets_wait() - until it has ended, at most @timeout_ms: HCS_E_OPERATION_TIMEOUT */
HRESULT targets_wait(const void *handle, enum object_kind kind, DWORD timeout_ms, PWSTR *result);

/** targets_set_callback() - one a handle; NULL takes it away and waits until it does not run */
HRESULT targets_set_callback(const void *handle, enum object_kind kind, HCS_EVENT_OPTIONS options,
			     const void *context, HCS_EVENT_CALLBACK callback);

/** request_handle() - the handle a request has opened; NULL: none */
void *request_handle(const struct request *r);
