/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scan: what lies at the watched paths now, read whole. Blocks (a file system may hang), so it is
 * a job of a pool; knows no store and judges nothing.
 *
 * A file counts only when nobody is writing it: its size and time are the same before and after
 * the read, it has been so for SOURCE_SETTLE_US, and where the file system can tell no
 * process has it open for writing.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "controller/pool.h"

#define SOURCE_SETTLE_US (500 * CLOCK_MS) /* an editor's two writes are closer together */

struct source_path {
	const char *path; /* a deployment file, or a directory of them; absolute */
	bool prune;       /* what vanishes from the directory is taken down */
};

struct source_file {
	const char *path;
	struct error problem; /* it cannot be read; code 0: it can */
	bool is_unsettled;    /* somebody may be writing it: nothing else is known */
	const char *bytes;
	size_t n;
	char digest[DIGEST_HEX_SIZE];
};

/* One watched path. A directory's files are *.yaml and *.yml, without hidden ones, sorted. */
struct source_seen {
	struct source_path source;
	bool is_dir;
	struct error problem; /* the whole of it cannot be read: then no file is known */
	struct source_file *files;
	size_t n;
};

struct source_scan {
	struct job job; /* first: the pool hands this back */
	struct arena *arena;
	struct source_seen *items; /* one for each path, in their order */
	size_t n;
};

/** source_scan_new() - a job for these paths, which outlive it */
struct source_scan *source_scan_new(const struct source_path *paths, size_t n, struct mono now);
