/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Image references by upstream's rules: [host[:port]/]path[:tag][@algorithm:hex].
 * Pure. Two spellings of one image have the same canonical form:
 * `busybox` is `docker.io/library/busybox:latest`.
 */
#include "base/arena.h"
#include "base/error.h"

/* All strings live in the arena given to image_ref_parse(). */
struct image_ref {
	const char *registry;   /* "docker.io", "localhost:5000"; never NULL */
	const char *repository; /* "library/busybox"; never NULL, at most 255 bytes */
	const char *tag;        /* NULL only when there is a digest */
	const char *digest;     /* "sha256:<64 hex>", also sha384 and sha512; or NULL */
};

/**
 * image_ref_parse() - read one reference
 * @text:  as written; the whole text must be a reference
 * @arena: the strings of @ret live here
 *
 * The path is lower case (the host need not be), a tag has at most 128 word
 * characters, dots and dashes, a digest has the length of its algorithm.
 * Neither tag nor digest: the tag is "latest".
 *
 * Return: 0; -ERR_INVALID with upstream's words for what is wrong.
 */
int image_ref_parse(const char *text, struct arena *arena, struct image_ref *ret,
		    struct error *err);

/** image_ref_canonical() - registry/repository[:tag][@digest], in @arena */
const char *image_ref_canonical(const struct image_ref *ref, struct arena *arena);
