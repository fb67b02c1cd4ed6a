/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The types of specs/spec_service.h. See specs/schema.h. */
#include "specs/schema.h"

extern const struct schema_type schema_service;
extern const struct schema_type schema_service_tallyman;
