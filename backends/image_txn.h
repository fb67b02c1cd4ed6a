/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is about to enter an image store: blobs and layers in a directory of
 * their own below tmp/, which becomes visible by renames, and is removed when
 * the transaction is freed or, after a crash, at the next open for writing.
 */
#include "backends/image_files.h"

struct image_txn_layer {
	const char *chain; /* chain id; set by whoever fills the layer */
	const char *path;  /* relative to the store: "tmp/<unique>/l<n>", holds fs/ */
};

struct image_txn {
	struct image_dir *dir;
	struct arena *arena;
	char *path;               /* relative to the store: "tmp/<unique>" */
	int fd;                   /* of that directory, with a flock that says: in use */
	struct image_words blobs; /* digests; the files are called by their hex digits */
	struct image_txn_layer *layers;
	size_t n_layers;
};

int image_txn_begin(struct image_dir *dir, struct image_txn **ret, struct error *err);
void image_txn_free(struct image_txn *txn); /* NULL is fine; removes what was not published */
CLEAN_DEFINE(image_txn, struct image_txn *, image_txn_free)

/**
 * image_txn_copy() - all bytes of @fd as a blob
 * @max: more than that is -ERR_LIMIT
 * @ret: digest and size; media_type is not touched
 */
int image_txn_copy(struct image_txn *txn, int fd, int64_t max, struct image_blob *ret,
		   struct error *err);

/** image_txn_put() - a document as a blob */
int image_txn_put(struct image_txn *txn, const struct buf *text, struct image_blob *ret,
		  struct error *err);

/** image_txn_open() - a blob of the transaction, else of the store; IMAGE_DIR_ABSENT */
int image_txn_open(struct image_txn *txn, const char *digest, int *ret, struct error *err);

/** image_txn_add_layer() - an empty directory for a layer: fill <path>/fs and set the chain */
int image_txn_add_layer(struct image_txn *txn, struct image_txn_layer **ret, struct error *err);

/** image_txn_sync() - all that was written is on the disk */
int image_txn_sync(struct image_txn *txn, struct error *err);

/** image_txn_publish() - move blobs and layers to their places; needs the exclusive lock and a
 * sync before. What is there already stays (layers) or is replaced by the same (blobs) */
int image_txn_publish(struct image_txn *txn, struct error *err);
