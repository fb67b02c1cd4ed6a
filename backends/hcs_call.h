/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One call of the Host Compute Service, begun and waited for: documents go in as JSON and come out
 * as UTF-8 text, both channels for errors become one HRESULT.
 *
 * An operation that is still running at the deadline goes on, and nothing cancels it. Its operation
 * handle, and the system or process handle it uses, are then kept in limbo until it has ended; the
 * next call closes what has. So no handle is closed under a call.
 */
#include "backends/hcs_api.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

struct hcs_limbo;

/** hcs_limbo_new() - what calls leave running; one for each hcs_api */
struct hcs_limbo *hcs_limbo_new(const struct hcs_api *api);

/** hcs_limbo_free() - close what has ended; true: all had. Else it stays, and so must the api */
bool hcs_limbo_free(struct hcs_limbo *l);

/** hcs_limbo_count() - operations that still run, and calls that have not come back */
unsigned hcs_limbo_count(struct hcs_limbo *l);

/** hcs_limbo_hold() - one more call is made that may not come back; false: @most are out already */
bool hcs_limbo_hold(struct hcs_limbo *l, unsigned most);
/** hcs_limbo_release() - it has come back */
void hcs_limbo_release(struct hcs_limbo *l);

/** hcs_limbo_api() - whose calls they are */
const struct hcs_api *hcs_limbo_api(const struct hcs_limbo *l);

/* What a call is about; one of them or none. A call that times out takes the handle: it is NULL
 * then, and closed when the operation has ended. */
struct hcs_target {
	HCS_SYSTEM sys;
	HCS_PROCESS process;
};

/* How a call ended. */
struct hcs_answer {
	HRESULT result;   /* of the begin, else of the operation; never the document's alone */
	PCWSTR document;  /* in the arena; NULL: none */
	const char *text; /* the same in UTF-8; NULL: none, or not Unicode */
	size_t n_text;
	HCS_PROCESS_INFORMATION info; /* of hcs_call_process() */
};

/* Begins the work with @op; @arg is the caller's. */
typedef HRESULT hcs_call_begin(const struct hcs_api *api, HCS_OPERATION op, void *arg);

struct hcs_call {
	struct hcs_limbo *limbo;
	struct mono deadline;      /* 0: four minutes, the service's own patience */
	struct hcs_target *target; /* NULL: none */
	struct arena *a;           /* for the answer */
};

/**
 * hcs_call_run() - begin, wait, fetch the document
 * @ret: always filled; result HCS_E_OPERATION_TIMEOUT when it goes on
 */
void hcs_call_run(const struct hcs_call *c, hcs_call_begin *begin, void *arg,
		  struct hcs_answer *ret);

/** hcs_call_process() - the same for a call that gives pipes; they are the caller's */
void hcs_call_process(const struct hcs_call *c, hcs_call_begin *begin, void *arg,
		      struct hcs_answer *ret);

/** hcs_call_document() - @o as the service wants it, in @a; NULL gives NULL */
PCWSTR hcs_call_document(struct json_object *o, struct arena *a);

/** hcs_call_wide() - a name that is known to be Unicode as UTF-16, in @a */
PCWSTR hcs_call_wide(const char *text, struct arena *a);
