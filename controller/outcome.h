/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Outcome: how something that was asked of the driver ended, as a document: what commands print
 * and the API sends. Members: schema, outcome, plans, deployments, instances (slot_json.h),
 * partial (why not everything could be seen; null), must_accept.
 */
#include "controller/driver.h"

struct outcome {
	const char *verb; /* "apply": names the document */
	enum driver_end end;
	const struct driver *driver;
	bool (*is_of)(void *arg, const char *deployment); /* NULL: all of them */
	/* Is that slot of it? NULL: all of them. */
	bool (*is_meant)(void *arg, const char *deployment, const struct reconcile_view *v);
	void *arg;
	struct json_object *plans; /* an array; borrowed */
	bool must_accept;
};

/** outcome_document() - the caller's */
struct json_object *outcome_document(const struct outcome *o);

/** outcome_end_to_string() - "converged", "partly", "timed_out", "interrupted" */
const char *outcome_end_to_string(enum driver_end end);
/** outcome_end_from_string() - false for another word */
bool outcome_end_from_string(const char *word, enum driver_end *ret);
