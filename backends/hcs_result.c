/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks HRESULTs up and turns them into errors: the only place between the service and the rest of
 * the program that knows their numbers. Documents come from outside: one that cannot be read adds
 * nothing to the error, and never hides it.
 */
#include "backends/hcs_result.h"

#include "backends/hcs_text.h"
#include "base/json.h"

enum { MAX_DOCUMENT = 1 << 20 };

struct row {
	HRESULT value;
	enum hcs_outcome outcome;
	enum error_code code;
	const char *name;
};

static const struct row rows[] = {
#define X(name, value, outcome, code) { name, HCS_##outcome, code, #name },
	HCS_RESULTS(X)
#undef X
};

HRESULT hcs_result_normal(HRESULT hr)
{
	uint32_t u = (uint32_t)hr;

	return (HRESULT)((u & 0xFFFF0000) == 0xC0370000 ? 0x80370000 | (u & 0xFFFF) : u);
}

bool hcs_result_is(HRESULT hr, HRESULT code)
{
	return hcs_result_normal(hr) == hcs_result_normal(code);
}

static const struct row *find(HRESULT hr)
{
	HRESULT value = hcs_result_normal(hr);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value == value)
			return &rows[i];
	return NULL;
}

enum hcs_outcome hcs_result_outcome(HRESULT hr)
{
	const struct row *row = find(hr);

	if (!hcs_result_failed(hr))
		return HCS_DONE;
	return row ? row->outcome : HCS_FAILED;
}

enum error_code hcs_result_code(HRESULT hr)
{
	const struct row *row = find(hr);

	if (!hcs_result_failed(hr))
		return ERR_OK;
	return row ? row->code : ERR_IO;
}

const char *hcs_result_name(HRESULT hr)
{
	const struct row *row = find(hr);

	if (hr == S_OK)
		return "S_OK";
	return row ? row->name : "an unknown code";
}

/* The document as a value; NULL when there is none, or none that can be read. */
static struct json_object *parse(PCWSTR document)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_DOCUMENT);
	struct json_object *o = NULL;

	if (!document || hcs_text_from_utf16(document, &text, NULL) < 0 ||
	    json_parse(text.data, text.n, &o, NULL) < 0)
		return NULL;
	return o;
}

/* A bare Windows code, 1..0xffff, in the HRESULT it belongs into. */
static HRESULT from_number(int64_t n)
{
	return (HRESULT)(uint32_t)(n > 0 && n <= 0xFFFF ? 0x80070000 | n : n);
}

HRESULT hcs_result_document(PCWSTR document)
{
	struct json_object *o CLEAN(json) = parse(document);
	int64_t number = 0;
	bool success = true;

	if (!json_object_is_type(o, json_type_object))
		return S_OK;
	if (json_get_i64(o, "ErrorCode", &number, NULL) != 0)
		(void)json_get_i64(o, "Error", &number, NULL); /* text in an error record */
	if (hcs_result_failed(from_number(number)))
		return hcs_result_normal(from_number(number));
	if (json_get_bool(o, "Success", &success, NULL) == 0 && !success)
		return E_FAIL;
	return S_OK;
}

static void add_sentence(struct buf *to, struct json_object *o, const char *key)
{
	const char *text = NULL;
	size_t n;

	if (json_get_str(o, key, &text, NULL) != 0)
		return;
	n = strlen(text);
	while (n > 0 && strchr(" .\r\n", text[n - 1])) /* the service ends its sentences */
		n--;
	if (n > 0)
		buf_printf(to, ": %.*s", (int)n, text);
}

static void add_reason(struct buf *to, PCWSTR document)
{
	struct json_object *o CLEAN(json) = parse(document);
	struct json_object *events = NULL;

	if (!json_object_is_type(o, json_type_object))
		return;
	add_sentence(to, o, "ErrorMessage");
	add_sentence(to, o, "Error"); /* a number in a ResultError: adds nothing then */
	if (json_get_array(o, "ErrorEvents", &events, NULL) != 0)
		return;
	for (size_t i = 0; i < json_object_array_length(events); i++)
		add_sentence(to, json_object_array_get_idx(events, i), "Message");
}

int hcs_result_error(struct error *err, HRESULT hr, PCWSTR document, const char *fmt, ...)
{
	enum error_code code = hcs_result_failed(hr) ? hcs_result_code(hr) : ERR_IO;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_DOCUMENT);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_printf(&text, ": %s (0x%08x)", hcs_result_name(hr), (unsigned)hr);
	add_reason(&text, document);
	return error_set(err, code, hr, "%s", text.data);
}
