/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Files under tests/golden that a test compares with; UPDATE_GOLDEN=1 writes them anew, and then
 * the difference is read by a person. What differs fails the test. */
#include "base/buf.h"
#include "base/json.h"

/** golden_text() - the text is that of tests/golden/@name */
void golden_text(const char *name, const struct buf *have);

/** golden_json() - the document, indented, is that of tests/golden/@name; @take is freed */
void golden_json(const char *name, struct json_object *take);
