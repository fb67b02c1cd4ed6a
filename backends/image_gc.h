/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Removing from an image store what no name and no lease needs. */
#include "backends/image_files.h"

/**
 * image_gc_run() - remove blobs and layers that are not needed
 *
 * A lease that cannot be read (empty after a power cut) may need anything: then
 * nothing is removed until that lease is dropped.
 *
 * Return: 0; -ERR_CORRUPT when a named image is damaged: nothing was removed.
 */
int image_gc_run(struct image_dir *dir, struct error *err);

/** image_gc_recover() - remove what a crash left in tmp/ and what it had published half */
int image_gc_recover(struct image_dir *dir, struct error *err);
