/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From staged files (winlayer.h) to what they stand for, for the one part of a layer that
 * ImportLayer() does not take: the utility VM's files. On a host that is not Windows a file becomes
 * its data; what only NTFS has is left.
 */
#include <stdbool.h>

#include "base/error.h"

/** winlayer_restore_tree() - everything staged below @from, below @to; what is there is replaced,
 * never written into: it may be a hard link to another layer's */
int winlayer_restore_tree(const char *from, const char *to, struct error *err);

/**
 * winlayer_restore_clone() - the tree @from as hard links below @to, which is not there yet
 * @is_copied: files, by their path below @from, that are copied: somebody writes into them
 */
int winlayer_restore_clone(const char *from, const char *to, bool (*is_copied)(const char *path),
			   struct error *err);
