/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* OCI layouts and docker archives for tests, written by hand so that nothing under test helps to
 * write them. All strings are in the arena. Everything that fails ends the test program. */
#include "base/arena.h"
#include "base/buf.h"

struct oci_writer {
	struct arena *arena;
	const char *path; /* the layout's directory */
};

struct oci_layer {
	const void *packed;
	size_t n;
	const char *type;    /* media type after "...layer.v1.tar": "", "+gzip", "+zstd" */
	const char *diff_id; /* "sha256:..." of the tar */
};

/** oci_writer_init() - make the directory with oci-layout and blobs/sha256 */
void oci_writer_init(struct oci_writer *w, struct arena *arena, const char *path);

/** oci_writer_digest() - "sha256:<hex>" of bytes */
const char *oci_writer_digest(struct arena *arena, const void *p, size_t n);

/** oci_writer_blob() - write a blob; its digest */
const char *oci_writer_blob(struct oci_writer *w, const void *p, size_t n);

/** oci_writer_config() - text of a config for @os/amd64 with these layers and Cmd ["/bin/sh"] */
const char *oci_writer_config(struct arena *arena, const char *os, const struct oci_layer *layers,
			      size_t n);

/**
 * oci_writer_image() - blobs of an image
 * @extra: more members of its descriptor, beginning with a comma; or ""
 *
 * Return: the descriptor of its manifest, JSON.
 */
const char *oci_writer_image(struct oci_writer *w, const char *os, const struct oci_layer *layers,
			     size_t n, const char *extra);

/** oci_writer_index() - index.json with descriptors, joined by commas */
void oci_writer_index(struct oci_writer *w, const char *descriptors);

/** oci_writer_file() - a file of the layout, by its path in it */
void oci_writer_file(struct oci_writer *w, const char *path, const void *p, size_t n);

/** oci_writer_tar() - the whole directory as a plain tar */
void oci_writer_tar(struct oci_writer *w, const char *path);
