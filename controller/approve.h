/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A person's word for a plan of a watched source that waits for it (source_judge.h). */
#include "base/error.h"

struct store;

/**
 * approve_plan() - the plan with that hash may be carried out; a transaction of its own
 *
 * Return: 0; -ERR_NOT_FOUND when none waits under it, with those that do.
 */
int approve_plan(struct store *s, const char *plan, struct error *err);
