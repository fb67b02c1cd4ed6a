/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes of a deployment file to a checked value: YAML (or JSON, which is YAML)
 * to nodes, nodes to structs, defaults and policies, rules. This is the door
 * through which every deployment comes in.
 */
#include "base/error.h"
#include "specs/findings.h"
#include "specs/spec.h"

struct json_object;

/**
 * parse_deployment() - read a deployment file
 * @bytes:    the file's, @n of them; must live as long as @findings is printed from
 * @arena:    everything of @ret lives here
 * @findings: started by findings_init() with the same arena; gets all errors and warnings,
 *            sorted by place
 *
 * Return: 0 (there may be warnings); -ERR_INVALID with the first error's text.
 */
int parse_deployment(const char *bytes, size_t n, struct arena *arena, struct findings *findings,
		     struct deployment **ret, struct error *err);

/**
 * parse_service_json() - read one service from what render_service_json() made
 * @name: of the service; copied
 *
 * For the shim, which gets services as JSON. No rule is checked that concerns the deployment
 * as a whole; policy is worked out without the deployment's defaults.
 * Return: 0 or -ERR_INVALID.
 */
int parse_service_json(const char *name, struct json_object *json, struct arena *arena,
		       struct service **ret, struct error *err);
