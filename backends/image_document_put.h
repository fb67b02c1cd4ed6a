/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON documents of images as canonical text: the same value gives the same
 * bytes, so digests are reproducible. Members that are NULL or empty are left out.
 */
#include "backends/image_document.h"
#include "base/buf.h"

#define IMAGE_TYPE_CONFIG   "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_INDEX    "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE_LAYER    "application/vnd.oci.image.layer.v1.tar" /* + "+gzip", "+zstd" */

/* Append the canonical JSON of each: the same value gives the same bytes, hence the digest. */
void image_document_put_config(const struct image_config *config, struct buf *ret);
void image_document_put_manifest(const struct image_manifest *manifest, struct buf *ret);
void image_document_put_index(const struct image_index *index, struct buf *ret);
