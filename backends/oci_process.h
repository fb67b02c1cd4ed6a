/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The `process` part of config.json: what runs, as whom, with which environment. Pure. */
#include "backends/oci_bundle.h"

/** oci_process_build() - the document; the caller owns it. @capabilities: what it gets */
int oci_process_build(const struct oci_bundle *b, uint64_t capabilities, struct arena *a,
		      struct json_object **ret, struct error *err);

/** oci_process_workdir() - where it starts: the service's word, else the image's, else "/" */
const char *oci_process_workdir(const struct oci_bundle *b);

/** oci_process_no_new_privileges() - does security_opt ask for it? */
bool oci_process_no_new_privileges(const struct service *s);

/** oci_process_put_env() - set "K=V" in a JSON list, in place of the K that is there */
void oci_process_put_env(struct json_object *list, const char *pair);
