/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files of an image store, for the image_* modules only: locks, documents,
 * names of layers. Who may call what is said by the lock it needs.
 */
#include "backends/image_dir.h"
#include "backends/image_tar.h"
#include "base/buf.h"

struct image_dir {
	char *path; /* as given; absolute when opened for writing */
	int fd;     /* -1: the directory is not there (readers only) */
	enum image_dir_mode mode;
};

#define IMAGE_LAYER_NAME 12 /* hex digits: 128 layers fit into a page of overlay options */

/** image_files_lock() - flock the store; released by closing @ret (-1 when there is no store) */
int image_files_lock(struct image_dir *dir, bool exclusive, int *ret, struct error *err);

/** image_files_index() - index.json; empty when there is none */
int image_files_index(struct image_dir *dir, struct arena *arena, struct image_index *ret,
		      struct error *err);

/** image_files_put_index() - replace it, durably; needs the exclusive lock */
int image_files_put_index(struct image_dir *dir, const struct image_index *index,
			  struct error *err);

/**
 * image_files_put() - replace a small file; needs the exclusive lock
 * @durable: sync it, too; otherwise it may be empty after a power cut
 */
int image_files_put(struct image_dir *dir, const char *path, const struct buf *text, bool durable,
		    struct error *err);

/** image_files_blob_path() - "blobs/sha256/<hex>" of a checked digest */
const char *image_files_blob_path(const char *digest, char out[IMAGE_DIGEST_SIZE + 16]);

/** image_files_document() - a JSON blob; the digest is compared. IMAGE_DIR_ABSENT; -ERR_CORRUPT */
int image_files_document(struct image_dir *dir, const char *digest, struct buf *ret,
			 struct error *err);

/** image_files_image() - manifest and config of a digest into @ret; IMAGE_DIR_ABSENT */
int image_files_image(struct image_dir *dir, const char *digest, struct arena *arena,
		      struct image *ret, struct error *err);

/**
 * image_files_chains() - for each diff_id, the digest of it and all below
 *
 * The OCI chain id; for Windows another one, since its layers are unpacked in another way: the same
 * tar may belong to images of both.
 */
const char **image_files_chains(const struct image_config *config, struct arena *arena);

/**
 * image_files_layer() - where the unpacked layer of a chain id is
 * @name: IMAGE_LAYER_NAME digits: of the layer, or the free name it may be given
 *
 * Return: 0; IMAGE_DIR_ABSENT.
 */
int image_files_layer(struct image_dir *dir, const char *chain, char name[IMAGE_LAYER_NAME + 1],
		      struct error *err);

/** image_files_words() - names in a directory of the store without those that begin with a dot,
 * sorted; none when it is not there */
int image_files_words(struct image_dir *dir, const char *path, struct arena *arena,
		      struct image_words *ret, struct error *err);
