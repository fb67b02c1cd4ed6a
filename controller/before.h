/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Before: what a group's service was when its instances were made, so that a change can be told
 * by field and not only by group of fields. Looks at the last revisions; reads only.
 */
#include "controller/expand.h"
#include "controller/session.h"
#include "store/instance_store.h"

/**
 * before_find() - fill in `before` of each group that has an instance of another config hash
 * @deployment: its name
 * @rows:       the deployment's instances, sorted as observed_sort() does
 * @a:          as long-lived as @groups
 *
 * A group whose instances were made by a revision that is not looked at stays without. A look
 * that fails is no failure: it costs people a word, not the plan.
 */
void before_find(struct session *s, const char *deployment, const struct instance_rows *rows,
		 struct expand_groups *groups, struct arena *a);
