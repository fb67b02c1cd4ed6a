/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Libraries by name: the part of hcs_api that each system does in its own way. */
#include <stdbool.h>

#include "base/error.h"

/**
 * hcs_api_library_open() - load one library
 * @name: of the system's own, such as "computecore.dll"
 * @path: the library to take for all of them; NULL: the system's own
 */
int hcs_api_library_open(const char *name, const char *path, void **ret, struct error *err);

/** hcs_api_library_close() - NULL is fine */
void hcs_api_library_close(void *library);

/** hcs_api_library_find() - put the address of a function into @ret; false when it has none */
bool hcs_api_library_find(void *library, const char *function, void *ret);
