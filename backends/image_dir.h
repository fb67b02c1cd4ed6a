/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The image store: a directory in OCI layout with unpacked layers beside it.
 *
 *   oci-layout, index.json       which names there are; index.json is replaced as a whole
 *   blobs/sha256/<hex>           manifests, configs, packed layers
 *   l/<12 hex>/{id,fs/}          unpacked layers; id names the chain (this layer and those below)
 *   l/<12 hex>/{id,fs/,links …}  staged layers of images for Windows (winlayer.h)
 *   leases/<instance id>         "sha256:..." of the image that an instance uses
 *   tmp/<unique>/                work of one living process, which holds a flock on it
 *   lock                         flock: shared to look, exclusive to change what is visible
 *
 * Safe between processes and threads: each call locks for itself, for a short
 * time; unpacking is done without the lock. After a crash what is in tmp/ goes
 * with the next open for writing, and so does what no name or lease needs.
 * A missing directory is an empty store for readers.
 */
#include <stdbool.h>

#include "backends/image_document.h"
#include "base/clean.h"

struct image_dir;

enum image_dir_mode {
	IMAGE_DIR_READ,  /* creates nothing, works on a read-only file system */
	IMAGE_DIR_WRITE, /* makes the directory, cleans up after a crash */
};

/* Positive outcomes of the functions below. */
enum { IMAGE_DIR_ABSENT = 1 };

struct image {
	const char *name;      /* as the user wrote it; NULL when asked for by digest */
	const char *canonical; /* NULL then, too */
	const char *digest;    /* of the manifest */
	int64_t size;          /* bytes: manifest, config and packed layers */
	int64_t imported_us;   /* wall clock; 0 when not known */
	struct image_config config;
	struct image_manifest manifest;
};

/* Where the unpacked layers of an image are: <root>/<names[i]>, bottom to top. The names are short
 * ("0123456789ab/fs"), for overlay options relative to root. Of an image for Windows they are those
 * of whole staged layers ("0123456789ab", see winlayer.h). */
struct image_layers {
	const char *root;
	const char **names;
	size_t n; /* at least 1; layers hidden by an opaque root above them are left out */
};

int image_dir_open(const char *path, enum image_dir_mode mode, struct image_dir **ret,
		   struct error *err);
void image_dir_close(struct image_dir *dir); /* NULL is fine */
CLEAN_DEFINE(image_dir, struct image_dir *, image_dir_close)

/**
 * image_dir_resolve() - the image with that name
 * @reference: in any spelling; with a digest, that digest decides and the tag is not looked at
 *
 * Return: 0; IMAGE_DIR_ABSENT; -ERR_INVALID for a malformed reference;
 *         -ERR_CORRUPT when the store is damaged.
 */
int image_dir_resolve(struct image_dir *dir, const char *reference, struct arena *arena,
		      struct image *ret, struct error *err);

/** image_dir_find() - the image with that manifest digest, named or only leased; as above */
int image_dir_find(struct image_dir *dir, const char *digest, struct arena *arena,
		   struct image *ret, struct error *err);

/** image_dir_list() - all named images, sorted by canonical name */
int image_dir_list(struct image_dir *dir, struct arena *arena, struct image **ret, size_t *ret_n,
		   struct error *err);

/**
 * image_dir_remove() - take a name away, and what nothing else needs then
 *
 * Instances keep what they have leased. Return: 0; IMAGE_DIR_ABSENT.
 */
int image_dir_remove(struct image_dir *dir, const char *reference, struct error *err);

/**
 * image_dir_lease() - keep an image for an instance, named or not, until the lease is dropped
 * @id: [A-Za-z0-9._-]; a lease with the same id is replaced
 *
 * Return: 0; IMAGE_DIR_ABSENT when there is no such image (any more).
 */
int image_dir_lease(struct image_dir *dir, const char *id, const char *digest, struct error *err);

/** image_dir_unlease() - drop a lease; none is success. What it kept goes with the next gc */
int image_dir_unlease(struct image_dir *dir, const char *id, struct error *err);

/** image_dir_leases() - ids of all leases, sorted */
int image_dir_leases(struct image_dir *dir, struct arena *arena, struct image_words *ret,
		     struct error *err);

/**
 * image_dir_layers() - the unpacked layers of an image
 *
 * Return: 0; IMAGE_DIR_ABSENT when the image or one of its layers is not there:
 *         image_dir_stage() makes them, or image_dir_stage_windows().
 */
int image_dir_layers(struct image_dir *dir, const char *digest, struct arena *arena,
		     struct image_layers *ret, struct error *err);
