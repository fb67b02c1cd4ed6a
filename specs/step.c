/* SPDX-License-Identifier: Apache-2.0 */
/* Names of steps. Their JSON form is in step_json.c. */
#include "specs/step.h"

static const char *const names[STEP_N_KINDS] = {
#define X(id, name) [STEP_##id] = name,
	STEP_KINDS(X)
#undef X
};

const char *step_kind_to_string(enum step_kind kind)
{
	return (unsigned)kind < STEP_N_KINDS ? names[kind] : "?";
}
