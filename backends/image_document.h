/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON documents of images (OCI image spec 1.1 and docker's own), read with
 * strict types. Pure: bytes in, values out. image_document_put.h writes them.
 * All that is returned lives in the arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct image_words {
	const char **v;
	size_t n;
};

struct image_pair {
	const char *key, *value;
};

/* Which machine an image is for; NULL where it does not say. */
struct image_platform {
	const char *os, *arch, *os_version, *variant;
};

struct image_config {
	struct image_platform platform; /* os and arch are never NULL */
	const char *created;            /* RFC 3339 as written, or NULL */
	struct image_words entrypoint, cmd, env, ports, volumes;
	const char *workdir, *user, *stop_signal; /* NULL when not said */
	bool args_escaped; /* Windows: the first word is a whole command line already */
	struct image_pair *labels;
	size_t n_labels;
	struct image_words diff_ids; /* bottom to top */
};

struct image_blob {
	const char *media_type; /* NULL when not said */
	const char *digest;     /* checked with image_document_is_digest() */
	int64_t size;           /* bytes */
};

struct image_manifest {
	struct image_blob config;
	struct image_blob *layers; /* bottom to top */
	size_t n_layers;
};

struct image_index_entry {
	struct image_blob blob;         /* a manifest, or an index again */
	struct image_platform platform; /* all NULL when not said */
	const char *ref_name;           /* org.opencontainers.image.ref.name, or NULL */
	const char *full_name;          /* io.containerd.image.name, or NULL */
	const char *written;            /* dev.tallyman.name: as the user wrote it, or NULL */
	int64_t imported_us;            /* dev.tallyman.imported, wall clock; 0 when not said */
};

struct image_index {
	struct image_index_entry *entries;
	size_t n;
};

/* One image of docker's manifest.json; names are members of the archive. */
struct image_docker_entry {
	const char *config;
	struct image_words tags, layers;
};

/** image_document_arch() - this machine's architecture, in the documents' words */
const char *image_document_arch(void);
/** image_document_is_digest() - "sha256:" and 64 lower case hex digits; others are not kept here */
bool image_document_is_digest(const char *s);

/** image_document_is_index() - does @media_type, or the text without one, say index? */
bool image_document_is_index(const char *media_type, const char *text, size_t n);

/* Each: 0; -ERR_INVALID naming the member that is wrong; -ERR_LIMIT for too many layers. */
int image_document_config(const char *text, size_t n, struct arena *arena, struct image_config *ret,
			  struct error *err);
int image_document_manifest(const char *text, size_t n, struct arena *arena,
			    struct image_manifest *ret, struct error *err);
int image_document_index(const char *text, size_t n, struct arena *arena, struct image_index *ret,
			 struct error *err);
int image_document_docker(const char *text, size_t n, struct arena *arena,
			  struct image_docker_entry **ret, size_t *ret_n, struct error *err);
