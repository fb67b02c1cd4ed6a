/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A test program that is its own shim: give "/proc/self/exe" as runtime_remote_options.program. */
#include <stdbool.h>

#include "backends/shim_hosted.h"

/** shim_main_is() - was this process started to be a shim? Ask first thing in main */
bool shim_main_is(int argc, char **argv);

/**
 * shim_main() - be it, with the words that a remote runtime gives
 * @hosted: what it hosts; NULL: by its name
 *
 * Return: the exit status of main.
 */
int shim_main(int argc, char **argv, const struct shim_hosted *hosted);
