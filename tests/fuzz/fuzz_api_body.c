/* SPDX-License-Identifier: Apache-2.0 */
/* links: run */
/*
 * Bodies of requests that change something: refused with a reason, or read; and what was read,
 * written as JSON, is read as the same. The first byte says of which request it is.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "controller/run_body.h"
#include "specs/findings.h"
#include "specs/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1 << 20 };

static void assert_refused(int r, const struct error *err)
{
	assert(r == -ERR_INVALID && err->code == ERR_INVALID && err->msg[0]);
	assert(!strchr(err->msg, '\n'));
}

static struct api_request request_of(const struct buf *body, const char *type)
{
	return (struct api_request){ .method = "POST",
				     .target = "/v1/apply",
				     .body = body->data,
				     .n_body = body->n,
				     .content_type = type };
}

/* As the daemon does with it: any file gets an answer, never more. */
static void parse_file(const struct run_body_file *f)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct deployment *d = NULL;
	struct findings findings;
	struct error unused = ERROR_INIT;
	const char *bytes = arena_strndup(a, f->bytes, f->n);

	findings_init(&findings, a, f->source ? f->source : "<api>");
	if (parse_deployment(bytes, f->n, a, &findings, &d, &unused) == 0 && !findings.n_errors)
		assert(d && d->name && *d->name);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_again(const struct run_body_file *first)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct buf text CLEAN(buf) = BUF_INIT(16 * MAX_BYTES);
	struct run_body_file again;
	struct api_request rq;

	json_put_obj(o, "env", json_object_get(first->env));
	json_put_str(o, "source", first->source);
	json_put_str(o, "file", first->bytes);
	json_canonical(o, &text);
	rq = request_of(&text, "application/json");
	assert(run_body_file(&rq, &again, NULL) == 0);
	assert(again.n == first->n && is_same(again.bytes, first->bytes));
	assert(is_same(again.source, first->source) && !again.env == !first->env);
	run_body_file_done(&again);
}

static void check_file(const struct buf *body, const char *type)
{
	struct api_request rq = request_of(body, type);
	struct run_body_file f = { 0 };
	struct error err = ERROR_INIT;
	int r = run_body_file(&rq, &f, &err);

	if (r < 0) {
		assert_refused(r, &err);
		return;
	}
	parse_file(&f);
	if (f.body) {
		assert(strlen(f.bytes) == f.n);
		check_again(&f);
	} else {
		assert(f.bytes == rq.body && f.n == rq.n_body && !f.source && !f.env);
	}
	run_body_file_done(&f);
}

typedef int read_fn(const struct api_request *rq, struct arena *a, struct run_body_names *ret,
		    struct error *err);

static void check_names(const struct buf *body, read_fn *read, const char *key)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct buf text CLEAN(buf) = BUF_INIT(16 * MAX_BYTES);
	struct api_request rq = request_of(body, NULL);
	struct run_body_names first, again;
	struct error err = ERROR_INIT;
	int r = read(&rq, a, &first, &err);

	json_put_obj(o, key, list);
	if (r < 0) {
		assert_refused(r, &err);
		return;
	}
	assert(first.is_all || first.n > 0);
	for (size_t i = 0; i < first.n; i++)
		json_object_array_add(list, json_object_new_string(first.items[i]));
	if (first.is_all)
		json_put_bool(o, "all", true);
	json_canonical(o, &text);
	rq = request_of(&text, NULL);
	assert(read(&rq, a, &again, NULL) == 0);
	assert(again.n == first.n && again.is_all == first.is_all);
	for (size_t i = 0; i < first.n; i++)
		assert(strcmp(again.items[i], first.items[i]) == 0);
}

static void check_word(const struct buf *body, const char *key)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct api_request rq = request_of(body, NULL);
	struct error err = ERROR_INIT;
	const char *word = NULL;
	int r = run_body_word(&rq, key, a, &word, &err);

	if (r < 0)
		assert_refused(r, &err);
	else
		assert(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf body CLEAN(buf) = BUF_INIT(MAX_BYTES);

	if (size == 0 || size > MAX_BYTES / 2)
		return 0;
	buf_add(&body, data + 1, size - 1);
	buf_add(&body, "", 0);
	switch (data[0]) {
	case 'f':
		check_file(&body, "application/yaml");
		break;
	case 'j':
		check_file(&body, "application/json; charset=utf-8");
		break;
	case 'd':
		check_names(&body, run_body_deployments, "deployments");
		break;
	case 't':
		check_names(&body, run_body_targets, "targets");
		break;
	case 'w':
		check_word(&body, "plan");
		break;
	}
	return 0;
}
