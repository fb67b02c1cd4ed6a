/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection, made by the first call and again by the first one after it broke. The reader
 * gives each answer to whoever waits for it; when the connection ends, all that belongs to it is
 * lost: calls that wait, operations, handles.
 */
#include "backends/hcs_sim/library/connection.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/library/callbacks.h"
#include "backends/hcs_sim/place.h"
#include "backends/hcs_text.h"
#include "base/arena.h"

/* --- requests --------------------------------------------------------------------------- */

void request_done(struct request *r)
{
	struct library *l = library_lock();

	object_put(r->on);
	library_unlock(l);
	json_free(r->args);
	json_free(r->value);
}

static void set_failed(struct request *r, HRESULT hr)
{
	if (r->hr >= 0)
		r->hr = hr;
}

void request_text(struct request *r, const char *name, PCWSTR text)
{
	struct buf utf8 CLEAN(buf) = BUF_INIT(WIRE_BYTES / 2);

	if (!text)
		return;
	if (hcs_text_from_utf16(text, &utf8, NULL) < 0)
		set_failed(r, E_INVALIDARG);
	json_put_str(r->args, name, utf8.data);
}

void request_number(struct request *r, const char *name, int64_t n)
{
	json_put_i64(r->args, name, n);
}

void request_guid(struct request *r, const GUID *id)
{
	char text[HCS_GUID_SIZE];

	if (!id)
		set_failed(r, E_INVALIDARG);
	else
		json_put_str(r->args, "guid", hcs_guid_format(id, text));
}

void request_on(struct request *r, const void *handle, enum object_kind kind)
{
	struct library *l = library_lock();

	r->on = object_get(l, handle, kind);
	if (!r->on) {
		set_failed(r, E_HANDLE);
	} else {
		set_failed(r, object_lost(l, r->on));
		json_put_i64(r->args, "handle", r->on->number);
	}
	library_unlock(l);
}

/* --- what the keeper says --------------------------------------------------------------- */

/* Here, since the next thing the keeper says may be about it. NULL: the answer names none. */
static struct object *open_answer(struct library *l, struct request *r)
{
	const char *exit = NULL;
	int64_t number = 0;
	struct object *o;

	if (!r->value || json_get_i64(r->value, "handle", &number, NULL) != 0)
		return NULL;
	o = object_new(l, r->opens);
	o->number = number;
	if (json_get_str(r->value, "data", &exit, NULL) == 0) {
		o->is_ended = true;
		o->exit = xstrdup(exit);
	}
	return o;
}

static void take_answer(struct library *l, struct json_object *o)
{
	struct json_object *value = NULL;
	int64_t id = 0, hr = E_FAIL;

	(void)json_get_i64(o, "id", &id, NULL);
	(void)json_get_i64(o, "hr", &hr, NULL);
	(void)json_get_obj(o, "value", &value, NULL);
	for (struct request *r = l->waiting; r; r = r->next) {
		if (r->id != id || r->is_answered)
			continue;
		r->hr = (HRESULT)hr;
		r->value = json_object_get(value);
		r->is_answered = true;
		if (r->opens && hr >= 0)
			r->opened = open_answer(l, r);
	}
}

static void finish_operation(struct library *l, struct object *op, HRESULT hr, const char *document)
{
	struct object *on = op->op.on;

	op->op.hr = hr;
	op->op.document = xstrdup(document);
	op->op.state = OPERATION_DONE;
	if (op->op.callback)
		callbacks_queue(l, EVENT_OPERATION, op, 0, NULL, NULL);
	else if (on && on->on_event && (on->event_options & HcsEventOptionEnableOperationCallbacks))
		callbacks_queue(l, EVENT_OF_SYSTEM, on, HcsEventOperationCallback, NULL, op);
}

static void take_operation(struct library *l, struct json_object *o)
{
	const char *document = NULL;
	int64_t id = 0, hr = E_FAIL, pid = 0;

	(void)json_get_i64(o, "op", &id, NULL);
	(void)json_get_i64(o, "hr", &hr, NULL);
	(void)json_get_i64(o, "pid", &pid, NULL);
	(void)json_get_str(o, "document", &document, NULL);
	for (struct object *op = l->objects; op; op = op->next) {
		if (op->kind != OBJECT_OPERATION || op->op.id != id ||
		    op->op.state != OPERATION_RUNNING)
			continue;
		op->op.pid = (DWORD)pid;
		finish_operation(l, op, (HRESULT)hr, document);
	}
}

static void take_exit(struct library *l, struct json_object *o)
{
	const char *data = "";
	struct object *on;
	int64_t number = 0;

	(void)json_get_i64(o, "handle", &number, NULL);
	(void)json_get_str(o, "data", &data, NULL);
	on = object_by_number(l, number);
	if (!on || on->is_ended)
		return;
	on->is_ended = true;
	on->exit = xstrdup(data);
	if (on->on_event)
		callbacks_queue(l, EVENT_OF_SYSTEM, on,
				on->kind == OBJECT_SYSTEM ? HcsEventSystemExited
							  : HcsEventProcessExited,
				data, NULL);
}

static void take_notification(struct library *l, struct json_object *o)
{
	const char *data = NULL;
	int64_t type = 0;

	(void)json_get_i64(o, "notification", &type, NULL);
	(void)json_get_str(o, "data", &data, NULL);
	for (struct object *cb = l->objects; cb; cb = cb->next)
		if (cb->kind == OBJECT_CALLBACK && cb->epoch == l->epoch)
			callbacks_queue(l, EVENT_OF_HCN, cb, (int)type, data, NULL);
}

/* --- losing ----------------------------------------------------------------------------- */

static bool is_hcn_object(const struct object *o)
{
	return o->kind == OBJECT_NETWORK || o->kind == OBJECT_NAMESPACE ||
	       o->kind == OBJECT_ENDPOINT;
}

static void lose_object(struct library *l, struct object *o)
{
	if (o->kind == OBJECT_OPERATION) {
		if (o->op.state == OPERATION_RUNNING)
			finish_operation(l, o, HCS_E_SERVICE_DISCONNECT, NULL);
		return;
	}
	o->epoch = 0; /* no connection has that number */
	if (o->on_event)
		callbacks_queue(l, EVENT_OF_SYSTEM, o, HcsEventServiceDisconnect, NULL, NULL);
}

static bool is_lost_with(const struct library *l, const struct object *o, bool hcn)
{
	if (o->kind == OBJECT_CALLBACK)
		return false;
	if (o->kind == OBJECT_OPERATION)
		return !hcn;
	return is_hcn_object(o) == hcn && o->epoch == l->epoch;
}

/* A service is gone, and all that belongs to it. Calls to it are answered by the keeper. */
static void lose(struct library *l, bool hcn)
{
	for (struct object *o = l->objects; o; o = o->next)
		if (is_lost_with(l, o, hcn))
			lose_object(l, o);
}

static HRESULT lost_code(const struct request *r)
{
	return strncmp(r->name, "Hcs", 3) == 0 ? HCS_E_SERVICE_DISCONNECT : WIN32_RPC_CALL_FAILED;
}

/* The keeper is gone, and nobody else will answer. */
static void lose_all(struct library *l)
{
	for (struct object *o = l->objects; o; o = o->next) {
		if (o->kind != OBJECT_CALLBACK || o->epoch != l->epoch)
			continue;
		callbacks_queue(l, EVENT_OF_HCN, o, HcnNotificationServiceDisconnect, NULL, NULL);
		o->epoch = 0;
	}
	lose(l, false);
	lose(l, true);
	for (struct request *r = l->waiting; r; r = r->next) {
		if (r->is_answered)
			continue;
		r->hr = lost_code(r);
		r->is_answered = true;
	}
}

/* --- the reader ------------------------------------------------------------------------- */

static void take_frame(struct library *l, struct json_object *o)
{
	const char *event = NULL, *service = "";

	(void)json_get_str(o, "event", &event, NULL);
	if (!event)
		take_answer(l, o);
	else if (strcmp(event, "operation") == 0)
		take_operation(l, o);
	else if (strcmp(event, "exit") == 0)
		take_exit(l, o);
	else if (strcmp(event, "hcn") == 0)
		take_notification(l, o);
	else if (strcmp(event, "lost") == 0 && json_get_str(o, "service", &service, NULL) == 0)
		lose(l, strcmp(service, "hcn") == 0);
}

static void *read_all(void *arg)
{
	int socket = (int)(intptr_t)arg;
	struct buf in CLEAN(buf) = BUF_INIT(2 * WIRE_BYTES);
	struct wire_fds fds CLEAN(wire_fds) = { .n = 0 };
	struct library *l;
	int r = 0;

	while (r >= 0 && wire_receive(socket, &in, &fds) == 0) {
		struct json_object *o = NULL;

		l = library_lock();
		while ((r = wire_get(&in, &o, NULL)) == 0) {
			take_frame(l, o);
			json_free(o);
		}
		pthread_cond_broadcast(&l->changed);
		library_unlock(l);
	}
	l = library_lock();
	lose_all(l);
	l->socket = -1;
	close(socket);
	pthread_cond_broadcast(&l->changed);
	library_unlock(l);
	return NULL;
}

static void start_reader(int socket)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, read_all, (void *)(intptr_t)socket) != 0)
		abort();
	(void)pthread_detach(thread);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- connecting ------------------------------------------------------------------------- */

/* The keeper's greeting: one that leaves closes instead, and another one is to be started. */
static bool is_greeted(int socket)
{
	struct pollfd p = { socket, POLLIN, 0 };
	char byte;

	return poll(&p, 1, 10000) > 0 && recv(socket, &byte, 1, MSG_PEEK) == 1;
}

static bool connect_keeper(struct library *l, int *ret)
{
	int fd = -1;

	library_find_host(l);
	if (l->dirfd >= 0)
		close(l->dirfd);
	l->dirfd = -1;
	if (place_open(l->dir, &l->dirfd, NULL) < 0)
		return false;
	for (int tries = 0; tries < 5; tries++) {
		if (place_start(l->dirfd, l->dir, l->program, &fd, NULL) != 0)
			return false;
		if (is_greeted(fd)) {
			*ret = fd;
			return true;
		}
		close(fd);
	}
	return false;
}

/* With the lock held all the while: whoever comes meanwhile waits for the same connection. */
static bool need_connection(struct library *l)
{
	if (l->socket >= 0)
		return true;
	if (!connect_keeper(l, &l->socket))
		return false;
	l->epoch++;
	start_reader(l->socket);
	return true;
}

static struct json_object *frame_of(struct library *l, struct request *r)
{
	struct json_object *o = json_object_new_object();

	r->id = ++l->last_id;
	json_put_i64(o, "id", r->id);
	json_put_str(o, "call", r->name);
	json_put_i64(o, "op", r->op);
	json_put_i64(o, "fds", (int64_t)r->n_fds);
	json_put_obj(o, "args", json_object_get(r->args));
	return o;
}

/* The handle may have died while a connection was made; a new one is needed first for none. */
static HRESULT send_frame(struct library *l, struct request *r)
{
	struct buf out CLEAN(buf) = BUF_INIT(WIRE_BYTES + 16);

	if (!need_connection(l))
		return WIN32_RPC_SERVER_UNAVAILABLE;
	if (r->on && r->on->kind != OBJECT_CALLBACK && object_lost(l, r->on) < 0)
		return object_lost(l, r->on);
	wire_put(&out, frame_of(l, r));
	if (out.overflow)
		return E_INVALIDARG;
	return wire_send(l->socket, &out, r->fds, r->n_fds) == 0 ? S_OK : lost_code(r);
}

static void forget(struct library *l, const struct request *r)
{
	struct request **at = &l->waiting;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

HRESULT request_send(struct request *r)
{
	struct library *l;
	HRESULT hr;

	if (r->hr < 0)
		return r->hr;
	l = library_lock();
	r->next = l->waiting;
	l->waiting = r;
	hr = send_frame(l, r);
	if (hr < 0) {
		r->hr = hr;
		r->is_answered = true;
	}
	while (!r->is_answered)
		(void)library_wait(l, INT64_MAX);
	forget(l, r);
	library_unlock(l);
	return r->hr;
}
