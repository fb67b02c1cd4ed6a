/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* GUIDs: as text, and derived from a name (UUID version 5), so that one name gives one GUID. */
#include <stdbool.h>

#include "backends/hcs_types.h"

#define HCS_GUID_SIZE 37 /* "01234567-89ab-cdef-0123-456789abcdef" with the NUL */

/** hcs_guid_format() - lower case, without braces; gives @text */
const char *hcs_guid_format(const GUID *id, char text[HCS_GUID_SIZE]);

/** hcs_guid_parse() - any case, with or without braces; false and *ret untouched otherwise */
bool hcs_guid_parse(const char *text, GUID *ret);

/** hcs_guid_equal() - the same GUID */
bool hcs_guid_equal(const GUID *a, const GUID *b);

/** hcs_guid_is_zero() - HCN's "none", as in HostComputeNamespace of an endpoint in no namespace */
bool hcs_guid_is_zero(const GUID *id);

/** hcs_guid_derive() - UUID version 5 (RFC 4122, 4.3) of @n bytes of @name in @space */
void hcs_guid_derive(const GUID *space, const void *name, size_t n, GUID *ret);
