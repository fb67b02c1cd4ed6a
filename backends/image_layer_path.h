/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Names of members of a layer: from what an archive says to a path below the
 * layer's root, and to what the name means there. Pure.
 */
#include <stddef.h>

#include "base/error.h"
#include "base/limits.h"

enum image_layer_kind {
	IMAGE_LAYER_ROOT,     /* the layer's root itself; path is "" */
	IMAGE_LAYER_MEMBER,   /* a file, directory or link */
	IMAGE_LAYER_WHITEOUT, /* path names what is hidden in the layers below */
	IMAGE_LAYER_OPAQUE,   /* path names the directory (or "") that hides all below it */
	IMAGE_LAYER_SKIP,     /* bookkeeping of an old storage driver */
};

struct image_layer_path {
	enum image_layer_kind kind;
	char path[LIMIT_MEMBER_NAME]; /* relative, no empty, "." or ".." component */
	size_t base;                  /* offset of the last component; 0 when there is one only */
};

/**
 * image_layer_path_parse() - clean a member's name as docker does and sort it
 *
 * A leading slash is dropped, "." and ".." are resolved by their text alone.
 *
 * Return: 0; -ERR_INVALID for a name that leaves the root, is empty, or is no
 *         possible whiteout; -ERR_LIMIT when too long or too deep.
 */
int image_layer_path_parse(const char *member, struct image_layer_path *ret, struct error *err);

/** image_layer_path_target() - the same for the target of a hard link: never a whiteout */
int image_layer_path_target(const char *member, struct image_layer_path *ret, struct error *err);
