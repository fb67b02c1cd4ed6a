/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Unpacking the layers of an image that is in the store. */
#include "backends/image_dir.h"
#include "backends/image_txn.h"

/**
 * image_dir_stage() - make sure that all layers of an image are unpacked
 *
 * Lease the image first, or a removal at the same time may take them away.
 *
 * Return: 0; IMAGE_DIR_ABSENT when there is no such image;
 *         -ERR_CORRUPT when a layer does not have its digest;
 *         -ERR_UNSUPPORTED for an image of another operating system.
 */
int image_dir_stage(struct image_dir *dir, const char *digest, struct error *err);

/**
 * image_dir_stage_windows() - the same for an image for Windows, on whatever this runs on
 *
 * Each layer becomes a staged one (winlayer.h); image_dir_layers() then gives the chain, oldest
 * first. Lease the image first, too.
 */
int image_dir_stage_windows(struct image_dir *dir, const char *digest, struct error *err);

/**
 * image_dir_stage_into() - unpack what is not yet unpacked of a Linux image into a transaction
 *
 * For images of other systems the digests are compared and nothing is unpacked: whoever runs them
 * does that.
 * A layer of another digest or diff_id than the documents say is -ERR_INVALID.
 */
int image_dir_stage_into(struct image_txn *txn, const struct image_manifest *manifest,
			 const struct image_config *config, struct error *err);

/**
 * image_dir_stage_first() - unpack a layer that nothing is said about yet, as the lowest one
 * @digest:   a blob of the transaction
 * @is_linux: otherwise it is only read
 */
int image_dir_stage_first(struct image_txn *txn, const char *digest, bool is_linux,
			  struct image_tar_sums *ret, struct error *err);
