/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Docker's default system call filter: what is not listed answers EPERM, clone3
 * ENOSYS so that libraries fall back. Pure; the lists are tables in oci_seccomp_table.c.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum oci_seccomp_op { OCI_SECCOMP_EQ, OCI_SECCOMP_NE, OCI_SECCOMP_MASKED_EQ };

/* Allowed when the container has one of @caps (bits; 0: always) and none of @without. */
struct oci_seccomp_rule {
	const char *names; /* separated by spaces */
	uint64_t caps;
	uint64_t without;
	const char *arch; /* "amd64", "arm64"; NULL: all */
	int err;          /* 0: allow; else the errno it answers */
	int n_args;       /* 0 or 1 */
	unsigned index;
	uint64_t value, value_two;
	enum oci_seccomp_op op;
};

extern const struct oci_seccomp_rule oci_seccomp_table[];
extern const size_t oci_seccomp_table_n;

/** oci_seccomp_build() - `linux.seccomp`; the caller owns it. @arch: "amd64", "arm64" */
struct json_object *oci_seccomp_build(const char *arch, uint64_t capabilities);
