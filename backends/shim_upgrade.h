/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The wish that another program goes on in this process. It is rehearsed first, as a process of its
 * own: a program that is missing, made for another machine, too old to take over or ended by its
 * first instruction is refused, and nothing has happened. Then the server comes to rest, and shim.c
 * does the rest.
 *
 *   none -> rehearsing -> ready -> (the other program) or, refused, none again
 *
 * For the server's loop, apart from the thread in which the rehearsal waits.
 */
#include "backends/shim_command.h"
#include "backends/shim_conn.h"
#include "base/process.h"

struct shim_upgrade;

struct shim_upgrade_options {
	const struct shim_command *command; /* of this shim; program: its own path. Borrowed */
	const char *stays;                  /* why there is none, ever; NULL: there may be */
	struct process_waiter *waiter;
	int wake_fd; /* gets 1 written when the rehearsal has ended; borrowed */
	/* Told of every refusal. */
	void (*refused)(void *arg, const char *program, const struct error *why);
	void *arg;
};

struct shim_upgrade *shim_upgrade_new(const struct shim_upgrade_options *o);
void shim_upgrade_free(struct shim_upgrade *u); /* NULL is fine; waits for the rehearsal */

/**
 * shim_upgrade_ask() - begin
 * @program: absolute; NULL: what is at this shim's own path now
 * @conn:    gets the answer, under @id, as far as it comes from here; NULL: nobody waits
 *
 * While one is under way another is refused.
 */
void shim_upgrade_ask(struct shim_upgrade *u, const char *program, struct shim_conn *conn,
		      uint64_t id);

enum shim_upgrade_state { SHIM_UPGRADE_NONE, SHIM_UPGRADE_REHEARSING, SHIM_UPGRADE_READY };
enum shim_upgrade_state shim_upgrade_look(struct shim_upgrade *u);

/** shim_upgrade_has_asker() - is there a client that waits for it? */
bool shim_upgrade_has_asker(const struct shim_upgrade *u);

/** shim_upgrade_refuse() - it cannot be done now: none again */
void shim_upgrade_refuse(struct shim_upgrade *u, const struct error *why);

/** shim_upgrade_grant() - it comes now; the program, @u's */
const char *shim_upgrade_grant(struct shim_upgrade *u);

/** shim_upgrade_word() - what a rehearsed program prints: "handover 1 build 0.1.0" */
const char *shim_upgrade_word(struct arena *a);
