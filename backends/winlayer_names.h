/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The names of one layer as NTFS would hold them: one name in whatever case, and nothing below what
 * is no directory. Who adds all members finds out about every collision before Windows does. Pure.
 */
#include "base/arena.h"
#include "base/error.h"

enum winlayer_node {
	WINLAYER_NODE_DIRECTORY,
	WINLAYER_NODE_LEAF,     /* a file, a hard link, or a link that nothing can be below */
	WINLAYER_NODE_WHITEOUT, /* deleted; directories above it need not be in the layer */
};

struct winlayer_names;

struct winlayer_names *winlayer_names_new(void);
void winlayer_names_free(struct winlayer_names *n); /* NULL is fine */
CLEAN_DEFINE(winlayer_names, struct winlayer_names *, winlayer_names_free)

/**
 * winlayer_names_add() - one more name
 * @path: cleaned by winlayer_path_parse()
 *
 * Return: 0; -ERR_INVALID when it is there already, in this or another spelling, when its directory
 *         is not there or none, or when it is deleted and there at once.
 */
int winlayer_names_add(struct winlayer_names *n, const char *path, enum winlayer_node kind,
		       struct error *err);

/** winlayer_names_find() - the file of that name, in whatever case, as it is spelled; NULL: there
 * is none */
const char *winlayer_names_find(const struct winlayer_names *n, const char *path, struct arena *a);
