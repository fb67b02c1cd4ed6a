/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What a sweep found and did, and what is remembered of orphans, as documents for programs. */
#include "base/json.h"
#include "controller/sweep.h"

/** sweep_json_document() - tallyman.sweep.v1; the caller's */
struct json_object *sweep_json_document(const struct sweep_result *res);

/** sweep_json_orphans() - tallyman.orphans.v1 out of rows; the caller's */
struct json_object *sweep_json_orphans(const struct orphan *rows, size_t n);
