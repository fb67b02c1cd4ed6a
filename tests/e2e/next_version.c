/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of backends/shim_version.c: what makes a program a newer build. */
#include "backends/shim_build.h"

const char *const shim_build = "999.0.1";
