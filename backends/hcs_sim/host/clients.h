/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Connections: one a process that uses the library. Handles belong to their connection and go with
 * it, as the handles of a process that ends. Events to a client:
 *
 *   {"event": "hello"}                                        first, when the keeper listens to it
 *   {"event": "operation", "op", "hr", "document"?, "pid"?}   an operation has ended
 *   {"event": "exit", "handle", "data"}                       a system or process has
 *   {"event": "hcn", "notification", "data"}                  to who registered for it
 *   {"event": "lost", "service": "hcs" or "hcn"}              its handles are dead
 */
#include <stdint.h>

#include "backends/hcs_sim/host/host.h"
#include "backends/hcs_sim/wire.h"
#include "backends/hcs_types.h"

enum handle_kind {
	HANDLE_SYSTEM,
	HANDLE_PROCESS,
	HANDLE_NETWORK,
	HANDLE_NAMESPACE,
	HANDLE_ENDPOINT,
	HANDLE_CALLBACK, /* of HcnRegisterServiceCallback */
};

struct handle {
	int64_t number; /* the client's word for it; never used again */
	enum handle_kind kind;
	bool dead;    /* its service was restarted */
	void *object; /* a struct sys or proc, for those two kinds */
	GUID id;      /* of a network, namespace or endpoint */
};

struct client {
	struct client *next;
	struct host *host;
	int fd;
	struct buf in, out;
	struct wire_fds fds; /* that came and belong to the next call */
	struct handle **handles;
	size_t n_handles; /* places; NULL: closed */
	bool gone;        /* to be freed at the end of the turn */
};

/** clients_accept() - take over a connection and greet it */
void clients_accept(struct host *h, int fd);

/** clients_readable() - read and carry out what came; marks it gone at its end */
void clients_readable(struct client *c);

/** clients_flush() - write what waits and can be written */
void clients_flush(struct client *c);

/** clients_sweep() - let go of those that are gone: their handles close, their calls are orphans */
void clients_sweep(struct host *h);

/** client_send() - queue a frame, which is taken */
void client_send(struct client *c, struct json_object *take);

/** client_open() - a new handle; @object's count of handles is its owner's to raise */
struct handle *client_open(struct client *c, enum handle_kind kind, void *object, const GUID *id);

/** client_find() - an open handle by number; NULL */
struct handle *client_find(struct client *c, int64_t number);

/** client_close() - close one handle; tells compute when it was one of its */
void client_close(struct client *c, struct handle *hd);

/** clients_for_object() - call @fn for every live handle on @object, of all clients */
void clients_for_object(struct host *h, const void *object,
			void (*fn)(struct client *c, struct handle *hd, void *arg), void *arg);

/** clients_notify_hcn() - send a notification to all that registered */
void clients_notify_hcn(struct host *h, int64_t notification, const char *data);

/** clients_lose() - all handles of a service are dead, and every client hears of it */
void clients_lose(struct host *h, bool hcn);
