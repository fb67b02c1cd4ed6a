/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Image references in canonical spelling, and what each was resolved to. */
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct store;

struct image_row {
	const char *reference;  /* canonical: registry/repository:tag or @digest */
	const char *digest;     /* of the manifest, `sha256:…` */
	const char *os;         /* "linux", "windows" */
	const char *arch;       /* "amd64" */
	const char *os_version; /* Windows build; "" when the image names none */
	struct wall resolved;
};

struct image_rows {
	struct image_row *items;
	size_t n;
};

enum { IMAGE_ABSENT = 1 };

/** image_store_save() - insert, or move the reference to another digest */
int image_store_save(struct store *s, const struct image_row *row, struct error *err);

/** image_store_find() - IMAGE_ABSENT (> 0) when the reference was never resolved */
int image_store_find(struct store *s, const char *reference, struct arena *a, struct image_row *ret,
		     struct error *err);

/** image_store_find_digest() - the reference that was resolved to @digest last; IMAGE_ABSENT */
int image_store_find_digest(struct store *s, const char *digest, struct arena *a,
			    struct image_row *ret, struct error *err);

/** image_store_list() - sorted by reference */
int image_store_list(struct store *s, struct arena *a, struct image_rows *ret, struct error *err);

/** image_store_delete() - forget a reference; one that is gone is success */
int image_store_delete(struct store *s, const char *reference, struct error *err);
