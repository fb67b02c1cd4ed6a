/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The places a store may live in, and the lock files that say who is acting there.
 * A lock is flock() on a file of its own, which is never removed; it dies with its process.
 */
#include <stdint.h>

#include "base/error.h"

/** place_network_fs() - the name of the network file system with that statfs magic; NULL for others
 */
const char *place_network_fs(uint64_t magic);

/**
 * place_check_local() - is @dir on a file system of this machine?
 *
 * Return: 0; -ERR_UNSUPPORTED naming the file system when it is a network's or FUSE,
 *         where locks and shared memory do not hold what SQLite needs.
 */
int place_check_local(const char *dir, struct error *err);

/**
 * place_check_writable() - may files be made in @dir?
 * @option: that chooses another one, for the hint
 *
 * Return: 0; -ERR_IO or -ERR_UNAUTHORIZED with the hint.
 */
int place_check_writable(const char *dir, const char *option, struct error *err);

/**
 * place_lock() - take the lock file @path, made when missing, and write who holds it
 * @command: of this process, for the other one's error message; NULL when unknown
 * @ret_fd:  close-on-exec; closing it lets go
 *
 * Return: 0; -ERR_LOCKED at once, naming the holder, when another process has it.
 */
int place_lock(const char *path, const char *command, int *ret_fd, struct error *err);

/**
 * place_holder() - who holds the lock file @path now; the lock itself is not touched
 * @ret: "process 123 (apply shop.yaml)", or "another process" when it left no name
 *
 * Return: 0 when nobody does, or there is no such file; PLACE_HELD; -ERR_IO and the like when
 *         the kernel's list of locks cannot be read.
 */
#define PLACE_HOLDER_SIZE 128
enum { PLACE_HELD = 1 };
int place_holder(const char *path, char ret[PLACE_HOLDER_SIZE], struct error *err);

/** place_unlock() - forget the holder's name and let go; -1 is fine */
void place_unlock(int fd);
