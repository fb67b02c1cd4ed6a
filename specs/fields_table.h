/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The rows behind specs/fields.h. */
#include "specs/fields.h"

/*
 * A row covers its path and all that is below, unless a longer one does. Rows
 * with a value hold only for texts that begin with it, rows with a type only
 * beside that tag word, rows with a `without` only where that sibling is not
 * written; all come before the plain row of the same path.
 */
struct fields_row {
	const char *path;                /* below services.*, or with a leading '/' at the top */
	const char *value;               /* or NULL */
	const char *type;                /* or NULL */
	const char *without;             /* or NULL */
	const char *at_default;          /* warned about when the field is not written; or NULL */
	struct fields_answer on_linux;   /* youki, and wsl2 which is youki behind another door */
	struct fields_answer on_windows; /* hcs */
	bool on_model;                   /* the memory runtime does no more: same as on_linux */
};

extern const struct fields_row fields_table[];
extern const size_t fields_table_n;
