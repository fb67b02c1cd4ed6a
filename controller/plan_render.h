/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The two faces of a plan: text for people, JSON for programs. */
#include "base/buf.h"
#include "controller/plan.h"

/** plan_render_text() - one line a change, then the line with the sums; appended to @ret */
void plan_render_text(const struct plan *p, struct buf *ret);

/** plan_render_json() - one document with a `schema` field; appended to @ret with a newline */
void plan_render_json(const struct plan *p, struct buf *ret);

/** plan_render_change() - the one sentence of a change, `+ create web-rep-0: not there` */
const char *plan_render_change(const struct plan_change *c, struct arena *a);
