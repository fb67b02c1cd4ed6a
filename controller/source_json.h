/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON form of a watched file: path, watched, deployment, digest, problem, waits_for_approval,
 * gone_since.
 */
#include "base/json.h"
#include "store/source_store.h"

/** source_json() - one file; the caller's */
struct json_object *source_json(const struct source_row *row);
