/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A silo holds the processes of one compute system: a PID namespace whose first process does
 * nothing but live. When that one ends (silo_kill(), or the keeper is gone) the kernel ends all
 * others, so nothing is ever left, whoever is killed in which order. Needs root or the right to
 * make user namespaces.
 *
 * Processes are children of the keeper, which is their subreaper and waits for all of them.
 */
#include <sys/types.h>

#include "base/error.h"

struct silo {
	pid_t init; /* 0: none */
	int life;   /* the keeper's end of a pipe: the silo lives as long as it is open */
	bool user;  /* has a user namespace of its own */
};

struct silo_program {
	const char *path;        /* absolute */
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* NULL-terminated */
	const char *directory;
	int fds[3];    /* its stdio; -1: /dev/null */
	bool terminal; /* fds[0] is one, and becomes the controlling terminal */
};

/** silo_start() - an empty one; -ERR_UNAUTHORIZED when the host does not let us */
int silo_start(struct silo *s, struct error *err);

/**
 * silo_run() - start a program in it
 * @ret: its pid, as the host sees it; leader of a session of its own
 *
 * Return: 0; -ERR_NOT_FOUND and the like when it cannot be executed.
 */
int silo_run(const struct silo *s, const struct silo_program *p, pid_t *ret, struct error *err);

/** silo_kill() - end all of it; its init is waited for by the loop, when all others have been */
void silo_kill(struct silo *s);

/** silo_done() - its init has been waited for */
void silo_done(struct silo *s);
