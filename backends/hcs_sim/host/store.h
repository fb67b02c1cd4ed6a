/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Objects as files, one each, replaced whole: after a kill at any moment a file is the old one, the
 * new one, or not there. Nothing is synced: what is simulated is a host whose processes are killed,
 * not one whose power fails.
 */
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/json.h"

#define STORE_NAME_SIZE 256

/** store_name() - @id as a file name, whatever is in it; -ERR_LIMIT when it is too long */
int store_name(const char *id, char ret[STORE_NAME_SIZE], struct error *err);

/** store_put() - write folder/name.json */
int store_put(int dirfd, const char *folder, const char *name, struct json_object *o,
	      struct error *err);

/** store_write() - the same for a file of the directory itself */
int store_write(int dirfd, const char *path, const void *p, size_t n, struct error *err);

/* Which file is at a path, and as of when; zeros: none. */
struct store_seen {
	ino_t inode;
	struct timespec time;
};

/** store_look() - what is there now */
struct store_seen store_look(int dirfd, const char *path);
bool store_is_same(const struct store_seen *a, const struct store_seen *b);

/**
 * store_replace() - write a file that others replace, too, and never over what they have written
 * @seen: what we think is there; then what we have put there
 *
 * Return: 0; STORE_CHANGED (> 0) when another file is there by now: it stays.
 */
enum { STORE_CHANGED = 1 };
int store_replace(int dirfd, const char *path, const void *p, size_t n, struct store_seen *seen,
		  struct error *err);

/** store_drop() - remove it; absent is success */
int store_drop(int dirfd, const char *folder, const char *name, struct error *err);

/**
 * store_load() - every object of a folder, in the order of their names
 * @found: takes over nothing; 0 to go on
 *
 * Makes the folder when it is not there, and removes what a killed writer left half done.
 */
int store_load(int dirfd, const char *folder,
	       int (*found)(void *arg, const char *name, struct json_object *o, struct error *err),
	       void *arg, struct error *err);
