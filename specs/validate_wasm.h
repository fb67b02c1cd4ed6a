/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Upstream's rules for the wasm block of a service. */
#include "specs/validate.h"

/** validate_wasm_service() - a service's block; nothing when it has none */
void validate_wasm_service(const struct validate *v, const struct service *s);
