/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The story of one seed: what was told of it, line by line, and how it ends when a law is broken.
 */
#include <stdarg.h>
#include <stdint.h>

#include "base/buf.h"

struct sim_story {
	uint64_t seed;
	struct buf text;
	bool is_verbose; /* each line is also printed at once */
};

/** sim_story_tell() - a line, with the virtual time before it */
void sim_story_tell(struct sim_story *st, int64_t now_us, const char *fmt, va_list ap);

/** sim_story_die() - the end of the story, and its seed, and the end of the program */
__attribute__((noreturn)) void sim_story_die(const struct sim_story *st, const char *what);
