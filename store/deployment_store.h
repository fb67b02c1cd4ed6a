/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Deployments and their revisions. Names are found whatever their case and given back as they
 * were first written. Strings of rows live in the caller's arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct store;

/* What is wanted of a deployment at all. */
enum deployment_wish {
	DEPLOYMENT_PRESENT, /* what its current revision says */
	DEPLOYMENT_NOTHING, /* `down`: no daemon and no reboot brings it back */
};

struct deployment_row {
	const char *name;
	int64_t revision; /* the current one; 0: none (known from its instances only) */
	enum deployment_wish wish;
	bool wish_by_person; /* a person asked for it, not a source */
	struct wall wish_at;
	const char *settings; /* canonical JSON object */
};

struct deployment_rows {
	struct deployment_row *items;
	size_t n;
};

/* One accepted file. */
struct revision_row {
	int64_t number;     /* 1.. within the deployment; the store gives it */
	const char *digest; /* SHA-256 of the bytes, hex; the store makes it */
	const char *bytes;  /* exactly as read; a NUL follows. NULL in a history */
	size_t n_bytes;
	const char
		*env; /* values of `$E:` read with it: canonical JSON object. NULL in a history */
	const char *source; /* where from: a path, an URL */
	const char *author;
	struct wall created;
};

struct revision_rows {
	struct revision_row *items;
	size_t n;
};

#define DEPLOYMENT_REVISIONS_KEPT 100 /* of one deployment: its history; each may be 4 MiB */

enum { DEPLOYMENT_UNCHANGED = 1, DEPLOYMENT_ABSENT = 1 };

/**
 * deployment_store_put() - a revision that shall hold from now on; makes the deployment
 * @rev:        bytes, n_bytes, env, source, author, created count
 * @by_person:  a person asked; the wish becomes DEPLOYMENT_PRESENT
 * @ret_number: of the new revision, or of the current one when nothing changed
 *
 * Return: 0; DEPLOYMENT_UNCHANGED (> 0) when the current revision has these bytes and values;
 *         -ERR_EXISTS: a deployment whose name differs only in case is there.
 */
int deployment_store_put(struct store *s, const char *name, const struct revision_row *rev,
			 bool by_person, int64_t *ret_number, struct error *err);

/** deployment_store_ensure() - make the deployment without a revision, when its name is new */
int deployment_store_ensure(struct store *s, const char *name, struct wall now, struct error *err);

/** deployment_store_find() - DEPLOYMENT_ABSENT (> 0) when the name was never seen */
int deployment_store_find(struct store *s, const char *name, struct arena *a,
			  struct deployment_row *ret, struct error *err);

/** deployment_store_list() - all of them, sorted by name */
int deployment_store_list(struct store *s, struct arena *a, struct deployment_rows *ret,
			  struct error *err);

/** deployment_store_revision() - with its bytes; @number 0: the current one. DEPLOYMENT_ABSENT */
int deployment_store_revision(struct store *s, const char *name, int64_t number, struct arena *a,
			      struct revision_row *ret, struct error *err);

/** deployment_store_history() - newest first, without bytes and env */
int deployment_store_history(struct store *s, const char *name, struct arena *a,
			     struct revision_rows *ret, struct error *err);

/** deployment_store_wish() - -ERR_NOT_FOUND when the name was never seen */
int deployment_store_wish(struct store *s, const char *name, enum deployment_wish wish,
			  bool by_person, struct wall now, struct error *err);

/** deployment_store_settings() - replace the settings, a canonical JSON object */
int deployment_store_settings(struct store *s, const char *name, const char *json,
			      struct error *err);
