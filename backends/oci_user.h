/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * `user` and `extra_groups` as numbers. Pure: the texts of the image's /etc/passwd
 * and /etc/group come in. Docker's rules: a number needs no entry; a user's groups are
 * those that list it by name; `user:group` sets the group and takes no others.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "specs/spec_value.h"

struct oci_user {
	uint32_t uid, gid;
	const uint32_t *groups; /* additional */
	size_t n_groups;
	const char *home; /* NULL unknown */
};

struct oci_user_request {
	const char *user;            /* "", "root", "1000", "app:staff", "1:2"; NULL: root */
	const struct strings *extra; /* extra_groups */
	const char *passwd;          /* NULL: the image has none */
	const char *group;
};

/** oci_user_resolve() - -ERR_INVALID naming the user or group that is not there; memory in @a */
int oci_user_resolve(const struct oci_user_request *q, struct arena *a, struct oci_user *ret,
		     struct error *err);
