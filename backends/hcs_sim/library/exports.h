/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the library shows: the functions of the interface by their prototypes, and nothing else. */
#include "backends/hcs_api.h"

/* clang-format off */
#define X(library, result, name, params)                                                           \
	result WINAPI name params __attribute__((visibility("default")));
HCS_API_FUNCTIONS(X)
#undef X
/* clang-format on */
