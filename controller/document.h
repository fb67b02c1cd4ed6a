/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Documents: JSON for other programs, whoever prints or sends it. */
#include "base/json.h"

/** document_new() - with `schema`: "tallyman.<what>.v1" as its first member; the caller's */
struct json_object *document_new(const char *what);
