/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The migrations this program was built with, numbers 1..n_migrations; made by
 * migrations/embed.cmake. */
#include <stddef.h>

struct migration {
	int version;
	const char *name;
	const char *sha256; /* hex, of the file */
	const char *sql;
};

extern const struct migration migrations[];
extern const size_t n_migrations;
