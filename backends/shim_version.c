/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing but the version: TALLYMAN_VERSION is set by the build. */
#include "backends/shim_build.h"

const char *const shim_build = TALLYMAN_VERSION;
