/* SPDX-License-Identifier: Apache-2.0 */
/* One writer, whoever asked: a person at the command line or a program through the API. */
#include "controller/outcome.h"

#include <string.h>

#include "controller/document.h"
#include "controller/slot_json.h"

static const char *const words[] = {
	[DRIVER_CONVERGED] = "converged",
	[DRIVER_STUCK] = "partly",
	[DRIVER_TIMED_OUT] = "timed_out",
	[DRIVER_INTERRUPTED] = "interrupted",
};
enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

const char *outcome_end_to_string(enum driver_end end)
{
	return words[end];
}

bool outcome_end_from_string(const char *word, enum driver_end *ret)
{
	for (int i = 0; i < N_WORDS; i++)
		if (strcmp(words[i], word) == 0) {
			*ret = (enum driver_end)i;
			return true;
		}
	return false;
}

static void add_slots(const struct outcome *o, size_t i, struct json_object *slots)
{
	const struct reconciler *r = driver_reconciler(o->driver, i);
	const char *name = driver_deployment(o->driver, i);

	for (size_t k = 0; k < reconcile_count(r); k++) {
		struct reconcile_view v;

		reconcile_view(r, k, &v);
		if (!v.is_other && (!o->is_meant || o->is_meant(o->arg, name, &v)))
			json_object_array_add(slots,
					      slot_json(driver_deployment(o->driver, i), &v));
	}
}

/* What was not seen. A wait that is over says who is waited for. */
static void put_partial(const struct outcome *o, struct json_object *doc)
{
	const char *partial = driver_partial(o->driver), *awaited = driver_awaited(o->driver);
	char text[128];

	if (!partial && awaited && o->end == DRIVER_TIMED_OUT) {
		snprintf(text, sizeof(text), "%s has not answered yet", awaited);
		partial = text;
	}
	json_put_str(doc, "partial", partial);
}

struct json_object *outcome_document(const struct outcome *o)
{
	struct json_object *doc = document_new(o->verb);
	struct json_object *names = json_object_new_array(), *slots = json_object_new_array();

	json_put_str(doc, "outcome", words[o->end]);
	json_put_obj(doc, "plans", json_object_get(o->plans));
	for (size_t i = 0; i < driver_count(o->driver); i++) {
		const char *name = driver_deployment(o->driver, i);

		if (o->is_of && !o->is_of(o->arg, name))
			continue;
		json_object_array_add(names, json_object_new_string(name));
		add_slots(o, i, slots);
	}
	json_put_obj(doc, "deployments", names);
	json_put_obj(doc, "instances", slots);
	put_partial(o, doc);
	json_put_bool(doc, "must_accept", o->must_accept);
	return doc;
}
