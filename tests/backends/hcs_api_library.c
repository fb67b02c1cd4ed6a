/* SPDX-License-Identifier: Apache-2.0 */
/* A library for hcs_api_test: all functions by name, or (OLD) without those of processes. Each
 * answers with its place in the list, so that a table that mixes two up is seen. */
#include "backends/hcs_api.h"

/* As functions of no prototype in particular: only their addresses and answers are compared. */
#define X(library, result, name, params) PLACE_##name,
enum { HCS_API_FUNCTIONS(X) };
#undef X

#define X(library, result, name, params)                                                           \
	int name(void);                                                                            \
	int name(void)                                                                             \
	{                                                                                          \
		return PLACE_##name;                                                               \
	}
HCS_API_OPERATIONS(X)
HCS_API_SYSTEMS(X)
#ifndef OLD
HCS_API_PROCESSES(X)
#endif
HCS_API_NETWORK(X)
HCS_API_LAYERS(X)
HCS_API_MEMORY(X)
