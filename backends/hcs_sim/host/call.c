/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler needs of a call: arguments, handles, documents, answers. calls.c moves it along.
 */
#include <stdarg.h>
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/calls.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/schema.h"
#include "base/arena.h"

enum { MAX_WHY = 4096, MAX_SUBJECT = 8192 };

/* The first of the arguments that names something; else what the handle is on. */
static void name_subject(struct call *c)
{
	static const char *const names[] = { "id", "path", "guid", "name" };
	const struct handle *hd = client_find(c->client, call_number(c, "handle"));

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && c->subject.n == 0; i++)
		if (call_text(c, names[i]))
			buf_puts(&c->subject, call_text(c, names[i]));
	if (c->subject.n > 0 || !hd || hd->dead)
		return;
	if (hd->kind == HANDLE_SYSTEM || hd->kind == HANDLE_PROCESS)
		compute_name(hd, &c->subject);
	else
		hcn_name(c->host->hcn, hd, &c->subject);
}

struct call *call_new(struct client *client, struct json_object *take)
{
	struct call *c = xcalloc(1, sizeof(*c));
	const char *name = "";
	int64_t n_fds = 0;

	c->host = client->host;
	c->client = client;
	buf_init(&c->why, MAX_WHY);
	buf_init(&c->subject, MAX_SUBJECT);
	(void)json_get_str(take, "call", &name, NULL);
	(void)json_get_i64(take, "id", &c->id, NULL);
	(void)json_get_i64(take, "op", &c->op, NULL);
	(void)json_get_i64(take, "fds", &n_fds, NULL);
	if (json_get_obj(take, "args", &c->args, NULL) == 0)
		json_object_get(c->args);
	c->kind = call_table_find(name);
	if (n_fds > 0 && n_fds <= WIRE_FDS) {
		c->fds = client->fds;
		client->fds.n = 0;
	}
	json_object_put(take);
	if (!c->kind || !c->args || c->id == 0) {
		call_free(c);
		return NULL;
	}
	name_subject(c);
	return c;
}

void call_free(struct call *c)
{
	json_free(c->args);
	json_free(c->value);
	wire_fds_close(&c->fds);
	buf_done(&c->why);
	buf_done(&c->subject);
	free(c->document);
	free(c);
}

/* --- arguments -------------------------------------------------------------------------- */

const char *call_text(const struct call *c, const char *name)
{
	const char *text = NULL;

	(void)json_get_str(c->args, name, &text, NULL); /* the library sends texts as texts */
	return text;
}

int64_t call_number(const struct call *c, const char *name)
{
	int64_t n = 0;

	(void)json_get_i64(c->args, name, &n, NULL);
	return n;
}

HRESULT call_handle(struct call *c, enum handle_kind kind, struct handle **ret)
{
	struct handle *hd = NULL;

	if (!c->client) /* its caller is gone, and its handles with it */
		return E_HANDLE;
	hd = client_find(c->client, call_number(c, "handle"));
	if (!hd || hd->kind != kind)
		return E_HANDLE;
	if (hd->dead)
		return c->kind->service == CALL_HCS ? HCS_E_SERVICE_DISCONNECT
						    : HCN_E_OBJECT_USED_AFTER_UNLOAD;
	if (!hd->object && (kind == HANDLE_SYSTEM || kind == HANDLE_PROCESS))
		return HCS_E_SYSTEM_NOT_FOUND; /* it has gone under the handle */
	*ret = hd;
	return S_OK;
}

HRESULT call_guid(const struct call *c, GUID *ret)
{
	const char *text = call_text(c, "guid");

	return text && hcs_guid_parse(text, ret) ? S_OK : E_INVALIDARG;
}

HRESULT call_document(struct call *c, const char *name, const struct schema *schema,
		      bool may_be_none, struct json_object **ret)
{
	HRESULT invalid = c->kind->service == CALL_HCN ? HCN_E_INVALID_JSON : HCS_E_INVALID_JSON;
	const char *text = call_text(c, name);
	struct json_object *o CLEAN(json) = NULL;
	struct error err;

	if (!text)
		return may_be_none ? S_OK : E_INVALIDARG;
	if (json_parse(text, strlen(text), &o, &err) < 0)
		return call_fail(c, invalid, "%s", err.msg);
	if (!schema_check(schema, o, &c->why))
		return invalid;
	*ret = TAKE(o);
	return S_OK;
}

/* --- answers ---------------------------------------------------------------------------- */

static struct json_object *value(struct call *c)
{
	if (!c->value)
		c->value = json_object_new_object();
	return c->value;
}

void call_put_text(struct call *c, const char *name, const char *text)
{
	json_put_str(value(c), name, text);
}

void call_put_number(struct call *c, const char *name, int64_t n)
{
	json_put_i64(value(c), name, n);
}

const char *call_json_text(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
}

void call_put_json(struct call *c, const char *name, struct json_object *take)
{
	call_put_text(c, name, call_json_text(take));
	json_object_put(take);
}

struct handle *call_open(struct call *c, enum handle_kind kind, void *object, const GUID *id)
{
	struct handle *hd = client_open(c->client, kind, object, id);

	call_put_number(c, "handle", hd->number);
	return hd;
}

HRESULT call_refuse(struct call *c, HRESULT hr)
{
	c->is_refused = true;
	return hr;
}

HRESULT call_fail(struct call *c, HRESULT hr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_clear(&c->why);
	buf_vprintf(&c->why, fmt, ap);
	va_end(ap);
	return hr;
}

HRESULT call_fail_error(struct call *c, HRESULT hr, const struct error *err)
{
	return call_fail(c, hr, "%s", err->msg);
}

void call_result(struct call *c, struct json_object *take)
{
	free(c->document);
	c->document = xstrdup(call_json_text(take));
	json_object_put(take);
}

/* An unsigned decimal number, as computenetwork writes it. */
void call_put_record(struct call *c, HRESULT hr)
{
	struct json_object *o = json_object_new_object();

	json_put_bool(o, "Success", false);
	json_put_str(o, "Error", c->why.n ? c->why.data : hcs_result_name(hr));
	json_put_i64(o, "ErrorCode", (uint32_t)hr);
	call_put_json(c, "error_record", o);
}

char *call_result_error(const struct call *c, HRESULT hr)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *events, *event;

	json_put_i64(o, "Error", hr);
	json_put_str(o, "ErrorMessage", hcs_result_name(hr));
	if (c->why.n) {
		events = json_object_new_array();
		event = json_object_new_object();
		json_put_str(event, "Message", c->why.data);
		json_put_str(event, "Provider", "80ce50de-d264-4581-950d-abadeee0d340");
		json_put_i64(event, "EventId", 17001);
		json_put_i64(event, "Flags", 0);
		json_put_str(event, "Source", c->kind->name);
		json_object_array_add(events, event);
		json_put_obj(o, "ErrorEvents", events);
	}
	return xstrdup(call_json_text(o));
}
