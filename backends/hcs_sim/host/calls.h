/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A call of one function, from its frame to its answer. Each function is a row of the table in
 * call_table.c with a handler:
 *
 *   of a synchronous function    gives its HRESULT; what it returns goes into the value
 *   with an operation            gives the operation's result, or CALL_LATER and somebody calls
 *                                call_finish() when it is over. call_refuse() instead makes it the
 *                                function's own HRESULT: nothing was begun
 *
 * A handler knows nothing of faults; those are applied around it.
 */
#include <stdint.h>

#include "backends/hcs_result.h"
#include "backends/hcs_sim/host/clients.h"
#include "backends/hcs_sim/host/faults.h"

struct call;

enum call_service { CALL_HCS, CALL_HCN, CALL_LAYER, CALL_TOOL };
enum call_flags {
	CALL_COUNTED = 1 << 0, /* is a point where faults can be made */
	CALL_ASYNC = 1 << 1,   /* has an operation */
	CALL_OPENS = 1 << 2,   /* returns a handle */
	CALL_LISTS = 1 << 3,   /* enumerates: can be partial */
};

struct call_kind {
	const char *name;
	enum call_service service;
	unsigned flags;
	HRESULT (*run)(struct call *c);
};

/** call_table_find() - NULL when no function is called that */
const struct call_kind *call_table_find(const char *name);

#define CALL_LATER ((HRESULT)0x7fff0001) /* no real HRESULT; a success */

struct call {
	struct call *next; /* in whatever list it waits */
	struct host *host;
	struct client *client; /* NULL: gone, or it must not hear of this any more */
	const struct call_kind *kind;
	uint64_t number; /* in the log; 0: not counted */
	int64_t id, op;  /* the client's; op 0: none */
	struct json_object *args;
	struct json_object *value; /* what the function returns; NULL until something is put */
	struct wire_fds fds;
	struct buf subject; /* what it is about, for rules and the log */
	struct fault fault;
	struct buf why;  /* a word on why it failed */
	char *document;  /* of the operation's result; NULL */
	int64_t pid;     /* of HcsCreateProcess and HcsGetProcessInfo; 0: none */
	HRESULT hr;      /* while it waits: how it went */
	int64_t due_us;  /* when the client hears of the operation's end */
	bool is_refused; /* call_refuse() */
	bool is_replied; /* the function has come back */
	bool is_run;     /* has taken effect */
	bool is_partial; /* lists show half */
};

/** call_new() - out of a frame, which is taken; NULL when it is none of a call we know */
struct call *call_new(struct client *client, struct json_object *take);
void call_free(struct call *c);

/* --- for handlers ----------------------------------------------------------------------- */

const char *call_text(const struct call *c, const char *name); /* an argument; NULL: not given */
int64_t call_number(const struct call *c, const char *name);   /* 0: not given */

/** call_handle() - the handle in "handle"; E_HANDLE, or the code of a service that was lost */
HRESULT call_handle(struct call *c, enum handle_kind kind, struct handle **ret);

/** call_guid() - the GUID in "guid" */
HRESULT call_guid(const struct call *c, GUID *ret);

/** call_document() - the JSON in @name, checked by @schema; NULL for none when it @may_be_none */
struct schema;
HRESULT call_document(struct call *c, const char *name, const struct schema *schema,
		      bool may_be_none, struct json_object **ret);

/* What the function returns. */
void call_put_text(struct call *c, const char *name, const char *text);
void call_put_number(struct call *c, const char *name, int64_t n);
/** call_json_text() - a document as the service writes it; the object's */
const char *call_json_text(struct json_object *o);
/** call_put_json() - as text; the object is taken */
void call_put_json(struct call *c, const char *name, struct json_object *take);
/** call_open() - open a handle and return it as "handle" */
struct handle *call_open(struct call *c, enum handle_kind kind, void *object, const GUID *id);

/** call_refuse() - nothing was begun: @hr, to be returned as it is */
HRESULT call_refuse(struct call *c, HRESULT hr);

/** call_fail() - @hr, with a word on why in the error's document */
HRESULT call_fail(struct call *c, HRESULT hr, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** call_fail_error() - the same out of an error of our own, such as a file that cannot be written
 */
HRESULT call_fail_error(struct call *c, HRESULT hr, const struct error *err);

/** call_result() - the document of a successful operation; @o is taken */
void call_result(struct call *c, struct json_object *take);

/** call_finish() - the operation of a call that was to be finished LATER is over; @c is freed */
void call_finish(struct call *c, HRESULT hr);

/* The documents of a failure: an HCN error record (into the value), a ResultError (malloc'ed). */
void call_put_record(struct call *c, HRESULT hr);
char *call_result_error(const struct call *c, HRESULT hr);

/* --- for the loop ----------------------------------------------------------------------- */

struct calls;

/** calls_new() - none under way; goes on with the log that is there. NULL: it cannot be written */
struct calls *calls_new(struct host *h, struct error *err);
void calls_free(struct calls *s);

/** calls_take() - a frame that came from @client; taken */
void calls_take(struct client *client, struct json_object *take);

/** calls_orphan() - @client is gone: calls go on, nobody hears of it; what hangs is dropped */
void calls_orphan(struct calls *s, const struct client *client);

/** calls_turn() - let go what hangs by no rule any more, and answer what is due at @now_us */
void calls_turn(struct calls *s, int64_t now_us);

/** calls_due() - when calls_turn() has something to do; INT64_MAX: never. Hangs count as 50 ms */
int64_t calls_due(const struct calls *s, int64_t now_us);

/** calls_lose() - a service was restarted: what hangs in it fails, the rest goes on unheard */
void calls_lose(struct calls *s, bool hcn);

/** calls_count() - how many counted ones there were, ever */
uint64_t calls_count(const struct calls *s);
