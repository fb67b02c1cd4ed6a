/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The folder form that ImportLayer takes, checked and made into a layer's files. */
#include <stdbool.h>

#include "base/error.h"

/**
 * layer_import() - make @path out of a folder in the transport form
 * @source: Files with backup streams, Hives, tombstones.txt
 * @needs_security: every file and directory has a security descriptor
 *
 * Return: 0; -ERR_INVALID when something in it is not of that form, with its path; what was written
 *         stays, and is no layer.
 */
int layer_import(const char *source, const char *path, bool needs_security, struct error *err);
