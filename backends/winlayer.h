/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One layer of a Windows image, unpacked to the form the Host Compute Service takes layers in. A
 * staged layer is a directory:
 *
 *   fs/                  the source folder for ImportLayer()
 *     Files/x            each file: its attributes (4 bytes) and its backup stream
 *     Files/d            each directory, and beside it
 *     Files/d.$wcidirs$  the same two about the directory; of a link to one, too
 *     Hives/x            changes to the registry, plain bytes
 *     tombstones.txt     what is deleted from the layers below; not in a base layer
 *   uvm/                 UtilityVM in the same form, where the layer has it: Files/,
 *     tombstones.txt     when something of it is deleted
 *   links                hard links to make after the import, see winlayer_links.h
 *   bcd.bak              plain copy of what the import changes in UtilityVM, for the layer's
 *   bcd.log.bak          directory, so that the image can be given on as it came; also
 *   bcd.log1.bak         bcd.log2.bak
 *
 * Times of a file are those of the staged file. What is here has regular files and directories
 * only: links of any kind are bytes, so nothing leads anywhere.
 *
 * How the parts are used: a base layer, which has none below it, is written file by file with
 * BackupWrite() into its own directory, then linked, then ProcessBaseImage() is called; every other
 * layer is given to ImportLayer(), then links are made and what tombstones name is removed. With
 * uvm/ its files are written with BackupWrite() below UtilityVM (over hard links to the layer
 * below's), and ProcessUtilityImage() is called.
 */
#include <stddef.h>

#include "backends/image_tar.h"

struct winlayer_job {
	int in;   /* the packed layer, at its start */
	int root; /* the layer's directory, with an empty fs/ in it */
	/* Staged layers below, bottom to top, paths relative to lower_dir; none: a base layer. */
	int lower_dir;
	const char *const *lower;
	size_t n_lower;
};

/**
 * winlayer_unpack() - unpack all members
 * @ret: digests of what was read; comparing them is the caller's part
 *
 * On failure the directory holds a part of the layer: the caller removes it.
 *
 * Return: 0; -ERR_INVALID for a damaged archive, a name Windows cannot have, two names that are one
 *         there, or a hard link to nothing; -ERR_UNSUPPORTED; -ERR_LIMIT; what the file system
 * says.
 */
int winlayer_unpack(const struct winlayer_job *job, struct image_tar_sums *ret, struct error *err);
