/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Results in memory of the documented allocators. Each block knows which it is of: a result that is
 * given back to the other one ends the program, as it might on Windows, only always.
 */
#include "backends/hcs_types.h"

/** memory_local() - UTF-16 of @utf8 for LocalFree; NULL gives NULL */
PWSTR memory_local(const char *utf8);

/** memory_task() - the same for CoTaskMemFree */
PWSTR memory_task(const char *utf8);
