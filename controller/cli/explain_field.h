/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One field of the deployment format, for explain: its values, and who does what with it. */
#include "controller/cli/command.h"
#include "specs/schema.h"

struct json_object;

/**
 * explain_field_match() - is a walked path at or below what somebody typed?
 * @path:  as schema_walk() gives it: `services.*.storage[].size`
 * @under: keys and numbers may be anything: `services.web.storage[0]`
 *
 * Return: what is left of @path; NULL when it is not.
 */
const char *explain_field_match(const char *path, const char *under);

/** explain_field_print() - all about the field at that path, as text */
void explain_field_print(struct cli *cli, const char *path, const struct schema_field *f);

/** explain_field_json() - the same; the caller's */
struct json_object *explain_field_json(struct cli *cli, const char *path,
				       const struct schema_field *f);
