/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Output: what commands print. Results go to stdout through a buffer, everything else
 * (errors, warnings, notes) to stderr at once. A reader who has left is no error, a full
 * disk is one; both are known at the next output_flush().
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

struct output;

struct output_options {
	int out_fd, err_fd;
	bool is_json;     /* stdout gets one document; an error before it becomes the document */
	bool has_color;   /* stderr may be coloured: a terminal, and no NO_COLOR */
	bool is_terminal; /* stderr is one, and can rewrite a line */
};

struct output *output_new(const struct output_options *o);
void output_free(struct output *out); /* does not flush; NULL is fine */
CLEAN_DEFINE(output, struct output *, output_free)

/* Whether stdout gets one JSON document; its descriptor. */
bool output_is_json(const struct output *out);
int output_fd(const struct output *out);
/* Whether stderr is a terminal that can rewrite a line. */
bool output_is_terminal(const struct output *out);

/* To stdout. */
void output_puts(struct output *out, const char *text);
void output_bytes(struct output *out, const void *p, size_t n);
void output_printf(struct output *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** output_schema() - a new document with `schema`: "tallyman.<what>.v1" as its first member */
struct json_object *output_schema(const char *what);

/** output_json() - print @take as the document, on lines for people; released */
void output_json(struct output *out, struct json_object *take);

/** output_json_line() - print @take on one line, for streams (--follow); released */
void output_json_line(struct output *out, struct json_object *take);

/** output_bare() - stdout is no document of ours: an error leaves it empty */
void output_bare(struct output *out);

/**
 * output_flush() - write what is in the buffer
 *
 * Return: 0; OUTPUT_CLOSED (> 0): nobody reads any more, stop; -ERR_IO.
 */
enum { OUTPUT_CLOSED = 1 };
int output_flush(struct output *out, struct error *err);

/* To stderr, each a line of its own. stdout is flushed before, so that the order is true. */
void output_warn(struct output *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void output_note(struct output *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** output_complain() - one error of several, with its hint (NULL: none); never the document */
void output_complain(struct output *out, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * output_live() - a line at the bottom of stderr that the next one replaces
 * @text: cut to the terminal's width; NULL: take the line away
 *
 * Whatever else is printed goes above it.
 */
void output_live(struct output *out, const char *text);

/** output_raw() - text to stderr as it is */
void output_raw(struct output *out, const char *text);

/** output_error_document() - `tallyman.error.v1`, for who has more to say than output_error() */
struct json_object *output_error_document(const struct error *err);

/**
 * output_error() - `tallyman: error: MESSAGE` and `hint: ...`
 *
 * With is_json, and no document printed yet, stdout gets `tallyman.error.v1`.
 */
void output_error(struct output *out, const struct error *err);
