/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The closed list of rules that are stricter than upstream's (E0900 to E0949):
 * each refuses a file that could not be run as it is meant.
 */
#include "specs/validate.h"

/** validate_strict_deployment() - all of them */
void validate_strict_deployment(const struct validate *v);
