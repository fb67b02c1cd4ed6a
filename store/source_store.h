/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Sources: what each watched file last gave, and what keeps the newest from being taken. An
 * approval is a person's word for one plan that waits.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct store;

struct source_row {
	const char *path;
	const char *watched;    /* the path of the settings through which it is watched */
	const char *deployment; /* NULL: nothing was ever accepted from it */
	const char *digest;     /* SHA-256 of the bytes accepted last, hex; NULL with deployment */
	const char *problem;    /* why what lies there now was not accepted; NULL: it was */
	const char *waits;      /* hash of the plan that waits for approval; NULL: none */
	struct wall gone;       /* since when it is not there; 0: it is */
};

struct source_rows {
	struct source_row *items;
	size_t n;
};

/** source_store_list() - sorted by path */
int source_store_list(struct store *s, struct arena *a, struct source_rows *ret, struct error *err);

/** source_store_save() - insert or replace the row of its path */
int source_store_save(struct store *s, const struct source_row *row, struct error *err);

/** source_store_delete() - forget a path; one that is not known is success */
int source_store_delete(struct store *s, const char *path, struct error *err);

/** source_store_approve() - the plan with that hash may be carried out */
int source_store_approve(struct store *s, const char *plan, struct wall now, struct error *err);

enum { SOURCE_APPROVED = 1 };

/** source_store_approved() - SOURCE_APPROVED (> 0) when a person approved it */
int source_store_approved(struct store *s, const char *plan, struct error *err);

/** source_store_forget_approvals() - whatever waits from now on waits for a new word */
int source_store_forget_approvals(struct store *s, struct error *err);
