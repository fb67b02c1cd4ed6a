/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The server of a shim: one epoll thread that accepts clients, takes their frames and hands
 * them to workers and execs; exits go to all clients, and to later ones until somebody
 * acknowledged them. It runs until it is told to end, or holds nothing and has no client, or until
 * another program shall go on in this process.
 */
#include "backends/runtime.h"
#include "backends/shim_protocol.h"
#include "backends/shim_upgrade.h"

struct shim_server;

struct shim_server_options {
	const struct shim_hello *mine;       /* the greeting; borrowed */
	const char *exits;                   /* where they wait to be acknowledged; borrowed */
	struct shim_upgrade_options upgrade; /* but wake_fd, which is the server's */
};

/** shim_server_new() - prepare; shim_server_sink() is what the hosted runtime reports to */
int shim_server_new(const struct shim_server_options *o, struct shim_server **ret,
		    struct error *err);

/** shim_server_free() - closes clients and the socket; call it after the runtime is closed */
void shim_server_free(struct shim_server *s); /* NULL is fine */
CLEAN_DEFINE(shim_server, struct shim_server *, shim_server_free)

/** shim_server_sink() - where exits are reported to; lives as long as @s */
const struct runtime_sink *shim_server_sink(struct shim_server *s);

/** shim_server_listen() - bind @path (a left-over is removed), mode 0600; clients may connect
 *  from now on and wait until shim_server_run. -ERR_LIMIT: the path is too long for a socket */
int shim_server_listen(struct shim_server *s, const char *path, struct error *err);

/** shim_server_take_over() - the same with a socket that listens already; @fd is the server's */
int shim_server_take_over(struct shim_server *s, const char *path, int fd, struct error *err);

/**
 * shim_server_run() - serve @rt
 * @signals: a signalfd; SIGHUP is the wish for an upgrade, all others end the server
 *
 * Returns with no call under way and, SHIM_SERVER_UPGRADE apart, with the socket removed.
 * Return: 0; SHIM_SERVER_BUSY when calls are still running 5 s after a signal: then the
 *         runtime must not be closed, the process can only end; SHIM_SERVER_UPGRADE.
 */
enum { SHIM_SERVER_BUSY = 1, SHIM_SERVER_UPGRADE = 2 };
int shim_server_run(struct shim_server *s, struct runtime *rt, int signals, struct error *err);

/** shim_server_program() - after SHIM_SERVER_UPGRADE: which program shall go on; borrowed */
const char *shim_server_program(const struct shim_server *s);

/** shim_server_give_seat() - after SHIM_SERVER_UPGRADE: the socket, which goes on listening; the
 *  caller's */
int shim_server_give_seat(struct shim_server *s);
