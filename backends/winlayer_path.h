/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Names of members of a Windows layer: from what an archive says to a path that Windows can have,
 * and to what it means there. Pure. Other than on Linux nothing is made fit: a name that leaves its
 * directory, or that Windows would take for another one or for a device, is refused.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

/* What the layer's folder has beside each name of a directory. */
#define WINLAYER_DIRECTORY_MARK ".$wcidirs$"

enum winlayer_area {
	WINLAYER_FILES, /* Files and all below: what the container sees */
	WINLAYER_HIVES, /* Hives and the files in it: changes to the registry */
	WINLAYER_UVM,   /* UtilityVM, UtilityVM/Files and all below: what a utility VM boots from */
};

enum winlayer_what {
	WINLAYER_MEMBER,
	WINLAYER_WHITEOUT, /* path names what is deleted from the layers below */
	WINLAYER_STREAM,   /* another stream of the file at path, which must come right before it */
	WINLAYER_SKIP,     /* bookkeeping that is made anew */
};

struct winlayer_path {
	enum winlayer_area area;
	enum winlayer_what what;
	char path[LIMIT_MEMBER_NAME]; /* "Files/Windows/x", clean */
	size_t base;                  /* offset of its last component */
	char stream[256 * 3 + 1];     /* WINLAYER_STREAM: its name, without colons */
};

/**
 * winlayer_path_parse() - clean a member's name and sort it
 * @a: for work
 *
 * Return: 0; -ERR_INVALID for a name that Windows cannot have there; -ERR_LIMIT when too long or
 *         too deep; -ERR_UNSUPPORTED for what only Linux layers have.
 */
int winlayer_path_parse(const char *member, struct arena *a, struct winlayer_path *ret,
			struct error *err);

/** winlayer_path_target() - the same for the target of a hard link: a file in Files or
 * UtilityVM/Files */
int winlayer_path_target(const char *member, struct arena *a, struct winlayer_path *ret,
			 struct error *err);

/** winlayer_path_staged() - where the member is in a staged layer (winlayer.h): "fs/Files/x" */
const char *winlayer_path_staged(const struct winlayer_path *p, char out[LIMIT_MEMBER_NAME + 4]);
