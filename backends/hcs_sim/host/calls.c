/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a call: counted, asked of the rules, run (or not), replied to, and for one with an
 * operation finished. A call is in one of these places:
 *
 *   on the stack    while it is new
 *   in `hung`       a rule holds it; calls_turn() lets it go
 *   in `later`      a module does its operation; call_finish() comes
 *   in `due`        finished, and its time (latency_ms) has not come
 */
#include "backends/hcs_sim/host/calls.h"

#include "backends/hcs_sim/host/call_log.h"
#include "backends/hcs_sim/host/lifecycle.h"
#include "base/arena.h"
#include "base/clock.h"

enum { HUNG_LOOK_MS = 50 }; /* between looks whether a rule is gone, while something hangs */

struct calls {
	struct host *host;
	struct call_log log;
	struct call *hung, *later, *due; /* in the order they came */
};

struct calls *calls_new(struct host *h, struct error *err)
{
	struct calls *s = xcalloc(1, sizeof(*s));

	s->host = h;
	if (call_log_open(&s->log, h->dirfd, err) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

uint64_t calls_count(const struct calls *s)
{
	return s->log.n;
}

/* --- lists ------------------------------------------------------------------------------ */

static void append(struct call **list, struct call *c)
{
	while (*list)
		list = &(*list)->next;
	c->next = NULL;
	*list = c;
}

static void take_off(struct call **list, const struct call *c)
{
	while (*list && *list != c)
		list = &(*list)->next;
	if (*list)
		*list = c->next;
}

static void free_list(struct call *c)
{
	while (c) {
		struct call *next = c->next;

		call_free(c);
		c = next;
	}
}

void calls_free(struct calls *s)
{
	if (!s)
		return;
	free_list(s->hung);
	free_list(s->later);
	free_list(s->due);
	call_log_close(&s->log);
	free(s);
}

/* --- answers ---------------------------------------------------------------------------- */

/* vmcompute's spelling, where the switch asks for it. */
static HRESULT spell(const struct call *c, HRESULT hr)
{
	bool is_hcs = ((uint32_t)hr & 0xFFFF0000) == 0x80370000;

	if (is_hcs && c->host->switches.codes == SWITCH_CODES_NTSTATUS)
		return (HRESULT)((uint32_t)hr | 0x40000000);
	return hr;
}

static void send_to(struct call *c, struct json_object *take)
{
	if (c->client)
		client_send(c->client, take);
	else
		json_object_put(take);
}

/* The function comes back. */
static void reply(struct call *c, HRESULT hr)
{
	struct json_object *o = json_object_new_object();

	if (c->number)
		call_log_write(&c->host->calls->log, c, hr);
	c->is_replied = true;
	json_put_i64(o, "id", c->id);
	json_put_i64(o, "hr", spell(c, hr));
	if (hr < 0 && c->kind->service == CALL_HCN)
		call_put_record(c, hr);
	json_put_obj(o, "value", c->value);
	c->value = NULL;
	send_to(c, o);
}

/* The client hears how the operation ended, which ends the call. */
static void complete(struct call *c)
{
	struct json_object *o = json_object_new_object();
	HRESULT hr = spell(c, c->hr);

	if (c->number)
		call_log_write(&c->host->calls->log, c, c->hr);
	if (hr < 0) {
		free(c->document);
		c->document = call_result_error(c, hr);
	}
	json_put_str(o, "event", "operation");
	json_put_i64(o, "op", c->op);
	json_put_i64(o, "hr", hr);
	json_put_str(o, "document", c->document);
	json_put_i64(o, "pid", c->pid);
	send_to(c, o);
	call_free(c);
}

static HRESULT lost_hr(const struct call *c)
{
	return c->kind->service == CALL_HCS ? HCS_E_SERVICE_DISCONNECT : WIN32_RPC_CALL_FAILED;
}

static HRESULT fault_hr(const struct call *c)
{
	if (c->fault.kind == FAULT_RESTART)
		return lost_hr(c);
	if (c->fault.hr)
		return c->fault.hr;
	return c->kind->service == CALL_HCS ? HCS_E_CONNECTION_TIMEOUT : WIN32_NO_SYSTEM_RESOURCES;
}

void call_finish(struct call *c, HRESULT hr)
{
	struct calls *s = c->host->calls;

	take_off(&s->later, c);
	c->hr = hr;
	if (c->fault.kind == FAULT_LATE && hr >= 0)
		c->hr = fault_hr(c);
	if (c->fault.kind == FAULT_HANG) {
		append(&s->hung, c);
		return;
	}
	c->due_us = clock_mono().us + c->host->switches.latency_ms * CLOCK_MS;
	append(&s->due, c);
}

/* --- running ---------------------------------------------------------------------------- */

/* A handle that the caller will not hear of is closed: nobody could. */
static void close_unheard(struct call *c)
{
	int64_t number = 0;

	if (c->value && c->client && json_get_i64(c->value, "handle", &number, NULL) == 0)
		client_close(c->client, client_find(c->client, number));
	json_free(c->value);
	c->value = NULL;
}

/* It has taken effect, or goes on to; the caller is told otherwise. */
static void deny(struct call *c, bool goes_on)
{
	bool restart = c->fault.kind == FAULT_RESTART;
	bool hcn = c->kind->service == CALL_HCN;
	struct host *h = c->host;

	close_unheard(c);
	reply(c, fault_hr(c));
	if (goes_on)
		c->client = NULL;
	else
		call_free(c);
	if (restart)
		lifecycle_restart(h, hcn);
}

static void settle_async(struct call *c, HRESULT hr)
{
	bool at_call = c->host->switches.failures_at == SWITCH_FAILURES_AT_CALL;
	bool is_late = c->fault.kind == FAULT_LATE || c->fault.kind == FAULT_RESTART;

	if (!c->is_replied && is_late && c->fault.at_call && hr >= 0) {
		deny(c, hr == CALL_LATER);
		return;
	}
	if (hr < 0 || c->is_replied)
		close_unheard(c);
	if (!c->is_replied && (c->is_refused || (hr < 0 && at_call))) {
		reply(c, hr);
		call_free(c);
		return;
	}
	if (!c->is_replied)
		reply(c, S_OK);
	if (hr != CALL_LATER)
		call_finish(c, hr);
}

static void settle_sync(struct call *c, HRESULT hr)
{
	if ((c->fault.kind == FAULT_LATE || c->fault.kind == FAULT_RESTART) && hr >= 0) {
		deny(c, false);
		return;
	}
	if (c->fault.kind == FAULT_HANG) {
		c->hr = hr;
		append(&c->host->calls->hung, c);
		return;
	}
	reply(c, hr);
	call_free(c);
}

static void run(struct call *c)
{
	struct calls *s = c->host->calls;
	HRESULT hr;

	c->is_run = true;
	append(&s->later, c);
	hr = c->kind->run(c);
	if (hr != CALL_LATER)
		take_off(&s->later, c);
	if (c->kind->flags & CALL_ASYNC)
		settle_async(c, hr);
	else
		settle_sync(c, hr);
}

/* Answers a call that is not run. */
static void answer(struct call *c, HRESULT hr)
{
	reply(c, c->fault.at_call ? hr : S_OK);
	if (c->fault.at_call)
		call_free(c);
	else
		call_finish(c, hr);
}

/* A fault that comes before the effect, or instead of it. */
static void meet_fault(struct call *c)
{
	struct host *h = c->host;
	bool hcn = c->kind->service == CALL_HCN;

	switch (c->fault.kind) {
	case FAULT_ERROR:
		answer(c, fault_hr(c));
		return;
	case FAULT_PRETEND:
		answer(c, c->kind->flags & CALL_OPENS ? E_UNEXPECTED : S_OK);
		return;
	case FAULT_RESTART:
		answer(c, fault_hr(c));
		lifecycle_restart(h, hcn);
		return;
	case FAULT_HANG:
		if (!c->fault.at_call)
			reply(c, S_OK);
		append(&h->calls->hung, c);
		return;
	case FAULT_NONE:
	case FAULT_LATE:
	case FAULT_PARTIAL:
	case FAULT_DROP: /* of events only */
		run(c);
		return;
	}
}

/* Where a fault can be for this function, whatever the rule says: faults.h, `at`. */
static void place_fault(struct call *c)
{
	struct fault *f = &c->fault;

	if (!(c->kind->flags & CALL_ASYNC) || f->kind == FAULT_RESTART)
		f->at_call = true;
	else if (f->kind == FAULT_PRETEND || (f->kind == FAULT_HANG && f->after))
		f->at_call = false;
	c->is_partial = f->kind == FAULT_PARTIAL;
}

void calls_take(struct client *client, struct json_object *take)
{
	struct call *c = call_new(client, take);
	struct calls *s = client->host->calls;

	if (!c) {
		client->gone = true; /* another version's library, or none */
		return;
	}
	lifecycle_refresh(c->host);
	if (c->kind->flags & CALL_COUNTED) {
		c->number = ++s->log.n;
		c->fault = faults_next(c->host->faults, c->kind->name, c->subject.data,
				       call_text(c, "document"));
	}
	place_fault(c);
	if (c->fault.after)
		run(c);
	else
		meet_fault(c);
}

/* --- what waits ------------------------------------------------------------------------- */

/* The rule that held it is gone. */
static void let_go(struct call *c)
{
	bool is_async = c->kind->flags & CALL_ASYNC;

	c->fault.kind = FAULT_NONE;
	if (!c->is_run) {
		run(c);
	} else if (is_async) {
		call_finish(c, c->hr);
	} else {
		reply(c, c->hr);
		call_free(c);
	}
}

void calls_turn(struct calls *s, int64_t now_us)
{
	struct call *c, *next;

	if (s->hung)
		lifecycle_refresh(s->host);
	for (c = s->hung; c; c = next) {
		next = c->next;
		if (faults_has(s->host->faults, c->fault.rule_id))
			continue;
		take_off(&s->hung, c);
		let_go(c);
	}
	while ((c = s->due) && c->due_us <= now_us) {
		s->due = c->next;
		complete(c);
	}
}

int64_t calls_due(const struct calls *s, int64_t now_us)
{
	int64_t due = s->due ? s->due->due_us : INT64_MAX;
	int64_t look = s->hung ? now_us + HUNG_LOOK_MS * CLOCK_MS : INT64_MAX;

	return due < look ? due : look;
}

/* Ends what hangs, and takes the client off what goes on. @is_gone: it hears of nothing. */
static void drop(struct calls *s, bool (*is_meant)(const struct call *c, const void *arg),
		 const void *arg, bool is_gone)
{
	struct call **lists[] = { &s->later, &s->due };
	struct call **at = &s->hung;

	while (*at) {
		struct call *c = *at;

		if (!is_meant(c, arg)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		if (!is_gone && !c->is_replied)
			reply(c, lost_hr(c));
		call_free(c);
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (struct call *c = *lists[i]; c; c = c->next)
			if (is_meant(c, arg))
				c->client = NULL;
}

static bool is_of_client(const struct call *c, const void *client)
{
	return c->client == client;
}

static bool is_of_service(const struct call *c, const void *hcn)
{
	return c->kind->service == (*(const bool *)hcn ? CALL_HCN : CALL_HCS);
}

void calls_orphan(struct calls *s, const struct client *client)
{
	drop(s, is_of_client, client, true);
}

void calls_lose(struct calls *s, bool hcn)
{
	drop(s, is_of_service, &hcn, false);
}
