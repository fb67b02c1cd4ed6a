/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The directory a simulated host lives in:
 *
 *   socket          where the keeper listens
 *   lock            held by the keeper as long as it lives; start.lock by who starts one
 *   networks/ namespaces/ endpoints/ systems/ layers/   one JSON file an object
 *   faults.json     rules for faults; switches.json what no document settles; calls.log all calls
 *   host.log        what the keeper says
 */
#include "base/error.h"

#define PLACE_FAULTS   "faults.json"
#define PLACE_SWITCHES "switches.json"
#define PLACE_CALLS    "calls.log"
#define PLACE_LOG      "host.log"

/** place_open() - the directory, made when it is not there */
int place_open(const char *path, int *ret_fd, struct error *err);

/** place_connect() - to the keeper; PLACE_NOBODY (> 0) when none listens. @path is for errors */
enum { PLACE_NOBODY = 1 };
int place_connect(int dirfd, const char *path, int *ret_fd, struct error *err);

/** place_listen() - be the keeper: a non-blocking socket; whatever was there is replaced */
int place_listen(int dirfd, int *ret_fd, struct error *err);

/** place_lock() - take a lock file's lock; -ERR_LOCKED when @wait is false and it is taken */
int place_lock(int dirfd, const char *name, bool wait, int *ret_fd, struct error *err);

/**
 * place_start() - connect, starting a keeper when there is none
 * @program: hcs_sim_host
 */
int place_start(int dirfd, const char *path, const char *program, int *ret_fd, struct error *err);
