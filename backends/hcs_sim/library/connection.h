/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls to the keeper. A request is built up from the arguments of a function; the first thing that
 * is wrong with them stays in `hr`, and nothing is sent then:
 *
 *   struct request r CLEAN(request) = REQUEST("HcsOpenComputeSystem");
 *   request_text(&r, "id", id);
 *   hr = request_send(&r);
 */
#include "backends/hcs_sim/library/library.h"
#include "backends/hcs_sim/wire.h"

struct request {
	const char *name;
	struct json_object *args;
	HRESULT hr;
	struct object *on; /* counted; NULL */
	int64_t op;        /* id of the operation; 0: none */
	int fds[WIRE_FDS]; /* go with it; the caller's */
	size_t n_fds;
	enum object_kind opens;    /* what kind of handle the function returns; 0: none */
	struct json_object *value; /* what came back; may be NULL */
	struct object *opened;     /* the new handle's, not counted for the request; NULL: none */
	/* while it waits */
	struct request *next;
	int64_t id;
	bool is_answered;
};

#define REQUEST(function)                                                                          \
	{                                                                                          \
		.name = (function), .args = json_object_new_object()                               \
	}

/** request_done() - let go of what it holds; the new handle stays */
void request_done(struct request *r);
static inline void clean_request(struct request *r)
{
	request_done(r);
}

/* Arguments; NULL texts are left out. */
void request_text(struct request *r, const char *name, PCWSTR text);
void request_number(struct request *r, const char *name, int64_t n);
void request_guid(struct request *r, const GUID *id);

/** request_on() - the object the function is called on, by its handle */
void request_on(struct request *r, const void *handle, enum object_kind kind);

/**
 * request_send() - send it and wait for the answer, as long as that takes
 *
 * Return: its HRESULT; a code of a lost connection when there is none, or it breaks.
 */
HRESULT request_send(struct request *r);
