/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files of one log in the order of time: <path>.4 … <path>.1, <path>. A shim renames them while
 * they are read; who holds one open finds its neighbours all the same.
 */
#include "base/error.h"

enum log_files_way { LOG_FILES_OLDER, LOG_FILES_NEWER };

enum {
	LOG_FILES_NONE = 1, /* there is none that way (now) */
};

/** log_files_newest() - open the log itself */
int log_files_newest(const char *path, int *ret_fd, struct error *err);

/**
 * log_files_step() - open the neighbour of the file that @fd has open
 *
 * One that has gone by itself, because it was the oldest, has the oldest for a newer neighbour.
 * Return: 0; LOG_FILES_NONE.
 */
int log_files_step(const char *path, int fd, enum log_files_way way, int *ret_fd,
		   struct error *err);
