/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The statements of store/queries/, as a table. The build makes it, and an enum of the same
 * order (Q_NODE_LOAD and so on, in the generated store/queries.h).
 */
#include <stdbool.h>
#include <stddef.h>

struct query {
	const char *name;
	const char *sql;
	const char *const *params;  /* ":name", in the order of their first use */
	const char *const *columns; /* of a row, in order */
	size_t n_params;
	size_t n_columns;
	bool is_prepared; /* false: run once while opening, as it is */
};

extern const struct query queries[];
extern const int n_queries;
